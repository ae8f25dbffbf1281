//go:build !opskit_portable

package program

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Terminal reports whether w is a terminal, so that a person watches: what has
// line settings (tcgetattr(3)), which other devices, /dev/null too, have not.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var none error
	err = conn.Control(func(fd uintptr) { _, none = unix.IoctlGetTermios(int(fd), unix.TCGETS) })
	return err == nil && none == nil
}
