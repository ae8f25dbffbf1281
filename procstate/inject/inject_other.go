//go:build !linux || opskit_portable || (!amd64 && !arm64)

package inject

import (
	"context"
	"errors"
)

func (in Injector) prepare(_ context.Context, parent Parent) (Plan, error) {
	return Plan{}, &Error{Op: "prepare", PID: parent.PID, Err: errors.ErrUnsupported}
}

func (in Injector) apply(_ context.Context, plan Plan) (Result, error) {
	return Result{}, &Error{Op: "apply", PID: plan.Parent.PID, Err: errors.ErrUnsupported}
}
