package volumes

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Mount is one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). Escaped bytes are resolved.
type Mount struct {
	ID           int    `json:"id"`                      // may be used again after an unmount
	Parent       int    `json:"parent"`                  // the mount that it lies on
	Number       string `json:"number"`                  // the device's "major:minor"; major 0 is no block device
	Root         string `json:"root,omitempty"`          // the part of the filesystem that is mounted
	Point        string `json:"point"`                   // where it is mounted, as this process sees it
	Options      string `json:"options,omitempty"`       // of this mount
	Type         string `json:"type"`                    // of the filesystem
	Source       string `json:"source,omitempty"`        // as the filesystem writes it: often a device, and not always true
	SuperOptions string `json:"super_options,omitempty"` // of the filesystem
}

// maxLine bounds a line of mountinfo. An overlay's options may take a page, and mount points PATH_MAX; escaped, four times as much.
const maxLine = 1 << 20

// ParseMountinfo reads /proc/PID/mountinfo. With an error that matches ErrMalformed and names the first line that is wrong it still returns every line
// that is right.
func ParseMountinfo(r io.Reader) ([]Mount, error) {
	var mounts []Mount
	var wrong error
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for n := 1; lines.Scan(); n++ {
		mount, err := parseMount(lines.Text())
		if err == nil {
			mounts = append(mounts, mount)
		} else if wrong == nil {
			wrong = &Error{Op: "parse mountinfo", Target: "line " + strconv.Itoa(n), Err: fmt.Errorf("%w: %w", ErrMalformed, err)}
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return mounts, errors.Join(wrong, &Error{Op: "read mountinfo", Err: err})
	}
	return mounts, wrong
}

// parseMount reads "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue". Between options and "-" stand
// any number of tags; the source may be empty, which leaves two blanks.
func parseMount(line string) (Mount, error) {
	before, after, found := strings.Cut(line, " - ")
	left, right := strings.Split(before, " "), strings.Split(after, " ")
	if !found || len(left) < 6 || len(right) != 3 {
		return Mount{}, errors.New("want ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS")
	}
	m := Mount{
		Number: left[2], Root: unescape(left[3]), Point: unescape(left[4]), Options: left[5],
		Type: unescape(right[0]), Source: unescape(right[1]), SuperOptions: unescape(right[2]),
	}
	var err error
	if m.ID, err = strconv.Atoi(left[0]); err != nil {
		return Mount{}, fmt.Errorf("mount id: %w", err)
	}
	if m.Parent, err = strconv.Atoi(left[1]); err != nil {
		return Mount{}, fmt.Errorf("parent id: %w", err)
	}
	if err := checkNumber(m.Number); err != nil {
		return Mount{}, err
	}
	if !path.IsAbs(m.Point) || path.Clean(m.Point) != m.Point {
		return Mount{}, fmt.Errorf("mount point %q is not a clean absolute path", m.Point)
	}
	return m, nil
}

func checkNumber(number string) error {
	major, minor, found := strings.Cut(number, ":")
	_, err := strconv.ParseUint(major, 10, 32)
	_, err2 := strconv.ParseUint(minor, 10, 32)
	if !found || err != nil || err2 != nil {
		return fmt.Errorf("device number %q is not MAJOR:MINOR", number)
	}
	return nil
}

// unescape resolves the octal escapes (\040 blank, \011 tab, \012 newline, \134 backslash, \043 hash) of the kernel's mangle().
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

// anonymous reports whether the mount's device number stands for no block device.
func (m Mount) anonymous() bool { return strings.HasPrefix(m.Number, "0:") }

// option returns the value of NAME=VALUE among the filesystem's own options.
func (m Mount) option(name string) string {
	for option := range strings.SplitSeq(m.SuperOptions, ",") {
		if value, found := strings.CutPrefix(option, name+"="); found {
			return value
		}
	}
	return ""
}
