//go:build linux && !opskit_portable

package ipsec

import (
	"io/fs"
	"os"
)

// hostProc is the /proc of this host.
func hostProc() (fs.FS, error) { return os.DirFS("/proc"), nil }
