//go:build linux && !opskit_portable

package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// InProcess freezes and thaws from this process, without any other: what it froze stays frozen when the process is killed.
type InProcess struct {
	dirs   []*os.File
	mu     sync.Mutex
	mounts []Mount
}

// NewInProcess returns an InProcess for directories in the order in which they are to be frozen; they are kept open by the caller.
func NewInProcess(dirs []*os.File) *InProcess {
	return &InProcess{dirs: dirs, mounts: make([]Mount, len(dirs))}
}

// Mounts returns where every filesystem stands now.
func (p *InProcess) Mounts() []Mount {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Mount(nil), p.mounts...)
}

// ThawedBy returns ByNobody: only the owner can.
func (p *InProcess) ThawedBy() By { return ByNobody }

// Sleeps returns nil: there are no canaries.
func (p *InProcess) Sleeps() []bool { return nil }

// Pid returns 0: there is no guard process.
func (p *InProcess) Pid() int { return 0 }

// Freeze freezes every filesystem or none. The caller thaws at the deadline.
func (p *InProcess) Freeze(ctx context.Context, deadline time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, dir := range p.dirs {
		m := &p.mounts[i]
		if ctx.Err() != nil || Now() >= deadline {
			p.thaw()
			return ErrExpired
		}
		m.FreezeBegin = Now()
		m.Errno = ioctl(int(dir.Fd()), fifreeze)
		m.FreezeEnd = Now()
		if m.Errno != 0 {
			m.State = Refused
			p.thaw()
			return &MountError{Index: i, Err: errors.Join(ErrRefused, m.Errno)}
		}
		m.State = Frozen
	}
	if ctx.Err() != nil || Now() >= deadline {
		p.thaw()
		return ErrExpired
	}
	return nil
}

// Thaw thaws what is frozen.
func (p *InProcess) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thaw()
}

func (p *InProcess) thaw() {
	for i := len(p.dirs) - 1; i >= 0; i-- {
		m := &p.mounts[i]
		if m.State != Frozen {
			continue
		}
		m.ThawBegin = Now()
		m.Errno = ioctl(int(p.dirs[i].Fd()), fithaw)
		m.ThawEnd = Now()
		m.State = afterThaw(m.Errno)
	}
}

// Close thaws what is frozen.
func (p *InProcess) Close() error {
	p.Thaw()
	return nil
}

// Sync writes the dirty data of the filesystem of dir to its device.
func Sync(dir *os.File) error {
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("syncfs: %w", err)
	}
	return nil
}
