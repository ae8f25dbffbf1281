package volumes

import (
	"path"
	"strings"
)

// mounts answers which mount a path lies on. It follows the parents in mountinfo, because the mount point alone does not say it: a later
// mount hides those below it, and several lie on one point.
type mounts struct {
	list     []Mount
	children map[int][]int // mount id -> indexes of list, in the order of mounting
	known    map[int]bool
}

func newMounts(list []Mount) mounts {
	m := mounts{list: list, children: map[int][]int{}, known: map[int]bool{}}
	for i, one := range list {
		m.known[one.ID] = true
		if one.Parent != one.ID {
			m.children[one.Parent] = append(m.children[one.Parent], i)
		}
	}
	return m
}

// of returns the mount that path lies on; path holds no symbolic links.
func (m mounts) of(name string) (Mount, bool) {
	at := -1
	for i, one := range m.list {
		if one.Point == "/" && (!m.known[one.Parent] || one.Parent == one.ID) {
			at = i
			break
		}
	}
	if at < 0 { // in a chroot whose root is no mount point, mountinfo does not show the mount that the root lies on
		return Mount{}, false
	}
	at = m.over(at, "/")
	for end := 1; end <= len(name); end++ {
		if end == len(name) || name[end] == '/' {
			at = m.over(at, name[:end])
		}
	}
	return m.list[at], true
}

// over returns the topmost mount of those stacked on the mount at over the given point.
func (m mounts) over(at int, point string) int {
	for range m.list {
		next := -1
		for _, i := range m.children[m.list[at].ID] {
			if m.list[i].Point == point {
				next = i
			}
		}
		if next < 0 {
			return at
		}
		at = next
	}
	return at
}

// below returns the visible mounts whose points lie below dir.
func (m mounts) below(dir string) []Mount {
	var list []Mount
	for _, one := range m.list {
		if one.Point == dir || !inside(one.Point, dir) {
			continue
		}
		if top, ok := m.of(one.Point); ok && top.ID == one.ID {
			list = append(list, one)
		}
	}
	return list
}

// inside reports whether name is dir or lies below it.
func inside(name, dir string) bool {
	dir = path.Clean(dir)
	return name == dir || dir == "/" || strings.HasPrefix(name, dir+"/")
}
