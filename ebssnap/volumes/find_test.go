package volumes_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/volumes"
)

func find(t *testing.T, f volumes.Finder, paths ...string) *volumes.Layout {
	t.Helper()
	layout, err := f.Find(t.Context(), paths...)
	require.NoError(t, err)
	return layout
}

const (
	volRoot = "vol-00000000000000001"
	volA    = "vol-0a000000000000000"
	volB    = "vol-0b000000000000000"
)

func TestVolumesBehindAMount(t *testing.T) {
	a, b := ebs("nvme1n1", "259:2", "vol0a000000000000000"), ebs("nvme2n1", "259:3", "vol0b000000000000000")
	for name, c := range map[string]struct {
		mount   string
		devices []machine
		volumes []string
		text    string
	}{
		"an EBS volume tells itself by the serial number": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{a},
			[]string{volA},
			"nvme1n1 " + volA,
		},
		"an old id has eight digits": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{ebs("nvme1n1", "259:2", "vol1a2b3c4d")},
			[]string{"vol-1a2b3c4d"},
			"nvme1n1 vol-1a2b3c4d",
		},
		"a partition lies on its disk": {
			"30 20 259:9 / /data rw - ext4 /dev/nvme1n1p1 rw",
			[]machine{a, partition("nvme1n1", "nvme1n1p1", "259:9")},
			[]string{volA},
			"nvme1n1p1 (partition) on nvme1n1 " + volA,
		},
		"a logical volume over a partition and a disk": {
			"30 20 253:0 / /data rw - xfs /dev/mapper/vg-data rw",
			[]machine{a, b, partition("nvme1n1", "nvme1n1p1", "259:9"), virtual("dm-0", "253:0", "dm/name", "vg-data", pci("nvme1n1")+"/nvme1n1p1", pci("nvme2n1"))},
			[]string{volA, volB},
			"dm-0 (mapped vg-data) on [nvme1n1p1 (partition) on nvme1n1 " + volA + ", nvme2n1 " + volB + "]",
		},
		"a logical volume over a stripe": {
			"30 20 253:0 / /data rw - xfs /dev/mapper/vg-data rw",
			[]machine{a, b, virtual("md0", "9:0", "md/level", "raid0", pci("nvme1n1"), pci("nvme2n1")), virtual("dm-0", "253:0", "dm/name", "vg-data", "virtual/block/md0")},
			[]string{volA, volB},
			"dm-0 (mapped vg-data) on md0 (raid) on [nvme1n1 " + volA + ", nvme2n1 " + volB + "]",
		},
		"a file shown as a device lies where the file lies": {
			"30 20 7:0 / /data rw - ext4 /dev/loop0 rw",
			[]machine{virtual("loop0", "7:0", "loop/backing_file", "/images/disk.img"), {"images/disk.img": ""}},
			[]string{volRoot},
			"loop0 (loop over /images/disk.img) on nvme0n1p1 (partition) on nvme0n1 " + volRoot,
		},
		"btrfs lists its devices in sysfs": {
			"30 20 0:41 /@ /data rw - btrfs /dev/nvme2n1 rw,subvol=/@",
			[]machine{a, b, {
				"sys/fs/btrfs/features/acl":         "0\n",
				"sys/fs/btrfs/5d1f/devices/nvme1n1": "-> ../../../../devices/" + pci("nvme1n1"), "sys/fs/btrfs/5d1f/devices/nvme2n1": "-> ../../../../devices/" + pci("nvme2n1"),
				"sys/fs/btrfs/5d1f/devinfo/1/missing": "0\n",
			}},
			[]string{volA, volB},
			"nvme1n1 " + volA + ", nvme2n1 " + volB,
		},
		"btrfs on the device mapper is named by its label in dev": {
			"30 20 0:41 / /data rw - btrfs /dev/mapper/vg-data rw",
			[]machine{a, virtual("dm-0", "253:0", "dm/name", "vg-data", pci("nvme1n1")), {"sys/fs/btrfs/5d1f/devices/dm-0": "-> ../../../../devices/virtual/block/dm-0"}},
			[]string{volA},
			"dm-0 (mapped vg-data) on nvme1n1 " + volA,
		},
		"the log of xfs on another device is part of the filesystem": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw,logdev=/dev/log,noquota",
			[]machine{a, b, {"dev/log": "-> nvme2n1", "dev/nvme2n1": ""}},
			[]string{volA, volB},
			"nvme1n1 " + volA + ", nvme2n1 " + volB,
		},
		"a cache and what it is for": {
			"30 20 252:0 / /data rw - ext4 /dev/bcache0 rw",
			[]machine{a, b, virtual("bcache0", "252:0", "bcache/cache_mode", "writeback", pci("nvme1n1"), pci("nvme2n1"))},
			[]string{volA, volB},
			"bcache0 on [nvme1n1 " + volA + ", nvme2n1 " + volB + "]",
		},
		"a multipath NVMe disk has model and serial number in its subsystem": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{{
				"sys/devices/virtual/nvme-subsystem/nvme-subsys1/model":       "Amazon Elastic Block Store              \n",
				"sys/devices/virtual/nvme-subsystem/nvme-subsys1/serial":      "vol0a000000000000000\n",
				"sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1/dev": "259:2\n", "sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1/device": "-> ../../nvme-subsys1",
				"sys/dev/block/259:2": "-> ../../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1",
			}},
			[]string{volA},
			"nvme1n1 " + volA,
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := rootDisk().build(t, append(c.devices, mountinfo(rootMount, c.mount), machine{"data/": ""})...)
			layout := find(t, volumes.Finder{Root: root}, "/data")
			assert.Equal(t, c.volumes, layout.Volumes())
			require.Len(t, layout.Parts, 1)
			assert.Equal(t, "/data on "+c.text, layout.Parts[0].String())
			require.NoError(t, layout.Check(c.volumes...).Err())
			if len(c.volumes) > 1 {
				report := layout.Check(c.volumes[0])
				assert.Equal(t, volumes.VerdictSplit, report.Verdict)
				require.ErrorIs(t, report.Err(), volumes.ErrOutside)
				assert.Equal(t, c.volumes[1], report.Outside[0].Volume)
				assert.Equal(t, "/data", report.Outside[0].Path)
			}
		})
	}
}

