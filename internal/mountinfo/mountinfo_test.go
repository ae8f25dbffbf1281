package mountinfo_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		want mountinfo.Mount
	}{
		"the manual page's line": {
			"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
			mountinfo.Mount{36, 35, "98:0", "/mnt1", "/mnt2", "rw,noatime", "ext3", "/dev/root", "rw,errors=continue"},
		},
		"several tags": {
			"36 35 0:41 /@ / rw shared:1 master:2 propagate_from:3 - btrfs /dev/sda rw",
			mountinfo.Mount{36, 35, "0:41", "/@", "/", "rw", "btrfs", "/dev/sda", "rw"},
		},
		"escapes": {
			`36 35 8:1 / /a\040b\134c\012d\043 rw - fuse.x a\011b rw`,
			mountinfo.Mount{36, 35, "8:1", "/", "/a b\\c\nd#", "rw", "fuse.x", "a\tb", "rw"},
		},
		"an escaped backslash before digits is no second escape": {
			`36 35 8:1 / /a\134040b rw - xfs /dev/sda rw`,
			mountinfo.Mount{36, 35, "8:1", "/", `/a\040b`, "rw", "xfs", "/dev/sda", "rw"},
		},
		"an empty source": {
			"36 35 0:30 / /t rw - tmpfs  rw,size=4k", mountinfo.Mount{36, 35, "0:30", "/", "/t", "rw", "tmpfs", "", "rw,size=4k"},
		},
		"a namespace's root, and a removed directory's": {
			"36 35 0:4 net:[4026532289] /run/netns/a rw shared:5 - nsfs nsfs rw",
			mountinfo.Mount{36, 35, "0:4", "net:[4026532289]", "/run/netns/a", "rw", "nsfs", "nsfs", "rw"},
		},
		"a separator in an unescaped option": {
			"36 35 0:44 / /f rw - fuse.s3 s3 rw,name=a - b", mountinfo.Mount{36, 35, "0:44", "/", "/f", "rw", "fuse.s3", "s3", "rw,name=a - b"},
		},
		"no separator":                        {"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 ext3 /dev/root rw", mountinfo.Mount{}},
		"no number":                           {"36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw", mountinfo.Mount{}},
		"no type":                             {"36 35 98:0 /mnt1 /mnt2 rw -  /dev/root rw", mountinfo.Mount{}},
		"a relative mount point":              {"36 35 98:0 /mnt1 mnt2 rw - ext3 /dev/root rw", mountinfo.Mount{}},
		"a mount point that no kernel writes": {"36 35 98:0 /mnt1 //0 rw - ext3 /dev/root rw", mountinfo.Mount{}},
		"an id that is no number":             {"x 35 98:0 / /mnt2 rw - ext3 /dev/root rw", mountinfo.Mount{}},
		"a parent that is no number":          {"36 x 98:0 / /mnt2 rw - ext3 /dev/root rw", mountinfo.Mount{}},
		"an empty line":                       {"", mountinfo.Mount{}},
	} {
		t.Run(name, func(t *testing.T) {
			const good = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
			list, err := mountinfo.Parse([]byte(c.line + "\n" + good))
			require.NotEmpty(t, list, "the good line is kept")
			if c.want == (mountinfo.Mount{}) {
				require.ErrorContains(t, err, "line 1")
				assert.Len(t, list, 1)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, list[0])
		})
	}
	list, err := mountinfo.Parse([]byte("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:1 / /a rw - ext4 /dev/sda1 r"))
	require.ErrorContains(t, err, "line 2", "cut off by a short read")
	assert.Len(t, list, 1)
	list, err = mountinfo.Parse(nil)
	require.NoError(t, err)
	assert.Empty(t, list)
}

func TestOption(t *testing.T) {
	list, err := mountinfo.Parse([]byte(`36 35 0:44 / /f rw,noatime - overlay overlay rw,lowerdir=/l,upperdir=/a\054b\040c,workdir=/w,pids` + "\n"))
	require.NoError(t, err)
	for name, want := range map[string]string{"upperdir": "/a,b c", "workdir": "/w", "pids": "", "noatime": ""} {
		value, found := list[0].Option(name)
		assert.True(t, found, name)
		assert.Equal(t, want, value, name)
	}
	for _, name := range []string{"upper", "b c", ""} {
		_, found := list[0].Option(name)
		assert.False(t, found, name)
	}
}

// The mount that a path lies on is the last one of those that hide one another.
func TestTree(t *testing.T) {
	list, err := mountinfo.Parse([]byte(`1 1 0:2 / / rw - rootfs rootfs rw
20 1 8:1 / / rw - ext4 /dev/sda1 rw
21 20 8:2 / /data rw - xfs /dev/sda2 rw
22 21 8:3 / /data/db rw - xfs /dev/sda3 rw
23 20 8:4 / /data rw - ext4 /dev/sda4 rw
24 20 8:5 / /database rw - ext4 /dev/sda5 rw
`))
	require.NoError(t, err)
	tree := mountinfo.NewTree(list)
	for name, want := range map[string]int{"/": 20, "/etc": 20, "/data": 23, "/data/db": 23, "/data/db/x": 23, "/database": 24, "/databases": 20} {
		mount, found := tree.Of(name)
		assert.True(t, found, name)
		assert.Equal(t, want, mount.ID, name)
	}
	var below []int
	for _, mount := range tree.Below("/data") {
		below = append(below, mount.ID)
	}
	assert.Empty(t, below, "/data/db is hidden, /database is beside it")
	_, found := mountinfo.NewTree(list[3:]).Of("/data/db")
	assert.False(t, found, "a chroot whose root is no mount point")
}

// Every line of the running kernel can be read.
func TestParseOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	list, err := mountinfo.Parse(text)
	require.NoError(t, err)
	assert.Len(t, list, strings.Count(string(text), "\n"))
}

func FuzzParse(f *testing.F) {
	f.Add("22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n")
	f.Add("42 27 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw,resuid=65534\n43 27 0:40 / /a\\040b rw - tmpfs  rw\n")
	f.Add("1 1 0:2 / / rw - rootfs rootfs rw\n2 1 8:1 / / rw - ext4 /dev/sda1 rw\n3 2 8:2 / / rw - xfs /dev/sda2 rw\n")
	f.Add("97 26 259:3 /sub /bind ro,relatime - xfs /dev/nvme1n1 rw,attr2\n99 26 0:52 /@ /pool rw master:1 propagate_from:2 - btrfs /dev/xvdf ro\n")
	f.Add("1 2 0:1 / /\\999 rw - - - -\n1 0 8:1 / //0 rw - ext4 /dev/sda1 rw")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := mountinfo.Parse([]byte(text))
		lines := strings.Count(text, "\n")
		if len(list) > lines || err == nil && len(list) != lines {
			t.Fatalf("%d mounts and error %v from %d lines", len(list), err, lines)
		}
		tree := mountinfo.NewTree(list)
		for _, mount := range list {
			if !strings.HasPrefix(mount.Point, "/") {
				t.Fatalf("mount point %q", mount.Point)
			}
			if top, ok := tree.Of(mount.Point); ok && !mountinfo.Inside(mount.Point, top.Point) {
				t.Fatalf("%q lies on the mount of %q", mount.Point, top.Point)
			}
			tree.Below(mount.Point)
			mount.Option("upperdir")
		}
	})
}
