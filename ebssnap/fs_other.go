//go:build !linux || opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/opskit-go/opskit"
)

// Prepare returns an error that matches errors.ErrUnsupported: freezing is a call of the Linux
// kernel.
func (f *FS) Prepare(context.Context) (Prepared, error) {
	return nil, &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w on %s", errors.ErrUnsupported, runtime.GOOS)}
}

func capabilities() []opskit.Capability {
	why := "freezing is a call of the Linux kernel; this is " + runtime.GOOS
	return []opskit.Capability{{Name: "freeze", Why: why}, {Name: "guard", Why: why}, {Name: "mounts", Why: why}}
}

// Check tells that nothing can be frozen here.
func (f *FS) Check(context.Context, []string) ([]opskit.Capability, []opskit.Gap) {
	return capabilities(), nil
}
