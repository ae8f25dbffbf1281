//go:build !linux || opskit_portable

package whoislookup_test

import "time"

// cpuTime is not known here, so no stall can be proved.
func cpuTime() time.Duration { return -1 }
