//go:build !linux || opskit_portable

package procstate

import (
	"context"
	"errors"
	"time"

	"github.com/opskit-go/opskit"
)

// What only a running Linux has.

// Apply needs pidfds, which only Linux has: here it does nothing and the error
// matches errors.ErrUnsupported.
func (p Plan) Apply(context.Context) (*Outcome, error) {
	outcome := &Outcome{Parent: p.Parent.ID, Left: p.Zombies, Unseen: p.Unseen}
	outcome.Judge()
	return outcome, &opskit.Error{Op: "apply plan", Err: errors.ErrUnsupported}
}

func canApply() opskit.Capability { return unsupported("apply", errors.ErrUnsupported) }

// bootTicks is unknown where start times come from a copy of /proc.
func bootTicks() uint64 { return 0 }

type schedClock struct{}

func newSchedClock(*root) *schedClock { return &schedClock{} }

func (c *schedClock) since(*task, int) (least, more time.Duration, ok bool) { return 0, 0, false }
