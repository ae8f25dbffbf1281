//go:build !linux || opskit_portable

package ipsec

import (
	"errors"
	"fmt"
	"io/fs"
)

// hostProc is the /proc of this host.
func hostProc() (fs.FS, error) {
	return nil, fmt.Errorf("read /proc: %w", errors.ErrUnsupported)
}
