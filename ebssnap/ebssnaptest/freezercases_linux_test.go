//go:build linux && !opskit_portable

package ebssnaptest_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/internal/lab"
)

// stopped looks whether a new file can be made in dir; the attempt that hangs ends with the thaw.
func stopped(dir string) func() bool {
	return func() bool {
		made := make(chan error, 1)
		go func() {
			file, err := os.CreateTemp(dir, "probe-")
			if err == nil {
				file.Close()
				err = os.Remove(file.Name())
			}
			made <- err
		}()
		timer := time.NewTimer(500 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-made:
			return false
		case <-timer.C:
			return true
		}
	}
}

func TestFSConforms(t *testing.T) {
	lab.Need(t, "root")
	types := []string{"ext4", "xfs", "btrfs"}
	if lab.Bars() == lab.Small {
		types = types[:1]
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			missing := filepath.Join(fs.Dir, "missing")
			conforms(t, Subject{
				New: func() ebssnap.Freezer { return &ebssnap.FS{Mounts: []string{fs.Dir}} },
				Failing: func() ebssnap.Freezer {
					return ebssnap.Freezers(&ebssnap.FS{Mounts: []string{fs.Dir}}, &ebssnap.FS{Mounts: []string{missing}})
				},
				Stopped: stopped(fs.Dir),
				Alone:   true,
			})
		})
	}
}
