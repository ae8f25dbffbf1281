//go:build linux && !opskit_portable && !amd64 && !arm64

package guard

import (
	"errors"
	"fmt"
	"runtime"
)

// Program returns nil: no guard is built for this processor.
func Program() []byte { return nil }

func openMemory() (path string, closeProgram func(), err error) {
	return "", nil, fmt.Errorf("no guard is built for %s: %w", runtime.GOARCH, errors.ErrUnsupported)
}

func openFile(string) (path string, closeProgram func(), err error) { return openMemory() }
