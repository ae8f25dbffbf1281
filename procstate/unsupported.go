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

type iterators struct{}

func (*iterators) close() error { return nil }

// iterator is never loaded here.
type iterator struct{}

func (s *Scanner) choose(bool) (it *iterator, why string) {
	if s.Source == SourceProcFS || s.Source == "" {
		return nil, ""
	}
	return nil, "only Linux has the BPF source"
}

func (it *iterator) processes(context.Context, func(Process, error) bool) error { return nil }

func (r *root) iterateTasks(context.Context, *iterator, func(task, error) bool) error { return nil }
