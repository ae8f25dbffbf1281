//go:build linux && !opskit_portable

package guard

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The layout of struct page in src/guard.c.
const (
	pageMagic   = 0x65627367 // "gsbe"
	pageVersion = 1
	maxMounts   = 32

	offMagic    = 0
	offVersion  = 4
	offCount    = 8
	offOwner    = 12
	offGuard    = 16
	offThawedBy = 20
	offProbe    = 24
	offDeadline = 32
	offReady    = 40
	offMounts   = 128
	sizeMount   = 80
	pageSize    = offMounts + maxMounts*sizeMount

	mntState        = 0
	mntErrno        = 4
	mntCanary       = 8
	mntCanaryPID    = 12
	mntCanaryErrno  = 16
	mntCanaryWanted = 20
	mntFreezeBegin  = 24
	mntFreezeEnd    = 32
	mntThawBegin    = 40
	mntThawEnd      = 48
	mntCanaryBack   = 56

	mntCanaryEntered = 64
	mntCanarySlept   = 72
	mntCanaryPassed  = 76
)

// page is the memory shared with the guard. Its fields are read and written with atomic operations.
type page struct {
	memory []byte
}

// ThawedByAt is where a page says who thawed first, a By.
const ThawedByAt = offThawedBy

// RecordAt is where the owner's own record begins in a file that holds the page.
const RecordAt = 4096

// FirstDir is the guard's descriptor of the first directory (DIRS in guard.c).
const FirstDir = 2

// newPage sizes file, maps it shared and fills in what the guard reads at its start.
func newPage(file *os.File, canaries []bool, probe bool) (*page, error) {
	if info, err := file.Stat(); err != nil || info.Size() < pageSize {
		if err := file.Truncate(pageSize); err != nil {
			return nil, fmt.Errorf("size page: %w", err)
		}
	}
	memory, err := unix.Mmap(int(file.Fd()), 0, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map page: %w", err)
	}
	p := &page{memory: memory}
	p.store32(offMagic, pageMagic)
	p.store32(offVersion, pageVersion)
	p.store32(offCount, uint32(len(canaries)))
	p.store32(offOwner, uint32(os.Getpid()))
	if probe {
		p.store32(offProbe, 1)
	}
	for i, wanted := range canaries {
		if wanted {
			p.store32(mountAt(i)+mntCanaryWanted, 1)
		}
	}
	return p, nil
}

// ReadPage returns what a page in a file says of its mounts, and which process made it.
func ReadPage(text []byte) (mounts []Mount, owner int, err error) {
	if len(text) < pageSize {
		return nil, 0, fmt.Errorf("page of %d bytes, want %d", len(text), pageSize)
	}
	memory := make([]uint64, pageSize/8) // aligned
	p := &page{memory: unsafe.Slice((*byte)(unsafe.Pointer(&memory[0])), pageSize)}
	copy(p.memory, text)
	count := p.load32(offCount)
	if p.load32(offMagic) != pageMagic || p.load32(offVersion) != pageVersion || count > maxMounts {
		return nil, 0, fmt.Errorf("no page of this version")
	}
	mounts = make([]Mount, count)
	for i := range mounts {
		mounts[i] = p.mount(i)
	}
	return mounts, int(int32(p.load32(offOwner))), nil
}

func (p *page) close() error { return unix.Munmap(p.memory) }

func mountAt(i int) int { return offMounts + i*sizeMount }

func (p *page) word32(at int) *uint32 { return (*uint32)(unsafe.Pointer(&p.memory[at])) }

func (p *page) load32(at int) uint32 { return atomic.LoadUint32(p.word32(at)) }

func (p *page) store32(at int, v uint32) { atomic.StoreUint32(p.word32(at), v) }

func (p *page) load64(at int) int64 {
	return atomic.LoadInt64((*int64)(unsafe.Pointer(&p.memory[at])))
}

func (p *page) store64(at int, v int64) {
	atomic.StoreInt64((*int64)(unsafe.Pointer(&p.memory[at])), v)
}

// claim moves a filesystem from one state to another, unless somebody else did.
func (p *page) claim(i int, from, to State) bool {
	return atomic.CompareAndSwapUint32(p.word32(mountAt(i)+mntState), uint32(from), uint32(to))
}

// canary moves the canary of a filesystem from one state to another, unless it is in none of them.
func (p *page) canary(i int, from, to Canary) bool {
	return atomic.CompareAndSwapUint32(p.word32(mountAt(i)+mntCanary), uint32(from), uint32(to))
}

func (p *page) mount(i int) Mount {
	at := mountAt(i)
	return Mount{
		State:       State(p.load32(at + mntState)),
		Errno:       syscall.Errno(p.load32(at + mntErrno)),
		FreezeBegin: time.Duration(p.load64(at + mntFreezeBegin)),
		FreezeEnd:   time.Duration(p.load64(at + mntFreezeEnd)),
		ThawBegin:   time.Duration(p.load64(at + mntThawBegin)),
		ThawEnd:     time.Duration(p.load64(at + mntThawEnd)),
		Canary:      Canary(p.load32(at + mntCanary)),
		CanaryPID:   int(int32(p.load32(at + mntCanaryPID))),
		CanaryErrno: syscall.Errno(p.load32(at + mntCanaryErrno)),

		canaryBack:    time.Duration(p.load64(at + mntCanaryBack)),
		canaryEntered: time.Duration(p.load64(at + mntCanaryEntered)),
		canarySlept:   int(p.load32(at + mntCanarySlept)),
	}
}

// freeze does what the guard's own freeze does, for a process without a guard.
func (p *page) freeze(i, fd int) syscall.Errno {
	at := mountAt(i)
	p.store64(at+mntFreezeBegin, int64(Now()))
	p.store32(at+mntState, uint32(Freezing))
	errno := ioctl(fd, fifreeze)
	p.store64(at+mntFreezeEnd, int64(Now()))
	p.store32(at+mntErrno, uint32(errno))
	state := Frozen
	if errno != 0 {
		state = Refused
	}
	p.store32(at+mntState, uint32(state))
	return errno
}

// thaw does what the guard's own thaw does, for when the guard is gone or does not answer. from is
// the state that the filesystem must be in.
func (p *page) thaw(i, fd int, from State) {
	if !p.claim(i, from, Thawing) {
		return
	}
	at := mountAt(i)
	if Canary(p.load32(at+mntCanary)) == CanaryBack {
		p.store32(at+mntState, uint32(Lost))
		return
	}
	p.store64(at+mntThawBegin, int64(Now()))
	errno := ioctl(fd, fithaw)
	p.store64(at+mntThawEnd, int64(Now()))
	p.store32(at+mntErrno, uint32(errno))
	p.store32(at+mntState, uint32(afterThaw(errno)))
}

// afterThaw returns the state that FITHAW's answer means.
func afterThaw(errno syscall.Errno) State {
	switch errno {
	case 0:
		return Thawed
	case unix.EINVAL:
		return Lost
	}
	return Stuck
}

// Now reads CLOCK_MONOTONIC, the clock of the guard.
func Now() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
