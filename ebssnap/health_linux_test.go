//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// TestLostWritesInTheKernelLog: lines of a device's lost writes count from its last mounting on;
// those of reads, of other devices and of other partitions do not.
func TestLostWritesInTheKernelLog(t *testing.T) {
	loses := []string{
		"I/O error, dev loop7, sector 379394 op 0x1:(WRITE) flags 0x0 phys_seg 12 prio class 2",
		"critical space allocation error, dev loop7, sector 8 op 0x1:(WRITE) flags 0x4000 phys_seg 20 prio class 2",
		"critical medium error, dev loop7, sector 0 op 0x1:(FLUSH) flags 0x800 phys_seg 0 prio class 2",
		"blk_update_request: I/O error, dev loop7, sector 5 op 0x1:(WRITE) flags 0x0 phys_seg 1 prio class 0",
		"Buffer I/O error on dev loop7, logical block 5, lost async page write",
		"Buffer I/O error on dev loop7, logical block 5, lost sync page write",
		"EXT4-fs warning (device loop7): ext4_end_bio:368: I/O error 3 writing to inode 13 starting block 189697)",
		"EXT4-fs (loop7): failed to convert unwritten extents to written extents -- potential data loss!  (inode 13, error -5)",
		"EXT4-fs (loop7): This should not happen!! Data will be lost",
		"EXT4-fs (loop7): Remounting filesystem read-only",
		"EXT4-fs error (device loop7): ext4_journal_check_start:87: comm ls: Detected aborted journal",
		"Aborting journal on device loop7-8.",
		"JBD2: Detected IO errors 5 while flushing file data on loop7-8",
		"JBD2: Error -5 detected when updating journal superblock for loop7-8.",
		"XFS (loop7): Metadata I/O Error (0x1) detected at xfs_trans_read_buf_map+0x1f3/0x2a0 (fs/xfs/xfs_trans_buf.c:296).  Shutting down filesystem.",
		"BTRFS error (device loop7): error writing primary super block to device 1",
		"F2FS-fs (loop7): Stopped filesystem due to reason: 4",
		"loop7: writeback error on inode 132, offset 0, sector 179280",
		"XFS (loop7): writeback error on inode 132, offset 0, sector 179280",
		"XFS (loop7): log I/O error -5",
		"XFS (loop7): Filesystem has been shut down due to log error (0x2).",
		"BTRFS error (device loop7 state A): Transaction aborted (error -5)",
		"BTRFS info (device loop7 state EA): forced readonly",
		"BTRFS error (device loop7): bdev /dev/loop7 errs: wr 1, rd 0, flush 0, corrupt 0, gen 0",
		"BTRFS warning (device loop7): lost page write due to IO error on /dev/loop7 (-5)",
	}
	begins := []string{
		"EXT4-fs (loop7): mounted filesystem 7a3e r/w with ordered data mode. Quota mode: none.",
		"EXT4-fs (loop7): unmounting filesystem 7a3e.",
		"XFS (loop7): Mounting V5 Filesystem cfd29d21-33d0-4213-bd68-9a5e42a7263e",
		"BTRFS info (device loop7): first mount of filesystem fed9cbec",
		"loop7: detected capacity change from 0 to 716800",
		"F2FS-fs (loop7): Mounted with checkpoint version = 1b3f",
	}
	others := []string{
		"I/O error, dev loop7, sector 379394 op 0x0:(READ) flags 0x0 phys_seg 12 prio class 2",
		"Buffer I/O error on dev loop7, logical block 5, async page read",
		"I/O error, dev loop71, sector 8 op 0x1:(WRITE) flags 0x0 phys_seg 12 prio class 2",
		"I/O error, dev sdloop7, sector 8 op 0x1:(WRITE) flags 0x0 phys_seg 12 prio class 2",
		"JBD2: Detected IO errors 5 while flushing file data on loop71-8",
		"EXT4-fs (loop71): This should not happen!! Data will be lost",
		"EXT4-fs (loop7): re-mounted 7a3e r/w. Quota mode: none.",
		"BTRFS error (device loop7): bdev /dev/loop7 errs: wr 0, rd 1, flush 0, corrupt 0, gen 0",
		"BTRFS info (device loop7): enabling ssd optimizations",
	}
	d := disk{name: "loop7"}
	for _, line := range loses {
		n, last, _ := d.lost([]string{begins[0], line})
		assert.Equal(t, 1, n, line)
		assert.Equal(t, line, last)
		for _, begin := range begins {
			n, _, seen := d.lost([]string{line, begin})
			assert.Zero(t, n, begin)
			assert.True(t, seen)
		}
	}
	for _, line := range others {
		n, _, begins := d.lost([]string{line})
		assert.Zero(t, n, line)
		assert.False(t, begins, line)
	}
	part := disk{name: "nvme0n1p2", parent: "nvme0n1", first: 2048, size: 100}
	for sector, want := range map[string]int{"2047": 0, "2048": 1, "2147": 1, "2148": 0} {
		n, _, _ := part.lost([]string{"I/O error, dev nvme0n1, sector " + sector + " op 0x1:(WRITE) flags 0x0"})
		assert.Equal(t, want, n, sector)
	}
}

