//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

// cloneCloud takes a snapshot as EBS does, at one instant: it clones the file behind the loop
// device.
type cloneCloud struct {
	ebssnaptest.Cloud

	image  string
	acked  *atomic.Uint64
	clones []clone
}

// clone is a snapshot, and what the writer had been told is written when it was taken.
type clone struct {
	path  string
	acked uint64
}

func (c *cloneCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if r.DryRun {
		return nil, nil
	}
	taken := clone{path: fmt.Sprintf("%s.%d", c.image, len(c.clones)), acked: c.acked.Load()}
	from, err := os.Open(c.image)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := os.Create(taken.path)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	if err := unix.IoctlFileClone(int(to.Fd()), int(from.Fd())); err != nil {
		return nil, err
	}
	c.clones = append(c.clones, taken)
	return c.Cloud.Create(ctx, r)
}

// TestBarConsistency takes snapshots of a filesystem under write load, with and without the freeze,
// mounts every one and checks what the application relies on: nothing that it was told is written
// is lost, and the order of its writes holds.
func TestBarConsistency(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "xfs", "btrfs")
	types, frozen, loose := filesystems(), 100, 20
	switch lab.Bars() {
	case lab.Small:
		types, frozen, loose = types[:1], 1, 0
	case lab.CI:
		frozen, loose = 8, 4
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			good := harness(t, fstype, frozen, func(dir string) ebssnap.Freezer { return &ebssnap.FS{Mounts: []string{dir}} })
			assert.Equal(t, frozen, good, "frozen snapshots that hold the invariant")
			lucky := harness(t, fstype, loose, func(string) ebssnap.Freezer { return &ebssnaptest.Freezer{} })
			if lab.Bars() != lab.Small {
				assert.Less(t, lucky, loose, "the harness must see what a missing freeze does")
			}
			lab.Bar(t, "consistency "+fstype, "the invariant holds in %d of %d frozen snapshots, in %d of %d without the freeze", good, frozen, lucky, loose)
		})
	}
}

// harness takes n snapshots under load and returns in how many the invariant holds.
func harness(t *testing.T, fstype string, n int, freezer func(dir string) ebssnap.Freezer) int {
	t.Helper()
	if n == 0 {
		return 0
	}
	outer := lab.LoopFS(t, "xfs", 6<<10)
	image, dir := filepath.Join(outer.Dir, "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 320<<20))
	command(t, "mkfs."+fstype, "-q", image)
	command(t, "mount", "-o", "loop", image, dir)
	mounted := true
	unmount := func() {
		if mounted {
			command(t, "umount", dir)
			mounted = false
		}
	}
	t.Cleanup(unmount)
	var acked atomic.Uint64
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan error, 1)
	go func() { written <- write(ctx, dir, &acked) }()
	cloud := &cloneCloud{image: image, acked: &acked}
	for i := range n {
		target := acked.Load() + 300
		lab.Eventually(t, 20*time.Second, "the writer to go on", func() bool { return acked.Load() > target })
		if i == 0 {
			command(t, "sync", "-f", dir) // the files are there, whatever becomes of what follows
		}
		result, err := ebssnap.Consistent(t.Context(), volume(cloud), freezer(dir), 20*time.Second)
		require.NoError(t, err, "snapshot %d", i)
		require.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	}
	cancel()
	require.NoError(t, <-written)
	unmount() // a btrfs may not be mounted beside its copy
	good := 0
	for _, c := range cloud.clones {
		options := "loop"
		if fstype == "xfs" {
			options += ",nouuid"
		}
		if text, err := exec.Command("mount", "-o", options, c.path, dir).CombinedOutput(); err != nil {
			t.Logf("mount %s: %s", c.path, text)
			continue
		}
		mounted = true
		if err := invariant(dir, c.acked); err == nil {
			good++
		} else {
			t.Log(err)
		}
		unmount()
		require.NoError(t, os.Remove(c.path))
	}
	return good
}

func command(t *testing.T, argv ...string) {
	t.Helper()
	text, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	require.NoError(t, err, "%v: %s", argv, text)
}

const (
	recordSize = 4096
	records    = 2000 // of each file, then over again
	stateEvery = 64
)

// write writes record after record, first to file A, then to B, now and then renames a file of
// state into place, and only then calls the record written. It never syncs.
func write(ctx context.Context, dir string, acked *atomic.Uint64) error {
	a, err := os.Create(filepath.Join(dir, "A"))
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := os.Create(filepath.Join(dir, "B"))
	if err != nil {
		return err
	}
	defer b.Close()
	block := make([]byte, recordSize)
	for sequence := uint64(1); ctx.Err() == nil; sequence++ {
		offset := int64((sequence-1)%records) * recordSize
		for id, file := range []*os.File{a, b} {
			fill(block, uint64(id), sequence)
			if _, err := file.WriteAt(block, offset); err != nil {
				return err
			}
		}
		if sequence%stateEvery == 0 {
			state := filepath.Join(dir, "state")
			if err := errors.Join(os.WriteFile(state+".new", fmt.Appendf(nil, "%d %d\n", sequence, sequence), 0o600), os.Rename(state+".new", state)); err != nil {
				return err
			}
		}
		acked.Store(sequence)
	}
	return nil
}

func fill(block []byte, id, sequence uint64) {
	binary.LittleEndian.PutUint64(block, sequence)
	binary.LittleEndian.PutUint64(block[8:], id)
	for i := 20; i < len(block); i++ {
		block[i] = byte(sequence) ^ byte(i)
	}
	binary.LittleEndian.PutUint32(block[16:], crc32.ChecksumIEEE(block[20:])^uint32(sequence))
}

// invariant says what is wrong in a copy that was taken when acked records were called written.
func invariant(dir string, acked uint64) error {
	var last [2]uint64
	var wrong []error
	for id, name := range []string{"A", "B"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		for ; len(text) >= recordSize; text = text[recordSize:] {
			sequence := binary.LittleEndian.Uint64(text)
			if binary.LittleEndian.Uint32(text[16:]) != crc32.ChecksumIEEE(text[20:recordSize])^uint32(sequence) {
				wrong = append(wrong, fmt.Errorf("torn record in %s", name))
				break
			}
			last[id] = max(last[id], sequence)
		}
		if last[id] < acked {
			wrong = append(wrong, fmt.Errorf("%s ends at %d, %d was called written", name, last[id], acked))
		}
	}
	if last[1] > last[0] {
		wrong = append(wrong, fmt.Errorf("B at %d is ahead of A at %d", last[1], last[0]))
	}
	text, err := os.ReadFile(filepath.Join(dir, "state"))
	var one, two uint64
	if _, scanErr := fmt.Fscan(strings.NewReader(string(text)), &one, &two); err != nil || scanErr != nil || one != two || one < acked-acked%stateEvery {
		wrong = append(wrong, fmt.Errorf("state is %q, %d was called written", text, acked))
	}
	return errors.Join(wrong...)
}
