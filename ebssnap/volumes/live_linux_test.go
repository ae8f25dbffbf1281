//go:build linux && !opskit_portable

package volumes_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// The other program is findmnt: for every mount of this machine that has a block device it names
// the same one.
func TestFindAgreesWithFindmnt(t *testing.T) {
	lab.Need(t, "program:mount")
	findmnt, err := lab.Program("findmnt")
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), findmnt, "-n", "-r", "-o", "TARGET,MAJ:MIN").Output()
	require.NoError(t, err)
	checked := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || strings.HasPrefix(fields[1], "0:") || strings.Contains(fields[0], "opskit") {
			continue
		}
		var stat unix.Stat_t
		if unix.Stat(fields[0], &stat) != nil || fmt.Sprintf("%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev)) != fields[1] {
			continue // hidden by a later mount
		}
		layout := find(t, volumes.Finder{Skip: everythingIn(t, fields[0])}, fields[0])
		require.Len(t, layout.Parts, 1)
		require.NotEmpty(t, layout.Parts[0].Devices, layout)
		assert.Equal(t, fields[1], layout.Parts[0].Devices[0].Number, line)
		checked++
	}
	t.Logf("%d mounts", checked)
}

// everythingIn names what is in a directory, because walking a whole root filesystem is not the
// point.
func everythingIn(t *testing.T, point string) []string {
	t.Helper()
	entries, err := os.ReadDir(point)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, filepath.Join(point, entry.Name()))
	}
	return names
}

func TestLoopDevicesAreFollowedToTheirFiles(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "xfs", "btrfs")
	for _, fstype := range []string{"ext4", "xfs", "btrfs"} {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 8)
			layout := find(t, volumes.Finder{}, fs.Dir)
			require.Len(t, layout.Parts, 1)
			require.Len(t, layout.Parts[0].Devices, 1, layout)
			device := layout.Parts[0].Devices[0]
			assert.Equal(t, fs.Device, "/dev/"+device.Name)
			assert.Equal(t, volumes.KindLoop, device.Kind)
			assert.Equal(t, fs.Image, device.File)
			require.Len(t, device.On, 1, "the file's own device")
			outer := find(t, volumes.Finder{}, fs.Image)
			assert.Equal(t, outer.Parts[0].Devices, device.On)

			report := layout.Check(volA)
			if len(layout.Volumes()) == 0 { // on an EBS volume this test's image lies on that
				assert.Equal(t, volumes.VerdictUnknown, report.Verdict)
				require.ErrorIs(t, report.Err(), volumes.ErrCannotTell)
				assert.ErrorContains(t, report.Err(), "the volume of ")
			}
		})
	}
}

func TestABlockDeviceIsDataItself(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4")
	fs := lab.LoopFS(t, "ext4", 8)
	var stat unix.Stat_t
	require.NoError(t, unix.Stat(fs.Device, &stat))
	dir := t.TempDir()
	require.NoError(t, unix.Mknod(filepath.Join(dir, "raw"), unix.S_IFBLK|0o600, int(stat.Rdev)))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	require.NoError(t, os.Symlink(fs.Device, filepath.Join(dir, "ibdata")))
	require.NoError(t, os.Symlink("/dev/null", filepath.Join(dir, "history")))
	layout := find(t, volumes.Finder{}, dir)
	var found []string
	for _, part := range layout.Parts[1:] {
		require.Len(t, part.Devices, 1, part)
		found = append(found, filepath.Base(part.Path)+" "+part.Via+" /dev/"+part.Devices[0].Name)
	}
	assert.Equal(t, []string{"ibdata symlink " + fs.Device, "raw device " + fs.Device}, found)
}

func TestExt4WithAJournalOnAnotherDevice(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4")
	journal, data := lab.LoopFS(t, "ext4", 16), lab.LoopFS(t, "ext4", 32)
	_, err := os.Stat("/proc/fs/jbd2")
	lab.NeedIf(t, "jbd2", err)
	assert.Empty(t, find(t, volumes.Finder{}, data.Dir).Unseen, "a journal inside")
	run := func(argv ...string) {
		t.Helper()
		path, err := lab.Program(argv[0])
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), path, argv[1:]...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	loop := func(image string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "losetup", "-f", "--show", image).Output()
		require.NoError(t, err)
		device := strings.TrimSpace(string(out))
		t.Cleanup(func() { assert.NoError(t, exec.Command("losetup", "-d", device).Run()) })
		return device
	}
	journal.Unmount()
	data.Unmount()
	apart, device := loop(journal.Image), loop(data.Image)
	run("mkfs.ext4", "-q", "-F", "-b", "4096", "-O", "journal_dev", apart)
	run("mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "device="+apart, device)
	run("mount", device, data.Dir)
	defer run("umount", data.Dir)
	layout := find(t, volumes.Finder{}, data.Dir)
	unseen := map[string]string{} // the image's own filesystem may have no journal at all
	for _, gap := range layout.Unseen {
		unseen[gap.What] = gap.Why
	}
	assert.Contains(t, unseen["where the journal of "+filepath.Base(device)+" lies"], filepath.Base(apart))
}

func TestADirectoryThatMayNotBeReadCannotBeTold(t *testing.T) {
	root := cluster(t, machine{"srv/pg/closed/": ""})
	require.NoError(t, os.Chmod(filepath.Join(root, "srv/pg/closed"), 0))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chmod(filepath.Dir(root), 0o755))
		// root reads everything, so this thread looks at files as somebody else
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		require.NoError(t, unix.Setfsuid(65534))
		defer func() { assert.NoError(t, unix.Setfsuid(0)) }()
	}
	report := find(t, volumes.Finder{Root: root}, "/srv/pg").Check(volA, volB)
	require.ErrorIs(t, report.Err(), volumes.ErrCannotTell)
	assert.ErrorContains(t, report.Err(), "links below /srv/pg/closed (open /srv/pg/closed: permission denied")
}
