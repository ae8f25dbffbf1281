package procstate

import (
	"strings"
)

// mount is one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	id      int
	device  string // "major:minor"
	root    string // what of the filesystem is mounted
	point   string
	fstype  string
	source  string
	options string // of the mount and of the filesystem
}

// parseMounts reads /proc/PID/mountinfo.
func parseMounts(text []byte) ([]mount, error) {
	var mounts []mount
	for line := range strings.Lines(string(text)) {
		line, whole := strings.CutSuffix(line, "\n")
		before, after, ok := strings.Cut(line, " - ")
		head, tail := strings.Split(before, " "), strings.Split(after, " ")
		if !whole || !ok || len(head) < 6 || len(tail) < 3 {
			return mounts, malformed("mountinfo", "a line has too few fields")
		}
		id, number := parseInt([]byte(head[0]))
		if !number {
			return mounts, malformed("mountinfo", "a line does not begin with a number")
		}
		mounts = append(mounts, mount{
			id: id, device: head[2], root: unescapeMount(head[3]), point: unescapeMount(head[4]),
			fstype: tail[0], source: unescapeMount(tail[1]), options: head[5] + "," + tail[2],
		})
	}
	return mounts, nil
}

// unescapeMount undoes the kernel's octal escapes of space, tab, newline and
// backslash.
func unescapeMount(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#").Replace(text)
}

// option returns the value of an option "name=value", or "" and true for a bare
// name.
func (m *mount) option(name string) (value string, ok bool) {
	for option := range strings.SplitSeq(m.options, ",") {
		if key, value, _ := strings.Cut(option, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// mountedAt returns the mount that covers a path exactly: the last one there.
func mountedAt(mounts []mount, path string) *mount {
	for i := len(mounts) - 1; i >= 0; i-- {
		if mounts[i].point == path {
			return &mounts[i]
		}
	}
	return nil
}

// cgroupFolder returns where the control group of a line can be read, or "" if
// its hierarchy is not mounted.
func cgroupFolder(mounts []mount, line cgroupLine) string {
	if strings.HasPrefix(line.path+"/", "/../") { // outside of this reader's cgroup namespace
		return ""
	}
	for i := range mounts {
		m := &mounts[i]
		if line.controllers == "" {
			if m.fstype != "cgroup2" {
				continue
			}
		} else if _, ok := m.option(line.controllers); m.fstype != "cgroup" || !ok {
			continue
		}
		if m.root == "/" {
			return strings.TrimSuffix(m.point+line.path, "/")
		}
		if below, ok := strings.CutPrefix(line.path, m.root); ok && (below == "" || below[0] == '/') {
			return m.point + below
		}
	}
	return ""
}

// mountByID returns the mount with an ID, or nil.
func mountByID(mounts []mount, id int) *Mount {
	for i := range mounts {
		if mounts[i].id == id && id != 0 {
			return mounts[i].exported()
		}
	}
	return nil
}

func (m *mount) exported() *Mount {
	return &Mount{Point: m.point, Type: m.fstype, Source: m.source, Device: m.device}
}
