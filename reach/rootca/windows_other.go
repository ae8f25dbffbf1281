//go:build !windows || opskit_portable

package rootca

import (
	"errors"
	"runtime"

	"github.com/opskit-go/opskit"
)

// nativeStore is for systems whose store is no file.
func (r *Report) nativeStore() error {
	if runtime.GOOS != "windows" {
		return nil
	}
	r.gap("the system's store", "it is no file", "certutil -store root")
	return &opskit.Error{Op: "scan", Target: "system store", Err: errors.ErrUnsupported}
}
