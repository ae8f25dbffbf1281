//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Check tells of every mount point whether it could be frozen, whether the journal can be written,
// whether the guard starts, and whether an earlier run left something frozen. A guard is started
// and ended, nothing is frozen, and nothing asks the filesystem for anything that a freeze by
// another program would hold up: what is frozen now is told by Recover.
func (f *FS) Check(ctx context.Context, _ []string) (found []opskit.Capability, gaps []opskit.Gap) {
	entries, err := readMounts()
	found = append(found, capability("mounts", err, "mount -t proc proc /proc"))
	var devices []string
	for _, path := range f.Mounts {
		m, err := checkMount(path)
		devices = append(devices, m.entry.Number)
		if f.Whole && errors.Is(err, errPart) {
			err = nil
		}
		c := capability("mount", err, "")
		c.Why = path + ": " + c.Why
		if err == nil {
			stops, _ := scope([]mount{m}, entries)
			c.Why += m.entry.Type + " on " + m.entry.Source + stops[0].waits()
			for _, g := range stops[0].gaps() {
				c.Why += "; " + g.String()
			}
		}
		found = append(found, c)
	}
	health, gaps := f.checkHealth()
	found = append(found, health, freezeCapability())
	directory, err := openJournal(f.Journal)
	c := capability("journal", err, "mkdir -m 0700 /run/opskit-ebssnap")
	if err == nil {
		c.Why = directory
	}
	left, gap := f.checkLeftovers(ctx, devices)
	return append(found, c, f.checkGuard(ctx), left), append(gaps, gap...)
}

// checkHealth tells whether the filesystems lost writes or take none any more, and what they count
// of errors. That the kernel's log does not reach back is nothing that a check could mend.
func (f *FS) checkHealth() (c opskit.Capability, gaps []opskit.Gap) {
	c = opskit.Capability{Name: "health", OK: true}
	entries, err := readMounts()
	if err != nil {
		return capability(c.Name, err, ""), nil
	}
	p := &preparedFS{}
	for _, path := range f.Mounts {
		m, err := openMount(path)
		if err != nil {
			continue // told of the mount point
		}
		if err := m.identify(entries); err == nil || errors.Is(err, errPart) {
			p.mounts, p.stops = append(p.mounts, m), append(p.stops, Stopped{Mount: path})
			continue
		}
		_ = m.dir.Close() // it was only read
	}
	p.looks(func(s *Stopped) *Health { return &s.Before }, true)
	var why []string
	for _, s := range p.stops {
		damage := s.damage()
		c.OK = c.OK && len(damage) == 0
		why = append(why, slices.Concat(damage, s.concerns())...)
	}
	if err := errors.Join(p.log.close(), closeMounts(p.mounts)); err != nil {
		gaps = append(gaps, opskit.Gap{What: "the health of the filesystems", Why: err.Error()})
	}
	c.Why = strings.Join(why, "; ")
	return c, gaps
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

func (f *FS) checkGuard(ctx context.Context) opskit.Capability {
	if f.NoGuard {
		return opskit.Capability{Name: "guard", Why: "none is wanted: what is frozen stays frozen if this process is killed"}
	}
	p := &preparedFS{}
	if err := p.start(ctx, f); err != nil {
		return capability("guard", err, "")
	}
	return capability("guard", p.engine.Close(), "")
}

func (f *FS) checkLeftovers(ctx context.Context, devices []string) (opskit.Capability, []opskit.Gap) {
	const name = "nothing_left_frozen"
	var directories []string
	if f.Journal != "" {
		directories = []string{f.Journal}
	}
	plan, err := recoverPlan(ctx, directories, false)
	if err != nil {
		return capability(name, err, ""), nil
	}
	plan.Filesystems = slices.DeleteFunc(plan.Filesystems, func(l Filesystem) bool { return !slices.Contains(devices, l.Device) })
	if plan.any(FrozenByDeadRun) {
		return opskit.Capability{Name: name, Why: "an earlier run died and left something frozen", Fix: plan.Rescue()}, plan.Unseen
	}
	return opskit.Capability{Name: name, OK: true, Why: "no journal and no sleeping process shows a freeze of a dead run"}, plan.Unseen
}
