package volumes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// add notes a path as a part, then every mount below it, then walks it for symbolic links.
func (f *finding) add(ctx context.Context, name, real, via string) error {
	if f.skipped(name) || f.skipped(real) {
		return nil
	}
	info, err := os.Lstat(f.host(real))
	if err != nil {
		f.unseen(opskit.Gap{What: quote(name), Why: f.say(err).Error()})
		return nil
	}
	if mode := info.Mode(); via != "" && mode&(fs.ModeCharDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		return nil
	}
	f.part(name, real, via)
	if !info.IsDir() || f.asked[real] {
		return nil
	}
	f.asked[real] = true
	for _, mount := range f.mounts.Below(real) {
		if f.asked[mount.Point] || f.skipped(mount.Point) {
			continue
		}
		f.part(mount.Point, mount.Point, "mount")
	}
	return f.walk(ctx, real)
}

// walk follows the symbolic links below dir. What is mounted below is walked too.
func (f *finding) walk(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	entries, err := os.ReadDir(f.host(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a running database makes and removes directories
		f.unseen(opskit.Gap{What: "links below " + quote(dir), Why: f.say(err).Error(), Need: "the rights of the data's owner, or root"})
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		switch {
		case f.skipped(name):
		case entry.IsDir():
			if f.asked[name] {
				continue
			}
			f.asked[name] = true
			if err := f.walk(ctx, name); err != nil {
				return err
			}
		case entry.Type()&fs.ModeSymlink != 0:
			real, err := f.resolve(name)
			if err != nil && !f.exists(name) {
				continue // removed meanwhile
			}
			if err != nil {
				f.unseen(opskit.Gap{What: "where the link " + quote(name) + " leads", Why: err.Error(), Need: "remove the link, or name it in Skip"})
				continue
			}
			if err := f.add(ctx, name, real, "symlink"); err != nil {
				return err
			}
		case entry.Type()&fs.ModeDevice != 0 && entry.Type()&fs.ModeCharDevice == 0:
			f.part(name, name, "device")
		}
	}
	return nil
}

func (f *finding) skipped(name string) bool {
	for _, skip := range f.Skip {
		if mountinfo.Inside(name, skip) {
			return true
		}
	}
	return false
}
