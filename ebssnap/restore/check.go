package restore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opskit-go/opskit"
)

// Copy is a restored copy of a volume. Source is required.
type Copy struct {
	Source string // a block device, or a file with the image of one
	// Replay replays the filesystem's log before the check, as a mount after a crash does. That
	// writes to the copy. Zero: the log is left aside and the copy is not written.
	Replay bool
	// Directory is where the private mount point is made. Zero: the directory for temporary files.
	Directory string
}

// Invariant tells whether the data below dir is what it must be: nil if it is. It must return when
// ctx ends, and close what it opened.
type Invariant func(ctx context.Context, dir string) error

// Check mounts copy read-only at a private place, runs invariant on it in the calling goroutine,
// and unmounts it, also when invariant panics. It blocks as long as invariant does, and is safe for
// concurrent use on different copies.
//
// The error is nil if the question was answered: the verdict says how. Errors match ErrUsage,
// ErrUnknownFilesystem, ErrInUse, ErrSameFilesystem, ErrStillMounted, ebssnap.ErrPermission and
// errors.ErrUnsupported, inside an *ebssnap.Error. Once the copy was looked at the Result is not
// nil.
func Check(ctx context.Context, copied Copy, invariant Invariant) (*Result, error) {
	if copied.Source == "" || invariant == nil {
		return nil, &opskit.Error{Op: "check copy", Target: copied.Source, Err: fmt.Errorf("%w: a source and an invariant are needed", ErrUsage)}
	}
	r := &Result{Evidence: Evidence{Source: copied.Source, Started: time.Now().UTC(), Replay: copied.Replay}}
	err := check(ctx, copied, invariant, &r.Evidence)
	r.Judge()
	if err != nil {
		return r, &opskit.Error{Op: "check copy", Target: copied.Source, Err: err}
	}
	return r, nil
}

// ask runs the invariant on the mounted copy and notes what it said.
func ask(ctx context.Context, dir string, invariant Invariant, e *Evidence) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	began := time.Now()
	err := invariant(ctx, dir)
	e.Took = max(time.Since(began), 1)
	if err == nil {
		e.Asked = true
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	e.Asked, e.Violation = true, err.Error()
	return nil
}
