//go:build !linux || opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

func findLeftovers(context.Context, []string) (*Recovery, error) {
	return nil, &Error{Op: "recover", Err: fmt.Errorf("%w on %s", errors.ErrUnsupported, runtime.GOOS)}
}

func (r *Recovery) apply(context.Context, bool) error {
	return &Error{Op: "recover", Err: fmt.Errorf("%w on %s", errors.ErrUnsupported, runtime.GOOS)}
}