func TestAFilesystemThatTheKernelGaveUp(t *testing.T) {
	for line, want := range map[string]bool{
		"36 35 7:0 / /x rw,relatime - ext4 /dev/loop0 rw\n":                     false,
		"36 35 7:0 / /x ro,relatime - ext4 /dev/loop0 ro\n":                     false, // mounted so
		"36 35 7:0 / /x ro,relatime - ext4 /dev/loop0 rw\n":                     false,
		"36 35 0:4 / /x rw,relatime - btrfs /dev/loop0 ro,ssd,subvol=/\n":       true,
		"36 35 7:0 / /x rw,relatime - ext4 /dev/loop0 rw,emergency_ro\n":        true,
		"36 35 7:0 / /x rw,relatime - ext4 /dev/loop0 rw,shutdown\n":            true,
		"36 35 0:4 / /x rw,relatime - btrfs /dev/loop0 rw,subvol=/a,shutdown\n": true,
		"37 35 7:0 / /x rw,relatime - ext4 /dev/loop0 ro\n":                     false, // another mount
	} {
		entries, err := mountinfo.Parse([]byte(line))
		require.NoError(t, err)
		assert.Equal(t, want, givenUp(36, entries) != "", line)
	}
}

// full is a filesystem in an image for which there is not room enough: what is written to it is
// acknowledged, and lost when it goes to the device.
func full(t *testing.T, fstype string) (dir string, lose func()) {
	t.Helper()
	below, dir := t.TempDir(), t.TempDir()
	require.NoError(t, exec.Command("mount", "-t", "tmpfs", "-o", "size=80m", "opskit-ebssnap-full", below).Run())
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", "-l", below).Run()) }) // its image is let go of a little later
	image := filepath.Join(below, "image")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 350<<20))
	quick := map[string][]string{"ext4": {"-q", "-E", "nodiscard"}, "xfs": {"-q", "-K"}, "btrfs": {"-q", "-K"}}[fstype]
	require.NoError(t, exec.Command("mkfs."+fstype, append(quick, image)...).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, dir).Run())
	t.Cleanup(func() {
		lab.Eventually(t, 20*time.Second, "unmounting", func() bool { return exec.Command("umount", dir).Run() == nil })
	})
	return dir, func() {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = byte(i*31 + i>>8)
		}
		file, err := os.Create(filepath.Join(dir, "fill"))
		require.NoError(t, err)
		for range 120 {
			if _, err := file.Write(block); err != nil {
				break
			}
		}
		_ = file.Close() // an error of the lost writes is told here or there
	}
}

// fakeCloud takes snapshots at once, and calls during meanwhile.
type fakeCloud struct{ during func() }

func (c fakeCloud) Create(_ context.Context, r Request) ([]Snapshot, error) {
	if r.DryRun {
		return nil, nil
	}
	c.during()
	return []Snapshot{{ID: "snap-1", Volume: r.Volumes[0], State: "completed"}}, nil
}

func (fakeCloud) Find(context.Context, Query) ([]Snapshot, error)        { return nil, nil }
func (fakeCloud) Tag(context.Context, []string, map[string]string) error { return nil }

// TestBarLostWrites loses acknowledged writes before a call, and makes two calls in a row: neither
// says that all is well. The same calls do where nothing is lost.
func TestBarLostWrites(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "xfs", "btrfs")
	types := []string{"ext4", "xfs", "btrfs"}
	if lab.Bars() == lab.Small {
		types = types[2:]
	}
	told := 0
	for _, fstype := range types {
		for _, when := range []string{"never", "before", "told before", "meanwhile"} {
			t.Run(fstype+" "+when, func(t *testing.T) {
				dir, lose := full(t, fstype)
				during, waiting := func() {}, make(chan struct{})
				switch when {
				case "before":
					lose()
				case "told before": // to somebody else
					lose()
					_ = exec.Command("sync", "-f", dir).Run()
					_ = exec.Command("sync", "-f", dir).Run()
				case "meanwhile":
					during = sync.OnceFunc(func() {
						go func() { // waits in the freeze
							defer close(waiting)
							lose()
						}()
					})
				}
				if when == "told before" || when == "never" {
					report, err := Check(t.Context(), Volume{Cloud: fakeCloud{func() {}}, IDs: []string{"vol-0a"}}, &FS{Mounts: []string{dir}})
					require.NoError(t, err)
					assert.Equal(t, when == "never", report.Ready, "%v", report)
				}
				for call := range 2 {
					result, err := Consistent(t.Context(), Volume{Cloud: fakeCloud{during}, IDs: []string{"vol-0a"}}, &FS{Mounts: []string{dir}}, 10*time.Second)
					require.NotNil(t, result)
					if when == "never" {
						require.NoError(t, err)
						assert.Equal(t, opskit.OK, result.Level(), "%v", result)
						continue
					}
					if when == "meanwhile" && call == 0 {
						<-waiting
						continue // what waited in the freeze came after the snapshot
					}
					require.Error(t, err, "%v", result)
					assert.NotEqual(t, opskit.OK, result.Level(), "%v", result)
					assert.NotEqual(t, VerdictConsistent, result.Verdict)
					told++
				}
			})
		}
	}
	lab.Bar(t, "lost writes", "%d calls after acknowledged writes were lost, none consistent", told)
}

// TestAThawOfWhatTheKernelGaveUpSaysSo: what a dead run left is thawed, and then looked at.
func TestAThawOfWhatTheKernelGaveUpSaysSo(t *testing.T) {
	lab.Need(t, "root")
	fs, other := lab.LoopFS(t, "ext4", 64), t.TempDir()
	number := ""
	entries, err := readMounts()
	require.NoError(t, err)
	for _, e := range entries {
		if e.Point == fs.Dir {
			number = e.Number
		}
	}
	f := &Filesystem{Mount: fs.Dir, Device: number}
	require.NoError(t, f.givenUp())
	require.NoError(t, exec.Command("mount", "--bind", fs.Dir, other).Run())
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", other).Run()) })
	require.NoError(t, exec.Command("mount", "-o", "remount,ro", fs.Dir).Run()) // the other mount does not say so
	require.ErrorIs(t, f.givenUp(), ErrDamaged)
}
