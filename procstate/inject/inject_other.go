//go:build !linux || opskit_portable || (!amd64 && !arm64)

package inject

import (
	"context"
	"errors"

	"github.com/opskit-go/opskit/procstate"
)

func (in Injector) prepare(_ context.Context, parent procstate.ID) (Plan, error) {
	return Plan{}, failed("prepare", parent.PID, errors.ErrUnsupported)
}

func (in Injector) apply(_ context.Context, plan Plan) (Result, error) {
	return Result{}, failed("apply", plan.Parent.PID, errors.ErrUnsupported)
}
