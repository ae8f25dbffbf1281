//go:build linux && !opskit_portable && !amd64 && !arm64

package guard

import (
	"errors"
	"fmt"
	"runtime"
)

func openMemory() (path string, closeProgram func(), err error) {
	return "", nil, fmt.Errorf("no guard is built for %s: %w", runtime.GOARCH, errors.ErrUnsupported)
}

func openFile(string) (path string, closeProgram func(), err error) { return openMemory() }
