//go:build !linux || opskit_portable

package procstate

import "time"

// schedClock is only to be had on a running Linux.
type schedClock struct{}

func newSchedClock(*root) *schedClock { return &schedClock{} }

func (c *schedClock) since(*task, int) (least, more time.Duration, ok bool) { return 0, 0, false }
