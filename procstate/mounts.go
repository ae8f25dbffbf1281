package procstate

import (
	"strings"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

// mountedAt returns the mount that covers a path exactly: the last one there.
func mountedAt(mounts []mountinfo.Mount, path string) *mountinfo.Mount {
	for i := len(mounts) - 1; i >= 0; i-- {
		if mounts[i].Point == path {
			return &mounts[i]
		}
	}
	return nil
}

// cgroupDirectory returns where the control group of a line can be read, or "" if
// its hierarchy is not mounted.
func cgroupDirectory(mounts []mountinfo.Mount, line cgroupLine) string {
	if strings.HasPrefix(line.path+"/", "/../") { // outside of this reader's cgroup namespace
		return ""
	}
	for _, m := range mounts {
		if line.controllers == "" {
			if m.Type != "cgroup2" {
				continue
			}
		} else if _, ok := m.Option(line.controllers); m.Type != "cgroup" || !ok {
			continue
		}
		if m.Root == "/" {
			return strings.TrimSuffix(m.Point+line.path, "/")
		}
		if below, ok := strings.CutPrefix(line.path, m.Root); ok && (below == "" || below[0] == '/') {
			return m.Point + below
		}
	}
	return ""
}

// mountByID returns the mount with an ID, or nil.
func mountByID(mounts []mountinfo.Mount, id int) *mountinfo.Mount {
	for i := range mounts {
		if mounts[i].ID == id && id != 0 {
			return &mounts[i]
		}
	}
	return nil
}

func exported(m *mountinfo.Mount) *Mount {
	if m == nil {
		return nil
	}
	return &Mount{Point: m.Point, Type: m.Type, Source: m.Source, Device: m.Number}
}
