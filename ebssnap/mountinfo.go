package ebssnap

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// mountEntry is one line of /proc/PID/mountinfo, see proc_pid_mountinfo(5).
type mountEntry struct {
	id       int
	device   string // "major:minor"
	root     string // the folder of the filesystem that is mounted, "/" for all of it
	point    string
	fstype   string
	source   string
	readOnly bool // the filesystem itself, not only this mount of it
}

// parseMountinfo returns the entries of mountinfo in its order, which is the order of mounting. It returns what it could
// read together with an error that names the first line that it could not.
func parseMountinfo(text []byte) ([]mountEntry, error) {
	var entries []mountEntry
	var bad error
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		entry, err := parseMountLine(lines.Text())
		if err != nil {
			if bad == nil {
				bad = fmt.Errorf("parse mountinfo line %d: %w", n, err)
			}
			continue
		}
		entries = append(entries, entry)
	}
	if err := lines.Err(); err != nil && bad == nil {
		bad = fmt.Errorf("parse mountinfo: %w", err)
	}
	return entries, bad
}

func parseMountLine(line string) (mountEntry, error) {
	before, after, ok := strings.Cut(line, " - ")
	left, right := strings.Fields(before), strings.Fields(after)
	if !ok || len(left) < 6 || len(right) < 3 {
		return mountEntry{}, fmt.Errorf("%d and %d fields around \" - \", want at least 6 and 3", len(left), len(right))
	}
	id, err := strconv.Atoi(left[0])
	if err != nil {
		return mountEntry{}, fmt.Errorf("mount id: %w", err)
	}
	entry := mountEntry{
		id: id, device: left[2], root: unescapeOctal(left[3]), point: unescapeOctal(left[4]),
		fstype: right[0], source: unescapeOctal(right[1]),
	}
	for option := range strings.SplitSeq(right[2], ",") {
		entry.readOnly = entry.readOnly || option == "ro"
	}
	return entry, nil
}

// unescapeOctal undoes the kernel's escapes of blank, tab, newline and backslash: \040, \011, \012, \134.
func unescapeOctal(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if v, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// freezable reports whether filesystems of this type implement a freeze: yes, no, or only the kernel can tell.
func freezable(entry mountEntry) (known, yes bool) {
	switch entry.fstype {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "gfs2", "jfs", "nilfs2", "reiserfs", "bcachefs":
		return true, true
	case "vfat", "msdos", "exfat", "ntfs3", "squashfs", "iso9660", "udf", "erofs", "fuseblk":
		return true, false
	}
	if strings.HasPrefix(entry.device, "0:") { // no block device behind it: tmpfs, overlay, nfs, proc, ...
		return true, false
	}
	return false, false
}
