// Package mountinfo reads /proc/PID/mountinfo (proc_pid_mountinfo(5)), for procstate and ebssnap.
package mountinfo

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Mount is one line. Escaped bytes are resolved, but in the options, where a resolved comma would
// look like a separator: see Option.
type Mount struct {
	ID           int    // may be used again after an unmount
	Parent       int    // the mount that it lies on; not always one that is listed
	Number       string // the device's "major:minor"; major 0 is no block device
	Root         string // the part of the filesystem that is mounted; "net:[4026531840]" and the like are no path
	Point        string // where it is mounted, as the process sees it: absolute and clean
	Options      string // of this mount, as written
	Type         string // of the filesystem; FUSE adds ".SUBTYPE"
	Source       string // as the filesystem writes it: often a device, not always true, sometimes empty
	SuperOptions string // of the filesystem, as written
}

// Parse reads all lines. With an error, which names the first line that is wrong, it still returns
// every line that is right. A last line without its end was cut off, and is wrong.
func Parse(text []byte) (mounts []Mount, err error) {
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		mount, wrong := parse(line)
		switch {
		case wrong == nil:
			mounts = append(mounts, mount)
		case err == nil:
			err = fmt.Errorf("line %d of mountinfo: %w", n, wrong)
		}
	}
	return mounts, err
}

// parse reads "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue".
// Between options and "-" stand any number of tags; the source may be empty, which leaves two
// spaces. A filesystem that does not escape its options can only spoil their text, which is last.
func parse(line string) (Mount, error) {
	line, whole := strings.CutSuffix(line, "\n")
	before, after, found := strings.Cut(line, " - ")
	left, right := strings.Split(before, " "), strings.SplitN(after, " ", 3)
	if !whole || !found || len(left) < 6 || len(right) != 3 || right[0] == "" {
		return Mount{}, errors.New("want ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS and a line end")
	}
	m := Mount{
		Number: left[2], Root: unescape(left[3]), Point: unescape(left[4]), Options: left[5],
		Type: unescape(right[0]), Source: unescape(right[1]), SuperOptions: right[2],
	}
	var err error
	if m.ID, err = strconv.Atoi(left[0]); err != nil {
		return Mount{}, fmt.Errorf("mount id: %w", err)
	}
	if m.Parent, err = strconv.Atoi(left[1]); err != nil {
		return Mount{}, fmt.Errorf("parent id: %w", err)
	}
	if !IsNumber(m.Number) {
		return Mount{}, fmt.Errorf("device number %q is not MAJOR:MINOR", m.Number)
	}
	if !path.IsAbs(m.Point) || path.Clean(m.Point) != m.Point {
		return Mount{}, fmt.Errorf("mount point %q is not a clean absolute path", m.Point)
	}
	return m, nil
}

// IsNumber reports whether text is a device number, "MAJOR:MINOR".
func IsNumber(text string) bool {
	major, minor, found := strings.Cut(text, ":")
	_, err := strconv.ParseUint(major, 10, 32)
	_, err2 := strconv.ParseUint(minor, 10, 32)
	return found && err == nil && err2 == nil
}

// unescape resolves the octal escapes of the kernel: of space, tab, line end and backslash
// everywhere, and of some more bytes in sources and options.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// Anonymous reports whether the mount's device number stands for no block device.
func (m Mount) Anonymous() bool { return strings.HasPrefix(m.Number, "0:") }

// Option returns the value of an option NAME=VALUE of the mount or of its filesystem, or "" and
// true for one that is a bare name.
func (m Mount) Option(name string) (value string, found bool) {
	for option := range strings.SplitSeq(m.Options+","+m.SuperOptions, ",") {
		if key, value, _ := strings.Cut(option, "="); key == name {
			return unescape(value), true
		}
	}
	return "", false
}
