package ebssnap

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const mountinfoText = `26 1 259:1 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p1 rw,discard
28 26 0:24 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw
95 26 259:3 / /srv/with\040blank\134 rw shared:50 - xfs /dev/nvme1n1 rw,attr2,inode64
97 26 259:3 /sub /bind ro,relatime - xfs /dev/nvme1n1 rw,attr2
99 26 0:52 /@ /pool rw,relatime master:1 propagate_from:2 - btrfs /dev/xvdf ro,subvolid=256
`

func TestParseMountinfo(t *testing.T) {
	entries, err := parseMountinfo([]byte(mountinfoText))
	require.NoError(t, err)
	require.Len(t, entries, 5)
	assert.Equal(t, mountEntry{id: 95, device: "259:3", root: "/", point: `/srv/with blank\`, fstype: "xfs", source: "/dev/nvme1n1"}, entries[2])
	assert.False(t, entries[3].readOnly, "only this mount of it is read-only")
	assert.True(t, entries[4].readOnly)

	entries, err = parseMountinfo([]byte("garbage\n" + mountinfoText))
	require.ErrorContains(t, err, "line 1")
	assert.Len(t, entries, 5, "the rest is read")
}

func TestFreezable(t *testing.T) {
	for fstype, want := range map[string][2]bool{
		"ext4": {true, true}, "xfs": {true, true}, "btrfs": {true, true}, "tmpfs": {true, false}, "overlay": {true, false},
		"nfs4": {true, false}, "vfat": {true, false},
	} {
		known, yes := freezable(mountEntry{fstype: fstype, device: "0:40"})
		assert.Equal(t, want, [2]bool{known, yes}, fstype)
	}
	known, _ := freezable(mountEntry{fstype: "newfs", device: "8:1"})
	assert.False(t, known, "the kernel must say")
}

func FuzzParseMountinfo(f *testing.F) {
	for line := range strings.Lines(mountinfoText) {
		f.Add([]byte(line))
	}
	f.Add([]byte(mountinfoText))
	f.Add([]byte("1 2 0:1 / \\999 - - - - x y z"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := parseMountinfo(text)
		if err == nil && len(entries) > strings.Count(string(text), "\n")+1 {
			t.Errorf("%d entries of %d lines", len(entries), strings.Count(string(text), "\n")+1)
		}
	})
}
