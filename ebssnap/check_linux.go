//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"strings"
)

// Check tells of every mount point whether it could be frozen, whether the journal can be written, whether the guard starts, and whether an
// earlier run left something frozen. A guard is started and ended, nothing is frozen, and nothing asks the filesystem for anything
// that a freeze by another program would hold up.
func (f *FS) Check(ctx context.Context, _ []string) []Capability {
	var found []Capability
	_, err := readMounts()
	found = append(found, capability("mounts", err, "mount -t proc proc /proc"))
	for _, path := range f.Mounts {
		m, err := checkMount(path)
		c := capability("mount "+path, err, "")
		if err == nil {
			c.Why = m.entry.Type + " on " + m.entry.Source
		}
		found = append(found, c)
	}
	found = append(found, freezeCapability())
	folder, err := openJournal(f.Journal)
	c := capability("journal", err, "mkdir -m 0700 /run/opskit-ebssnap")
	if err == nil {
		c.Why = folder
	}
	return append(found, c, f.checkGuard(ctx), f.checkLeftovers(ctx))
}

// checkMount returns the mount of path, closed.
func checkMount(path string) (mount, error) {
	m, err := openMount(path)
	if err != nil {
		return m, err
	}
	entries, err := readMounts()
	if err == nil {
		err = m.identify(entries)
	}
	return m, errors.Join(err, m.dir.Close())
}

func (f *FS) checkGuard(ctx context.Context) Capability {
	if f.Guard == GuardNone {
		return Capability{Name: "guard", Why: "none is wanted: what is frozen stays frozen if this process is killed"}
	}
	p := &preparedFS{}
	if err := p.start(ctx, f.Guard); err != nil {
		return capability("guard", err, "")
	}
	return capability("guard", p.engine.Close(), "")
}

func (f *FS) checkLeftovers(ctx context.Context) Capability {
	var folders []string
	if f.Journal != "" {
		folders = []string{f.Journal}
	}
	plan, err := Recover(ctx, folders...)
	if err != nil {
		return capability("nothing left frozen", err, "")
	}
	var left []string
	for _, l := range plan.Leftovers {
		if !l.Over {
			left = append(left, l.Mount)
		}
	}
	if left != nil {
		return capability("nothing left frozen", errors.New("an earlier run died and left "+strings.Join(left, " ")), "snapshot -recover -yes")
	}
	return capability("nothing left frozen", nil, "")
}
