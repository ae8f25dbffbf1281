//go:build !linux || opskit_portable

package procstate

import (
	"context"
	"errors"
)

// Apply needs pidfds, which only Linux has: here it does nothing and the error
// matches errors.ErrUnsupported.
func (p Plan) Apply(context.Context) (*Outcome, error) {
	outcome := &Outcome{Parent: p.Parent.ID, Left: p.Zombies, Unseen: p.Unseen}
	outcome.Verdict = outcome.Judge()
	return outcome, &Error{Op: "apply plan", Err: errors.ErrUnsupported}
}
