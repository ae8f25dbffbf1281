package inject

import (
	"context"
	"time"

	"github.com/opskit-go/opskit/procstate"
)

// Defaults that the zero value of [Injector] stands for.
const (
	// DefaultSettle is how long a child must stay dead to be in a plan.
	DefaultSettle = time.Second
	// DefaultMaxStop is the longest time that the parent is stopped at once.
	DefaultMaxStop = 20 * time.Millisecond
	// DefaultRest is the least time that the parent runs between two stops.
	DefaultRest = 10 * time.Millisecond
)

// Injector says how a parent is made to reap. The zero value works. It may be
// used by several goroutines at once for different parents.
type Injector struct {
	// Settle is how long Prepare watches: only children that are dead at its
	// begin and at its end are in the plan, so that none is which the parent is
	// about to wait for. 0 means DefaultSettle, below 0 a single look.
	Settle time.Duration

	// MaxStop is how long the parent is stopped at once; 0 means
	// DefaultMaxStop. What is left then is done in another stop, after Rest.
	// One injected call, some 20 to 40 µs, may exceed it, and so does time
	// that the processor is not given.
	MaxStop time.Duration

	// Rest is the time between two stops; 0 means DefaultRest.
	Rest time.Duration
}

// Prepare looks at a parent and plans to make it reap its dead children. It
// changes nothing and does not stop the parent: it reads /proc for as long as
// Settle says. The error matches ErrRefused if the parent is not certain to be
// safe, errors.ErrUnsupported on another system than Linux on amd64 or arm64.
func (in Injector) Prepare(ctx context.Context, parent procstate.ID) (Plan, error) {
	return in.prepare(ctx, parent)
}

// Apply carries out a plan: it stops one thread of the parent, makes it call
// wait4(2) for each zombie of the plan, and lets it go on where it was. It looks
// at everything again before each stop. The Result tells what was done, also
// beside an error: ctx that ended, a parent that died meanwhile, or one that is
// refused (ErrRefused), which was then not touched any further.
//
// The parent is released when Apply returns, whatever happened. Apply blocks for
// the stops and rests, two seconds for a parent that does not stop, and where
// the machine gives a stopped parent no time to be put back, up to ten seconds
// for that, whatever ctx says.
func (in Injector) Apply(ctx context.Context, plan Plan) (Result, error) {
	return in.apply(ctx, plan)
}

func (in Injector) settle() time.Duration  { return orDefault(in.Settle, DefaultSettle) }
func (in Injector) maxStop() time.Duration { return orDefault(in.MaxStop, DefaultMaxStop) }
func (in Injector) rest() time.Duration    { return orDefault(in.Rest, DefaultRest) }

// orDefault turns 0 into the default and what is below into 0.
func orDefault(d, standard time.Duration) time.Duration {
	if d == 0 {
		return standard
	}
	return max(d, 0)
}
