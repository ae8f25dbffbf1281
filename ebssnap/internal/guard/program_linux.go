//go:build linux && !opskit_portable && (amd64 || arm64)

package guard

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mfdExec asks for an executable memfd where the kernel (6.3 and later) would otherwise choose by a
// sysctl.
const mfdExec = 0x10

// Program returns the guard's program: what a process that is one executes.
func Program() []byte { return program }

// openMemory puts the guard's program into a memfd and returns the path to execute it by.
func openMemory() (path string, closeProgram func(), err error) {
	fd, err := unix.MemfdCreate("ebssnap-guard", unix.MFD_CLOEXEC|mfdExec)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("ebssnap-guard", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return "", nil, fmt.Errorf("create memfd: %w", err)
	}
	if _, err := unix.Write(fd, program); err != nil {
		unix.Close(fd)
		return "", nil, fmt.Errorf("write memfd: %w", err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), func() { unix.Close(fd) }, nil
}

// openFile puts the guard's program into a file of its own, for hosts that refuse to execute a
// memfd.
func openFile(dir string) (path string, closeProgram func(), err error) {
	file, err := os.CreateTemp(dir, "ebssnap-guard-")
	if err != nil {
		return "", nil, err
	}
	remove := func() { _ = os.Remove(file.Name()) }
	_, err = file.Write(program)
	err = errors.Join(err, file.Chmod(0o700), file.Close())
	if err != nil {
		remove()
		return "", nil, err
	}
	return file.Name(), remove, nil
}
