package volumes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// tree is a file tree whose absolute symbolic links stay inside it: the machine's own, or a copy of
// one.
type tree struct{ root string }

// host returns where a path of the tree is on this machine.
func (t tree) host(name string) string {
	if t.root == "" {
		return name
	}
	return filepath.Join(t.root, filepath.FromSlash(name))
}

// say names in an error of the operating system the path as it is in the tree, and so that a
// terminal shows it.
func (t tree) say(err error) error {
	var wrong *fs.PathError
	if !errors.As(err, &wrong) {
		return err
	}
	name := wrong.Path
	if t.root != "" {
		name = "/" + strings.TrimLeft(filepath.ToSlash(strings.TrimPrefix(name, filepath.Clean(t.root))), "/")
	}
	return &fs.PathError{Op: wrong.Op, Path: quote(name), Err: wrong.Err}
}

// maxLinks is the kernel's MAXSYMLINKS.
const maxLinks = 40

// resolve returns the path without symbolic links. It fails like stat(2) where the path does not
// exist.
func (t tree) resolve(name string) (string, error) {
	done, rest, links := "/", name, 0
	for rest != "" {
		var first string
		first, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		switch first {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, first)
		info, err := os.Lstat(t.host(next))
		if err != nil {
			return "", t.say(err)
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("resolve %s: too many levels of symbolic links", quote(name))
		}
		target, err := os.Readlink(t.host(next))
		if err != nil {
			return "", t.say(err)
		}
		if target = filepath.ToSlash(target); path.IsAbs(target) {
			done = "/"
		}
		rest = target + "/" + rest
	}
	return done, nil
}

// text returns a small file of sysfs without the blanks around it; absent is "".
func (t tree) text(name string) (string, error) {
	text, err := os.ReadFile(t.host(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), t.say(err)
}

func (t tree) exists(name string) bool {
	_, err := os.Lstat(t.host(name))
	return err == nil
}

// names returns the entries of a directory in order of name; absent is none.
func (t tree) names(dir string) ([]string, error) {
	entries, err := os.ReadDir(t.host(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, t.say(err)
}
