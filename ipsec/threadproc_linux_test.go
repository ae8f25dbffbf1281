//go:build linux && !opskit_portable

package ipsec_test

import (
	"io/fs"
	"os"
	"strings"
)

// threadProc is /proc, with net as the calling thread's namespace shows it.
type threadProc struct{}

func (threadProc) path(name string) string {
	if strings.HasPrefix(name, "net/") {
		return "/proc/thread-self/" + name
	}
	return "/proc/" + name
}

func (p threadProc) Open(name string) (fs.File, error)          { return os.Open(p.path(name)) }
func (p threadProc) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(p.path(name)) }
func (p threadProc) ReadLink(name string) (string, error)       { return os.Readlink(p.path(name)) }
func (p threadProc) Lstat(name string) (fs.FileInfo, error)     { return os.Lstat(p.path(name)) }
