package ebssnap

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

func TestFreezable(t *testing.T) {
	for fstype, want := range map[string][2]bool{
		"ext4": {true, true}, "xfs": {true, true}, "btrfs": {true, true}, "tmpfs": {true, false}, "overlay": {true, false},
		"nfs4": {true, false}, "vfat": {true, false},
	} {
		known, yes := freezable(mountinfo.Mount{Type: fstype, Number: "0:40"})
		assert.Equal(t, want, [2]bool{known, yes}, fstype)
	}
	known, _ := freezable(mountinfo.Mount{Type: "newfs", Number: "8:1"})
	assert.False(t, known, "the kernel must say")
}

func TestReadOnlyIsOfTheFilesystemNotOfTheMount(t *testing.T) {
	assert.False(t, readOnly(mountinfo.Mount{Options: "ro,relatime", SuperOptions: "rw,attr2,errors=remount-ro"}))
	assert.True(t, readOnly(mountinfo.Mount{Options: "rw,relatime", SuperOptions: "ro,subvolid=256"}))
	assert.True(t, readOnly(mountinfo.Mount{SuperOptions: "ro"}))
	assert.False(t, readOnly(mountinfo.Mount{SuperOptions: "rw,space_cache=v2,subvolid=256,subvol=/a,ro"}), "the name of a subvolume")
}
