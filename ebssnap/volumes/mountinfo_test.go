package volumes

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseMountinfo(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		want Mount
	}{
		"the manual page's line": {
			"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
			Mount{36, 35, "98:0", "/mnt1", "/mnt2", "rw,noatime", "ext3", "/dev/root", "rw,errors=continue"},
		},
		"no tag, several tags": {
			"36 35 0:41 /@ / rw shared:1 master:2 propagate_from:3 - btrfs /dev/sda rw",
			Mount{36, 35, "0:41", "/@", "/", "rw", "btrfs", "/dev/sda", "rw"},
		},
		"blanks, a backslash and a newline in the mount point": {
			`36 35 8:1 / /a\040b\134c\012d - rw - xfs /dev/sda1 rw`, Mount{},
		},
		"escapes": {
			`36 35 8:1 / /a\040b\134c\012d\043 rw - fuse.x a\011b rw`,
			Mount{36, 35, "8:1", "/", "/a b\\c\nd#", "rw", "fuse.x", "a\tb", "rw"},
		},
		"an empty source": {
			"36 35 0:30 / /t rw - tmpfs  rw,size=4k", Mount{36, 35, "0:30", "/", "/t", "rw", "tmpfs", "", "rw,size=4k"},
		},
		"no separator":                        {"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 ext3 /dev/root rw", Mount{}},
		"no number":                           {"36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw", Mount{}},
		"a relative mount point":              {"36 35 98:0 /mnt1 mnt2 rw - ext3 /dev/root rw", Mount{}},
		"a mount point that no kernel writes": {"36 35 98:0 /mnt1 //0 rw - ext3 /dev/root rw", Mount{}},
		"an id that is no number":             {"x 35 98:0 / /mnt2 rw - ext3 /dev/root rw", Mount{}},
		"a parent that is no number":          {"36 x 98:0 / /mnt2 rw - ext3 /dev/root rw", Mount{}},
	} {
		t.Run(name, func(t *testing.T) {
			const good = "1 0 8:1 / / rw - ext4 /dev/sda1 rw"
			list, err := ParseMountinfo(strings.NewReader(c.line + "\n" + good + "\n"))
			require.NotEmpty(t, list, "the good line is kept")
			if c.want == (Mount{}) {
				require.ErrorIs(t, err, ErrMalformed)
				require.ErrorContains(t, err, "line 1")
				assert.Len(t, list, 1)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, list[0])
		})
	}
	_, err := ParseMountinfo(strings.NewReader(strings.Repeat("x", maxLine+1)))
	assert.ErrorIs(t, err, ErrMalformed)
}

func FuzzParseMountinfo(f *testing.F) {
	f.Add("22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n")
	f.Add("42 27 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw,resuid=65534\n43 27 0:40 / /a\\040b rw - tmpfs  rw\n")
	f.Add("1 1 0:2 / / rw - rootfs rootfs rw\n2 1 8:1 / / rw - ext4 /dev/sda1 rw\n3 2 8:2 / / rw - xfs /dev/sda2 rw\n")
	f.Add("97 26 259:3 /sub /bind ro,relatime - xfs /dev/nvme1n1 rw,attr2\n99 26 0:52 /@ /pool rw master:1 propagate_from:2 - btrfs /dev/xvdf ro\n")
	f.Add("1 2 0:1 / /\\999 rw - - - -\n1 0 8:1 / //0 rw - ext4 /dev/sda1 rw")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseMountinfo(strings.NewReader(text))
		lines := strings.Count(text, "\n") + 1
		if len(list) > lines || err == nil && strings.TrimSpace(text) != "" && len(list) == 0 {
			t.Fatalf("%d mounts and error %v from %d lines", len(list), err, lines)
		}
		tree := newMounts(list)
		for _, mount := range list {
			if !strings.HasPrefix(mount.Point, "/") {
				t.Fatalf("mount point %q", mount.Point)
			}
			if top, ok := tree.of(mount.Point); ok && !inside(mount.Point, top.Point) {
				t.Fatalf("%q lies on the mount of %q", mount.Point, top.Point)
			}
			tree.below(mount.Point)
		}
	})
}
