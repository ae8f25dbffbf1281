package ipsec

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/opskit-go/opskit"
)

// Files are one end's files in the order of writing.
type Files []File

// File is one rendered file. Printing it shows its path, mode and size, never
// its content; JSON holds the same.
type File struct {
	Path string      `json:"path"` // from the root directory, without a leading slash
	Mode fs.FileMode `json:"mode"` // permission bits
	Size int         `json:"size"` // bytes

	content func() []byte // a function, so that no printing of a surrounding value shows a key
}

func newFile(name string, mode fs.FileMode, content []byte) File {
	return File{Path: name, Mode: mode, Size: len(content), content: func() []byte { return content }}
}

// Bytes returns a copy of the content, which for ipsec.secrets is a secret; nil
// for a File that was read from JSON.
func (f File) Bytes() []byte {
	if f.content == nil {
		return nil
	}
	return append([]byte{}, f.content()...)
}

// String returns path, mode and size.
func (f File) String() string {
	return fmt.Sprintf("%s (mode %04o, %d bytes)", opskit.Escape(f.Path), f.Mode.Perm(), f.Size)
}

// Format prints what String returns, whatever the verb.
func (f File) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// Find returns the file of that path.
func (fs Files) Find(name string) (File, bool) {
	for _, f := range fs {
		if f.Path == name {
			return f, true
		}
	}
	return File{}, false
}

// Replaced returns the paths of those files that exist below root with another
// content, which WriteTo would replace. A file that cannot be read counts.
func (fs Files) Replaced(root *os.Root) []string {
	var paths []string
	for _, f := range fs {
		if old, err := root.ReadFile(f.Path); err == nil && !bytes.Equal(old, f.Bytes()) || err != nil && !errors.Is(err, os.ErrNotExist) {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// WriteTo writes the files below root, each first under a temporary name with
// its final mode, whatever the umask, and then renamed: no reader ever sees
// half a file, nor a secret with a wider mode. Files of the same names are
// replaced, with the other connections that they hold: see Replaced. Missing directories are made with
// mode 0755. Nothing outside of root is touched; a target that is a symbolic
// link is refused with an error matching ErrLink, before anything is written.
//
// After an error the files before the one named in it have been written.
func (fs Files) WriteTo(root *os.Root) error {
	for _, f := range fs {
		if info, err := root.Lstat(f.Path); err == nil && !info.Mode().IsRegular() {
			reason := errors.New("is not a regular file")
			if info.Mode()&os.ModeSymlink != 0 {
				reason = ErrLink
			}
			return &opskit.Error{Op: "write", Target: f.Path, Err: reason}
		}
	}
	for _, f := range fs {
		if err := writeFile(root, f); err != nil {
			return &opskit.Error{Op: "write", Target: f.Path, Err: err}
		}
	}
	return nil
}

func writeFile(root *os.Root, f File) (err error) {
	if f.content == nil {
		return errors.New("no content; a File read from JSON cannot be written")
	}
	if err := root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
		return err
	}
	random := make([]byte, 8)
	_, _ = rand.Read(random) // documented never to fail
	temp := path.Join(path.Dir(f.Path), "."+path.Base(f.Path)+"."+hex.EncodeToString(random))
	// Exclusive and 0600 first: the umask can only narrow it.
	w, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Remove(temp))
		}
	}()
	_, err = w.Write(f.content())
	if err == nil {
		err = w.Chmod(f.Mode.Perm())
	}
	if err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	return root.Rename(temp, f.Path)
}
