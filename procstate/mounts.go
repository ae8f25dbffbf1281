package procstate

import (
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
