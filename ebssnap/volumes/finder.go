package volumes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// Finder finds the volumes behind paths. The zero value looks at this machine. It is safe for
// concurrent use while nobody changes it.
type Finder struct {
	// Root is where proc, sys, dev and the data are found; empty means "/". A copy of another
	// machine's files serves.
	Root string
	// Mappings are the instance's block device mappings, from the cloud. Only Xen disks need them:
	// NVMe disks tell their volume.
	Mappings []Mapping
	// Skip names absolute paths below which nothing is looked at, because the application makes it
	// anew: a statistics directory, a socket, a certificate elsewhere.
	Skip []string
}

// finding is one run of Find.
type finding struct {
	Finder
	tree

	mounts mountinfo.Tree
	layout *Layout
	asked  map[string]bool // directories that are walked
	cached map[int]cached  // by mount id
}

type cached struct {
	devices []Device
	err     error
}

// Find tells what the data below paths lies on: each path itself, every mount below it, and
// whatever symbolic links below it lead to, as far as they lead. Paths are absolute; a file or a
// block device will do as well as a directory. Device files, sockets and pipes below the paths are
// no data, block devices are.
//
// It only reads: mountinfo, sysfs, directories and links, no file of the data. It takes one read of
// each directory, ends early with the context's error when ctx ends, and can, like every program,
// hang in the kernel on a dead network filesystem below the paths.
//
// A part whose device cannot be told is not an error but a Part with Err. An error matches
// ErrUsage, ErrNoPath if a given path is not there, ErrMalformed, or errors.ErrUnsupported where
// there is no Linux /proc.
func (f Finder) Find(ctx context.Context, paths ...string) (*Layout, error) {
	if len(paths) == 0 {
		return nil, &opskit.Error{Op: "find", Err: fmt.Errorf("%w: no path", ErrUsage)}
	}
	run := &finding{Finder: f, tree: tree{f.Root}, layout: &Layout{Paths: slices.Clone(paths)}, asked: map[string]bool{}, cached: map[int]cached{}}
	if err := run.readMounts(); err != nil {
		return nil, err
	}
	for _, name := range paths {
		if !path.IsAbs(name) {
			return nil, &opskit.Error{Op: "find", Target: name, Err: fmt.Errorf("%w: not absolute", ErrNoPath)}
		}
		real, err := run.resolve(name)
		if err != nil {
			return nil, &opskit.Error{Op: "find", Target: name, Err: fmt.Errorf("%w: %w", ErrNoPath, err)}
		}
		if err := run.add(ctx, name, real, ""); err != nil {
			return nil, &opskit.Error{Op: "find", Target: name, Err: err}
		}
	}
	return run.layout, nil
}

func (f *finding) readMounts() error {
	text, err := os.ReadFile(f.host("/proc/self/mountinfo"))
	if errors.Is(err, fs.ErrNotExist) {
		return &opskit.Error{Op: "read mountinfo", Err: fmt.Errorf("%w: %w: Linux and a mounted /proc are needed", errors.ErrUnsupported, f.say(err))}
	}
	if err != nil {
		return &opskit.Error{Op: "read mountinfo", Err: f.say(err)}
	}
	list, err := mountinfo.Parse(text)
	if err != nil {
		return &opskit.Error{Op: "read mounts", Err: fmt.Errorf("%w: %w", ErrMalformed, err)}
	}
	f.mounts = mountinfo.NewTree(list)
	return nil
}

func (f *finding) unseen(g opskit.Gap) {
	if !slices.Contains(f.layout.Unseen, g) {
		f.layout.Unseen = append(f.layout.Unseen, g)
	}
}

// part notes what a path lies on. real is the path without symbolic links.
func (f *finding) part(name, real, via string) {
	p := Part{Path: name, Via: via}
	if real != name {
		p.Target = real
	}
	var err error
	mount, ok := f.mounts.Of(real)
	switch number, block := blockNumber(f.host(real)); {
	case block:
		var device Device
		if device, err = f.byNumber(number, 0); err == nil {
			p.Devices = []Device{device}
		}
	case !ok:
		err = fmt.Errorf("%w: mountinfo does not show the mount of / (a chroot whose root is no mount point)", ErrUnknownDevice)
	default:
		p.Mount = (*Mount)(&mount)
		known, ok := f.cached[mount.ID]
		if !ok {
			known.devices, known.err = f.devices(mount, 0)
			f.cached[mount.ID] = known
		}
		p.Devices, err = known.devices, known.err
	}
	if err != nil {
		p.Err = opskit.Fail(&opskit.Error{Op: "find", Target: real, Err: err})
	}
	f.layout.Parts = append(f.layout.Parts, p)
}