// TestFilesystemsThatMayHaveMoreDevices: mountinfo names the first device of an f2fs, and not the
// log of a jfs.
func TestFilesystemsThatMayHaveMoreDevices(t *testing.T) {
	for fstype, want := range map[string]volumes.Verdict{
		"f2fs": volumes.VerdictUnknown, "jfs": volumes.VerdictUnknown, "newfs": volumes.VerdictUnknown,
		"ext2": volumes.VerdictWhole, "exfat": volumes.VerdictWhole, "xfs": volumes.VerdictWhole, "ext4": volumes.VerdictWhole,
	} {
		root := rootDisk().build(t, ebs("nvme1n1", "259:2", "vol0a000000000000000"), mountinfo(rootMount, "30 20 259:2 / /data rw - "+fstype+" /dev/nvme1n1 rw"), machine{"data/": ""})
		layout := find(t, volumes.Finder{Root: root}, "/data")
		assert.Equal(t, []string{volA}, layout.Volumes(), fstype)
		assert.Equal(t, want, layout.Check(volA).Verdict, fstype)
	}
}

func TestWhatIsNoVolumeIsToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		mount   string
		devices []machine
		verdict volumes.Verdict
		match   error
		says    string
	}{
		"instance store by model": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{nvme("nvme1n1", "259:2", "Amazon EC2 NVMe Instance Storage", "AWS1A2B3C4D5E6F7A8B9")},
			volumes.VerdictSplit, volumes.ErrOutside, "/data lies on nvme1n1, which is no EBS volume",
		},
		"instance store never passes for a volume by its serial number": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{nvme("nvme1n1", "259:2", "Amazon EC2 NVMe Instance Storage", "vol0a000000000000000")},
			volumes.VerdictSplit, volumes.ErrOutside, "which is no EBS volume",
		},
		"another maker's NVMe disk": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{nvme("nvme1n1", "259:2", "Samsung SSD 980", "vol0a000000000000000")},
			volumes.VerdictUnknown, volumes.ErrCannotTell, `neither "Amazon Elastic Block Store" nor`,
		},
		"a serial number that is no volume id": {
			"30 20 259:2 / /data rw - xfs /dev/nvme1n1 rw",
			[]machine{ebs("nvme1n1", "259:2", "vol0a00000000000000g")},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "nvme id-ctrl -v /dev/nvme1n1",
		},
		"a disk that is not EC2's": {
			"30 20 8:0 / /data rw - xfs /dev/sda rw",
			[]machine{xenDisk("sda", "8:0", "")},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "neither NVMe nor Xen's",
		},
		"tmpfs":   {"30 20 0:40 / /data rw - tmpfs tmpfs rw", nil, volumes.VerdictSplit, volumes.ErrOutside, "/data lies on tmpfs"},
		"overlay": {"30 20 0:40 / /data rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w", nil, volumes.VerdictSplit, volumes.ErrOutside, "/data lies on overlay"},
		"nfs":     {"30 20 0:40 / /data rw - nfs4 10.0.0.1:/x rw", nil, volumes.VerdictSplit, volumes.ErrOutside, "/data lies on nfs4"},
		"zfs":     {"30 20 0:40 / /data rw - zfs tank/x rw", nil, volumes.VerdictSplit, volumes.ErrOutside, "/data lies on zfs"},
		"btrfs that sysfs does not list": {
			"30 20 0:41 / /data rw - btrfs /dev/nvme1n1 rw",
			[]machine{ebs("nvme1n1", "259:2", "vol0a000000000000000")},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "no filesystem in /sys/fs/btrfs lists nvme1n1",
		},
		"btrfs mounted without one of its devices": {
			"30 20 0:41 / /data rw,degraded - btrfs /dev/nvme1n1 rw",
			[]machine{ebs("nvme1n1", "259:2", "vol0a000000000000000"), {"sys/fs/btrfs/5d1f/devices/nvme1n1": "-> ../../../../devices/" + pci("nvme1n1"), "sys/fs/btrfs/5d1f/devinfo/2/missing": "1\n"}},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "device 2 of btrfs 5d1f (the filesystem is mounted without it",
		},
		"an ext4 whose journal may be on a device of its own": {
			"30 20 259:2 / /data rw - ext4 /dev/nvme1n1 rw",
			[]machine{ebs("nvme1n1", "259:2", "vol0a000000000000000"), {"proc/fs/jbd2/nvme0n1p1-8/info": "", "proc/fs/jbd2/nvme2n1/info": ""}},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "where the journal of nvme1n1 lies",
		},
		"the file behind a loop device is gone": {
			"30 20 7:0 / /data rw - ext4 /dev/loop0 rw",
			[]machine{virtual("loop0", "7:0", "loop/backing_file", "/images/disk.img (deleted)")},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "the file behind it is not there",
		},
		"a device that sysfs does not have": {
			"30 20 259:77 / /data rw - xfs /dev/nvme1n1 rw", nil, volumes.VerdictUnknown, volumes.ErrCannotTell, "device 259:77 is not in sysfs",
		},
		"devices that lie on themselves": {
			"30 20 253:0 / /data rw - xfs /dev/dm-0 rw",
			[]machine{virtual("dm-0", "253:0", "dm/name", "vg-data", "virtual/block/dm-0")},
			volumes.VerdictUnknown, volumes.ErrCannotTell, "stacked deeper than 32",
		},
		"a chroot whose root is no mount point": {
			"30 20 259:2 / /other rw - xfs /dev/nvme1n1 rw", nil, volumes.VerdictUnknown, volumes.ErrCannotTell, "mountinfo does not show the mount of /",
		},
	} {
		t.Run(name, func(t *testing.T) {
			mounts := mountinfo(rootMount, c.mount)
			if name == "a chroot whose root is no mount point" {
				mounts = mountinfo(c.mount)
			}
			root := rootDisk().build(t, append(c.devices, mounts, machine{"data/": ""})...)
			report := find(t, volumes.Finder{Root: root}, "/data").Check(volA, volB, volRoot)
			assert.Equal(t, c.verdict, report.Verdict)
			require.ErrorIs(t, report.Err(), c.match)
			assert.ErrorContains(t, report.Err(), c.says)
		})
	}
}

