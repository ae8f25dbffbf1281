package mountinfo

import (
	"path"
	"strings"
)

// Tree answers which mount a path lies on. It follows the parents, because the mount point alone
// does not say it: a later mount hides those below it, and several lie on one point.
type Tree struct {
	list     []Mount
	root     int           // index of list, -1 without one
	children map[int][]int // mount id -> indexes of list, in the order of mounting
}

// NewTree returns the tree of the mounts that one process sees.
func NewTree(list []Mount) Tree {
	t := Tree{list: list, root: -1, children: map[int][]int{}}
	known := map[int]bool{}
	for i, one := range list {
		known[one.ID] = true
		if one.Parent != one.ID {
			t.children[one.Parent] = append(t.children[one.Parent], i)
		}
	}
	for i, one := range list {
		if one.Point == "/" && (!known[one.Parent] || one.Parent == one.ID) {
			t.root = i
			break
		}
	}
	return t
}

// Of returns the mount that a path lies on. The path is absolute and clean, and holds no symbolic
// links. In a chroot whose root is no mount point, mountinfo does not show the mount that the root
// lies on, and nothing is found.
func (t Tree) Of(name string) (Mount, bool) {
	if t.root < 0 {
		return Mount{}, false
	}
	at := t.over(t.root, "/")
	for end := 1; end <= len(name); end++ {
		if end == len(name) || name[end] == '/' {
			at = t.over(at, name[:end])
		}
	}
	return t.list[at], true
}

// over returns the topmost mount of those stacked on the mount at over the given point.
func (t Tree) over(at int, point string) int {
	for range t.list {
		next := -1
		for _, i := range t.children[t.list[at].ID] {
			if t.list[i].Point == point {
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

// Below returns the visible mounts whose points lie below dir.
func (t Tree) Below(dir string) []Mount {
	var list []Mount
	for _, one := range t.list {
		if one.Point == dir || !Inside(one.Point, dir) {
			continue
		}
		if top, ok := t.Of(one.Point); ok && top.ID == one.ID {
			list = append(list, one)
		}
	}
	return list
}

// Inside reports whether name is dir or lies below it.
func Inside(name, dir string) bool {
	dir = path.Clean(dir)
	return name == dir || dir == "/" || strings.HasPrefix(name, dir+"/")
}
