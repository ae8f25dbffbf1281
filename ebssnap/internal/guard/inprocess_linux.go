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

// InProcess freezes and thaws from this process, without any other: what it froze stays frozen when
// the process is killed, until somebody reads the page.
type InProcess struct {
	dirs   []*os.File
	mu     sync.Mutex
	page   *page
	closed bool
}

// NewInProcess returns an InProcess for Dirs and Page of c; the other fields do not matter.
func NewInProcess(c Config) (*InProcess, error) {
	if len(c.Dirs) > maxMounts {
		return nil, fmt.Errorf("%d filesystems, at most %d", len(c.Dirs), maxMounts)
	}
	file, closeFile, err := c.page()
	if err != nil {
		return nil, err
	}
	defer closeFile()
	shared, err := newPage(file, make([]bool, len(c.Dirs)), false)
	if err != nil {
		return nil, err
	}
	return &InProcess{dirs: c.Dirs, page: shared}, nil
}

// Pid returns this process.
func (p *InProcess) Pid() int { return os.Getpid() }

// Mounts returns where every filesystem stands now.
func (p *InProcess) Mounts() []Mount {
	mounts := make([]Mount, len(p.dirs))
	for i := range mounts {
		mounts[i] = p.page.mount(i)
	}
	return mounts
}

// ThawedBy returns ByNobody: only the owner can.
func (p *InProcess) ThawedBy() By { return ByNobody }

// Watch returns nil: there are no canaries.
func (p *InProcess) Watch() []Watched { return nil }

// Freeze freezes every filesystem or none. The caller thaws at the deadline.
func (p *InProcess) Freeze(ctx context.Context, deadline time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	undone := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { // a FIFREEZE that does not end must not keep what was frozen before it
		defer close(undone)
		p.thaw()
	})
	defer func() {
		if !stop() {
			<-undone
		}
	}()
	for i, dir := range p.dirs {
		if ctx.Err() != nil || Now() >= deadline {
			p.thaw()
			return ErrExpired
		}
		if errno := p.page.freeze(i, int(dir.Fd())); errno != 0 {
			p.thaw()
			return &MountError{Index: i, Err: errors.Join(ErrRefused, errno)}
		}
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
	if p.closed {
		return
	}
	for i := len(p.dirs) - 1; i >= 0; i-- {
		p.page.thaw(i, int(p.dirs[i].Fd()), Frozen)
	}
}

// Close thaws what is frozen.
func (p *InProcess) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.thaw()
	p.closed = true
	return p.page.close()
}

// Sync writes the dirty data of a filesystem to its device. Where that does not end, neither does
// the thread that waits for it.
func (p *InProcess) Sync(ctx context.Context, i int) error {
	ended, fd := make(chan error, 1), int(p.dirs[i].Fd())
	go func() { ended <- unix.Syncfs(fd) }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("syncfs: %w", err)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