func TestXenDisksByTheirMappings(t *testing.T) {
	mappings := []volumes.Mapping{{"/dev/sda1", volRoot}, {"/dev/sdf", volA}, {"/dev/xvdba", volB}, {"/dev/sdj", "vol-0000000000000000f"}, {"/dev/sdb", ""}}
	for name, c := range map[string]struct {
		disk, vbd string
		volume    string
		store     volumes.Store
		says      string
	}{
		"xvdf is /dev/sdf":                                    {"xvdf", "51792", volA, volumes.StoreEBS, "Xen device 51792 is block device mapping /dev/sdf"},
		"SCSI numbers too":                                    {"sdf", "2128", volA, volumes.StoreEBS, "Xen device 2128"},
		"a kernel that shifts the names by four":              {"xvdj", "2128", volA, volumes.StoreEBS, "Xen device 2128"},
		"the root disk is mapped as sda1 and is a whole disk": {"xvda", "51712", volRoot, volumes.StoreEBS, "/dev/sda1"},
		"an emulated IDE root disk":                           {"xvda", "768", volRoot, volumes.StoreEBS, "/dev/sda1"},
		"a disk beyond the sixteenth":                         {"xvdba", "268448768", volB, volumes.StoreEBS, "/dev/xvdba"},
		"a mapping without a volume is an instance store":     {"xvdb", "51728", "", volumes.StoreInstance, "/dev/sdb"},
		"no mapping of that name":                             {"xvdg", "51808", "", volumes.StoreUnknown, "no block device mapping has this name"},
		"a number that no disk has":                           {"xvdg", "99999", "", volumes.StoreUnknown, "is no Xen disk"},
		"by the kernel's name where there is no number":       {"xvdf", "", volA, volumes.StoreEBS, "kernel name is block device mapping /dev/sdf"},
	} {
		t.Run(name, func(t *testing.T) {
			machines := []machine{xenDisk(c.disk, "202:80", c.vbd), mountinfo("30 1 202:80 / / rw - xfs /dev/" + c.disk + " rw")}
			if c.vbd == "" {
				machines = append(machines, xenDisk("xvda1", "202:1", ""))
			}
			root := machine{"data/": ""}.build(t, machines...)
			layout := find(t, volumes.Finder{Root: root, Mappings: mappings}, "/data")
			require.Len(t, layout.Parts, 1)
			require.Len(t, layout.Parts[0].Devices, 1)
			disk := layout.Parts[0].Devices[0]
			assert.Equal(t, c.store, disk.Store)
			assert.Equal(t, c.volume, disk.Volume)
			assert.Contains(t, disk.Why, c.says)
		})
	}
	t.Run("shifted names without numbers are not guessed", func(t *testing.T) {
		root := machine{"data/": ""}.build(t, xenDisk("xvdj", "202:80", ""), mountinfo("30 1 202:80 / / rw - xfs /dev/xvdj rw"))
		report := find(t, volumes.Finder{Root: root, Mappings: mappings}, "/data").Check("vol-0000000000000000f")
		require.ErrorIs(t, report.Err(), volumes.ErrCannotTell)
		assert.ErrorContains(t, report.Err(), "shifted")
	})
	t.Run("without mappings it says what it needs", func(t *testing.T) {
		root := machine{"data/": ""}.build(t, xenDisk("xvdf", "202:80", "51792"), mountinfo("30 1 202:80 / / rw - xfs /dev/xvdf rw"))
		assert.ErrorContains(t, find(t, volumes.Finder{Root: root}, "/data").Check(volA).Err(), "Finder.Mappings")
	})
}

func TestFindRefusesWhatMakesNoSense(t *testing.T) {
	root := rootDisk().build(t, mountinfo(rootMount), machine{"data/": "", "loop": "-> loop"})
	f := volumes.Finder{Root: root}
	_, err := f.Find(t.Context())
	require.ErrorIs(t, err, volumes.ErrUsage)
	for _, name := range []string{"data", "/absent", "/loop"} {
		_, err = f.Find(t.Context(), name)
		assert.ErrorIs(t, err, volumes.ErrNoPath, name)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Find(ended, "/data")
	assert.ErrorIs(t, err, context.Canceled)
	_, err = volumes.Finder{Root: t.TempDir()}.Find(t.Context(), "/data")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, os.WriteFile(filepath.Join(root, "proc/self/mountinfo"), []byte("nonsense\n"), 0o644))
	_, err = f.Find(t.Context(), "/data")
	assert.ErrorIs(t, err, volumes.ErrMalformed)
	assert.ErrorContains(t, err, "line 1")
}
