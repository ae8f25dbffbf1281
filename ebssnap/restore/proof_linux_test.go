//go:build linux && !opskit_portable

package restore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/restore"
	"github.com/opskit-go/opskit/internal/lab"
)

// clones is a cloud whose volumes are files: a snapshot is a clone of the file by FICLONE, which
// takes all of it at one instant, as EBS does.
type clones struct {
	image, clone string
	done         *atomic.Uint64 // how far the application is
	told         uint64         // how far it was just before the snapshot
	held         bool           // it stood still from then until just after the snapshot
	tags         map[string]string
}

func (c *clones) Create(_ context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if r.DryRun {
		return nil, nil
	}
	c.told = c.done.Load()
	if err := ficlone(c.clone, c.image); err != nil {
		return nil, errors.Join(err, ebssnap.ErrNotCreated)
	}
	c.held = c.done.Load() == c.told
	c.tags = maps.Clone(r.Tags)
	return []ebssnap.Snapshot{{ID: c.clone, Volume: r.Volumes[0], State: "completed", Started: time.Now().UTC(), Tags: r.Tags}}, nil
}

func (c *clones) Find(context.Context, ebssnap.Query) ([]ebssnap.Snapshot, error) { return nil, nil }

func (c *clones) Tag(_ context.Context, _ []string, tags map[string]string) error {
	maps.Copy(c.tags, tags)
	return nil
}

func ficlone(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	defer target.Close()
	return unix.IoctlFileClone(int(target.Fd()), int(source.Fd()))
}

// volume is a filesystem in a file that can be cloned, mounted, with the application writing to it.
type volume struct {
	fstype, dir, image, clone string
	done                      *atomic.Uint64
}

func newVolume(t *testing.T, fstype string) *volume {
	t.Helper()
	outer := lab.LoopFS(t, "xfs", 1536)
	v := &volume{fstype: fstype, dir: filepath.Join(t.TempDir(), "data"), image: filepath.Join(outer.Dir, "volume"), clone: filepath.Join(outer.Dir, "snapshot")}
	require.NoError(t, os.Mkdir(v.dir, 0o700))
	require.NoError(t, os.WriteFile(v.image, nil, 0o600))
	require.NoError(t, os.Truncate(v.image, map[string]int64{"ext4": 192, "xfs": 320, "btrfs": 256}[fstype]<<20))
	run(t, "mkfs."+fstype, "-q", v.image)
	run(t, "mount", "-o", "loop", v.image, v.dir)
	t.Cleanup(func() { run(t, "umount", v.dir) }) // after the writer has ended
	v.done = startWriter(t, v.dir)
	return v
}

func run(t *testing.T, argv ...string) {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	require.NoError(t, err, "%v: %s", argv, out)
}

// snapshot takes one snapshot under freezer and returns the verdict on it and what is wrong with
// the restored copy, without its log and with it.
func (v *volume) snapshot(t *testing.T, freezer ebssnap.Freezer) (verdict ebssnap.Verdict, held bool, without, with string) {
	t.Helper()
	defer func() { require.NoError(t, os.Remove(v.clone)) }()
	cloud := &clones{image: v.image, clone: v.clone, done: v.done}
	result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0a"}}, freezer, 20*time.Second)
	require.NoError(t, err)
	if _, frozen := freezer.(*ebssnap.FS); frozen {
		v.fsck(t)
	}
	if v.fstype == "btrfs" { // two filesystems with one ID cannot be told apart
		run(t, "btrfstune", "-f", "-u", v.clone)
	}
	without = v.check(t, cloud.told, false)
	with = v.check(t, cloud.told, true)
	return result.Verdict, cloud.held, without, with
}

// fsck asks the filesystem's own program, which must find a frozen copy clean without its log.
// xfs_repair does not: a freeze leaves a record in the log of xfs by design.
func (v *volume) fsck(t *testing.T) {
	t.Helper()
	switch v.fstype {
	case "ext4":
		run(t, "e2fsck", "-f", "-n", v.clone)
	case "btrfs":
		run(t, "btrfs", "check", "--readonly", v.clone)
	}
}

// check restores the clone and returns what is wrong with it.
func (v *volume) check(t *testing.T, told uint64, replay bool) string {
	t.Helper()
	result, err := restore.Check(t.Context(), restore.Copy{Source: v.clone, Replay: replay}, intact(told))
	require.NoError(t, err)
	if result.Verdict == restore.VerdictHolds {
		return ""
	}
	return fmt.Sprint(result.Verdict, ": ", result.Reason)
}

// TestBarRestoredCopies takes snapshots while an application writes without ever syncing, restores
// each and checks it. Frozen, every copy must be whole, already without its log. The same harness
// with a freezer that freezes nothing must find copies that are not, or it would prove nothing.
func TestBarRestoredCopies(t *testing.T) {
	lab.Need(t, "root", "loop", "xfs")
	types, frozen, free := []string{"ext4", "xfs", "btrfs"}, 2, 2
	switch lab.Bars() {
	case lab.Small:
		types, frozen, free = types[:1], 1, 1
	case lab.Full:
		frozen, free = 100, 100
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			lab.Need(t, fstype)
			v := newVolume(t, fstype)
			whole, broken := 0, 0
			for range frozen {
				someTime(t)
				verdict, held, without, with := v.snapshot(t, &ebssnap.FS{Mounts: []string{v.dir}})
				require.Equal(t, ebssnap.VerdictConsistent, verdict)
				assert.True(t, held, "the application went on while frozen")
				if without == "" && with == "" {
					whole++
					continue
				}
				t.Errorf("a frozen copy is not whole; without its log: %s; with it: %s", without, with)
			}
			example := ""
			for range free {
				someTime(t)
				if _, _, _, with := v.snapshot(t, &ebssnaptest.Freezer{}); with != "" {
					broken++
					example = with
				}
			}
			require.Equal(t, frozen, whole)
			require.Positive(t, broken, "the harness finds nothing without a freeze: it proves nothing")
			if example != "" {
				t.Logf("without a freeze, for example: %s", example)
			}
			lab.Bar(t, "restored copies "+fstype, "%d of %d frozen copies whole without their log and with it; of %d not frozen %d broken even with it; %d records written", whole, frozen, free, broken, v.done.Load())
		})
	}
}

// someTime waits for no particular point in the application's work.
func someTime(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(20*time.Millisecond + rand.N(180*time.Millisecond))
	defer timer.Stop()
	<-timer.C
}
