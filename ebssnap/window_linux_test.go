//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

const fifreeze, fithaw = 0xC0045877, 0xC0045878 // include/uapi/linux/fs.h

// TestBarFrozenWindow compares how long Consistent stops writers, less the time of the request,
// with nothing but FIFREEZE and FITHAW in the same run. Cycles alternate, with a pause before each:
// a freeze right after a thaw takes a tenth of the time. A single one takes 23 to 60 ms, as the
// kernel's grace periods fall: full size judges many cycles once, CI looks at few, and at more
// where those are too far apart.
func TestBarFrozenWindow(t *testing.T) {
	lab.Need(t, "root")
	types, looks, dirty := filesystems(), []int{11, 33, 99}, 256
	switch lab.Bars() {
	case lab.Small:
		types, looks, dirty = types[:1], []int{1}, 1
	case lab.Full:
		looks, dirty = []int{45}, 768
	}
	if lab.Bars() != lab.Small { // some kernels boot with expedited grace periods: then the pauses change nothing
		lab.Setting(t, "/sys/kernel/rcu_expedited", "0")
		lab.Setting(t, "/sys/kernel/rcu_normal", "0")
	}
	const latency = 10 * time.Millisecond
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, dirty+512)
			var floor, window []time.Duration
			apart := func() bool { return float64(median(window)) > 1.3*float64(median(floor)) }
			for _, cycles := range looks {
				for i := len(window); i < cycles; i++ {
					rest()
					floor = append(floor, rawCycle(t, fs.Dir))
					if i%5 == 0 {
						makeDirty(t, fs.Dir, dirty)
					}
					rest()
					cloud := &ebssnaptest.Cloud{Latency: latency}
					result, err := ebssnap.Consistent(t.Context(), volume(cloud), &ebssnap.FS{Mounts: []string{fs.Dir}}, 10*time.Second)
					require.NoError(t, err)
					window = append(window, result.Timing.Stopped-result.Timing.Work)
				}
				if !apart() {
					break
				}
			}
			if lab.Bars() != lab.Small && !lab.Race {
				require.False(t, apart(), "floor %v\nwindow %v", floor, window)
			}
			low, high := median(floor), median(window)
			lab.BarTiming(t, "frozen window "+fstype, "%.1f ms, %.2f of the floor of %.1f ms, after %d MiB were written", float64(high)/1e6, float64(high)/float64(low), float64(low)/1e6, dirty)
		})
	}
}

// TestBarGuardCost compares the same two where the kernel's grace periods are expedited, so that
// little else than guard and canary is left: pairs, in turns, by the median of their differences.
func TestBarGuardCost(t *testing.T) {
	lab.Need(t, "root")
	types, pairs := filesystems(), 99
	if lab.Bars() != lab.Full {
		types, pairs = types[:1], map[lab.Size]int{lab.Small: 1, lab.CI: 33}[lab.Bars()]
	}
	if lab.Bars() != lab.Small {
		lab.Setting(t, "/sys/kernel/rcu_expedited", "1")
		lab.Setting(t, "/sys/kernel/rcu_normal", "0")
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 512)
			var raw, more []time.Duration
			for range pairs {
				rest()
				raw = append(raw, rawCycle(t, fs.Dir))
				rest()
				result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnap.FS{Mounts: []string{fs.Dir}}, 10*time.Second)
				require.NoError(t, err)
				more = append(more, result.Timing.Stopped-result.Timing.Work-raw[len(raw)-1])
			}
			if lab.Bars() != lab.Small && !lab.Race {
				require.LessOrEqual(t, median(more), max(3*time.Millisecond, 2*median(raw)), "%v\n%v", raw, more)
			}
			lab.BarTiming(t, "guard cost "+fstype, "%.2f ms more than a raw pair of %.2f ms, median of %d", float64(median(more))/1e6, float64(median(raw))/1e6, pairs)
		})
	}
}

func median(list []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

// rest lets the kernel's grace periods expire.
func rest() {
	timer := time.NewTimer(60 * time.Millisecond)
	<-timer.C
}

// rawCycle returns how long FIFREEZE and FITHAW take.
func rawCycle(t *testing.T, dir string) time.Duration {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Syncfs(fd))
	began := time.Now()
	require.NoError(t, unix.IoctlSetInt(fd, fifreeze, 0))
	err = unix.IoctlSetInt(fd, fithaw, 0)
	took := time.Since(began)
	require.NoError(t, err)
	return took
}

// makeDirty leaves mib MiB in the page cache that are not on the device.
func makeDirty(t *testing.T, dir string, mib int) {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, "dirty"))
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * 7)
	}
	for range mib {
		_, err := file.Write(block)
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
}

// TestBudgetIncludesTheFreeze makes FIFREEZE wait past the budget, by freezing the filesystem that
// holds the image.
func TestBudgetIncludesTheFreeze(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "program:fsfreeze")
	outer := lab.LoopFS(t, "ext4", 128)
	image, dir := filepath.Join(outer.Dir, "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, dir).Run())
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", dir).Run()) })
	const budget, late = time.Second, 1400 * time.Millisecond
	released := make(chan bool, 1)
	below := ebssnap.Hook{Name: "the filesystem below", Stop: func(context.Context) error {
		if err := os.WriteFile(filepath.Join(dir, "dirty"), make([]byte, 4<<20), 0o600); err != nil {
			return err
		}
		err := exec.Command("fsfreeze", "-f", outer.Dir).Run()
		time.AfterFunc(late, func() { released <- outer.Thaw() })
		return err
	}}
	timing, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(below, &ebssnap.FS{Mounts: []string{dir}}), budget, func(context.Context) error {
		t.Error("work ran")
		return nil
	})
	require.True(t, <-released)
	require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
	require.Greater(t, timing.Stopped, late, "returns only when FIFREEZE has ended")
	require.True(t, writable(t, dir))
}
