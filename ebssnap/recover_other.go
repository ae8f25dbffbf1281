//go:build !linux || opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/opskit-go/opskit"
)

func recoverPlan(context.Context, []string, bool) (*Recovery, error) {
	return nil, &opskit.Error{Op: "recover", Err: fmt.Errorf("%w on %s", errors.ErrUnsupported, runtime.GOOS)}
}

func (r *Recovery) apply(context.Context) error {
	return &opskit.Error{Op: "recover", Err: fmt.Errorf("%w on %s", errors.ErrUnsupported, runtime.GOOS)}
}
