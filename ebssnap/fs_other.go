//go:build !linux || opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// Prepare returns an error that matches errors.ErrUnsupported: freezing is a call of the Linux kernel.
func (f *FS) Prepare(context.Context) (Prepared, error) {
	return nil, &Error{Op: "freeze", Err: fmt.Errorf("%w on %s", errors.ErrUnsupported, runtime.GOOS)}
}

func capabilities() []Capability {
	why := "freezing is a call of the Linux kernel; this is " + runtime.GOOS
	return []Capability{{Name: "freeze", Why: why}, {Name: "guard", Why: why}, {Name: "mounts", Why: why}}
}

// Check tells that nothing can be frozen here.
func (f *FS) Check(context.Context, []string) []Capability { return capabilities() }
