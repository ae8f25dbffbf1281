//go:build linux && !opskit_portable

package guard

import (
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestStartsAsAFileInABusyProgram: a program that starts children all the time leaves the guard's
// file open for writing in them for an instant, and then it cannot be executed.
func TestStartsAsAFileInABusyProgram(t *testing.T) {
	dir := openDir(t, t.TempDir())
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = exec.Command("/bin/true").Run()
				}
			}
		})
	}
	for range 60 {
		path, remove, err := openFile("/dev/shm")
		require.NoError(t, err)
		g := &Guard{}
		err = g.exec(path, []uintptr{dir.Fd(), dir.Fd()}) // it ends at once: that is no page
		remove()
		require.NoError(t, err)
		g.reap()
		require.NoError(t, unix.Close(g.pidfd))
	}
	close(stop)
	all.Wait()
}
