package restore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Filesystem is what the superblock of a copy says. The zero value says nothing.
type Filesystem struct {
	Type string `json:"type"`         // "ext4" (also ext2 and ext3), "xfs" or "btrfs"
	ID   string `json:"id,omitempty"` // its UUID, lower case with hyphens
	// Log says whether changes wait in the log that the filesystem itself does not hold yet. A
	// freeze empties the logs of ext4 and btrfs. xfs does not tell (nil): a freeze leaves a record
	// in its log by design.
	Log *bool `json:"log,omitempty"`
}

// Where the superblocks lie, and what in them; see the kernel's fs/ext4/ext4.h,
// fs/xfs/libxfs/xfs_format.h and include/uapi/linux/btrfs_tree.h.
const (
	extStart, btrfsStart = 1024, 64 << 10

	extMagicAt, extIncompatAt, extIDAt  = 0x38, 0x60, 0x68
	extNeedsRecovery                    = 0x4
	xfsIDAt                             = 32
	btrfsIDAt, btrfsMagicAt, btrfsLogAt = 0x20, 0x40, 0x60
	superblockSize                      = 512
	extMagic                            = 0xEF53
	xfsMagic, btrfsMagic                = "XFSB", "_BHRfS_M"
)

// Identify reads the superblock at the start of r. It returns ErrUnknownFilesystem where there is
// none of ext4, xfs or btrfs.
func Identify(r io.ReaderAt) (Filesystem, error) {
	block := make([]byte, superblockSize)
	var failed error
	at := func(offset int64) bool {
		_, err := r.ReadAt(block, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			failed = errors.Join(failed, fmt.Errorf("read superblock: %w", err))
		}
		return err == nil
	}
	if at(btrfsStart) && bytes.Equal(block[btrfsMagicAt:btrfsMagicAt+8], []byte(btrfsMagic)) {
		log := binary.LittleEndian.Uint64(block[btrfsLogAt:]) != 0
		return Filesystem{Type: "btrfs", ID: uuid(block[btrfsIDAt:]), Log: &log}, nil
	}
	if at(0) && bytes.HasPrefix(block, []byte(xfsMagic)) {
		return Filesystem{Type: "xfs", ID: uuid(block[xfsIDAt:])}, nil
	}
	if at(extStart) && binary.LittleEndian.Uint16(block[extMagicAt:]) == extMagic {
		log := binary.LittleEndian.Uint32(block[extIncompatAt:])&extNeedsRecovery != 0
		return Filesystem{Type: "ext4", ID: uuid(block[extIDAt:]), Log: &log}, nil
	}
	if failed != nil {
		return Filesystem{}, failed
	}
	return Filesystem{}, ErrUnknownFilesystem
}

func uuid(b []byte) string {
	h := hex.EncodeToString(b[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
