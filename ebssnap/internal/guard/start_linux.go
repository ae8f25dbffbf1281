//go:build linux && !opskit_portable

package guard

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Config says what to guard.
type Config struct {
	Dirs     []*os.File // directories of the filesystems, in the order in which they are frozen; kept open by the caller
	Canaries []bool     // for which of them a canary is wanted
	Probe    bool       // refuse at the start if one of them is frozen already
	Program  string     // the directory for the program's file; empty: a memfd, or where that is refused a directory in memory
	Page     *os.File   // the shared page; nil: a memfd
}

// Guard is a running guard process. Its methods may be called from several goroutines.
type Guard struct {
	dirs    []*os.File
	page    *page
	pid     int
	pidfd   int
	socket  *os.File
	answers chan answer   // closed when the guard is gone
	release chan struct{} // lets the thread that started the guard go
	done    chan struct{} // closed by the goroutines of the guard, twice
	memory  bool
	lock    chan struct{} // held by Freeze, Thaw and Close
	closed  bool
	pending bool        // it was asked to do what has not ended when nobody waited for it any more
	closing atomic.Bool // Close has begun: the end of the guard is no accident
}

type answer struct {
	kind  uint32
	errno syscall.Errno // of answerSynced
}

const (
	answerReady uint32 = iota + 1
	answerFrozen
	answerRefused
	answerThawed
	answerSynced
)

const (
	opFreeze uint32 = iota + 1
	opThaw
	opExit
	opSync
)

// Limits of waiting for a guard that does not answer.
const (
	startWithin = 5 * time.Second
	probeWithin = 500 * time.Millisecond
	thawWithin  = 150 * time.Millisecond
	undoEvery   = 50 * time.Millisecond
	stuckAfter  = 5 * time.Second
)

// Start starts a guard and waits until it is ready. Nothing is frozen yet. Close must be called.
func Start(ctx context.Context, c Config) (*Guard, error) {
	g, err := start(ctx, c)
	if err == nil && c.Probe {
		if err = g.probed(ctx); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, err
}

func start(ctx context.Context, c Config) (*Guard, error) {
	if len(c.Dirs) > maxMounts {
		return nil, fmt.Errorf("%w: %d filesystems, at most %d", ErrStart, len(c.Dirs), maxMounts)
	}
	file, closeFile, err := c.page()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	defer closeFile()
	shared, err := newPage(file, c.Canaries, c.Probe)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	g := &Guard{
		dirs: c.Dirs, page: shared, answers: make(chan answer, 8), release: make(chan struct{}),
		done: make(chan struct{}, 2), lock: make(chan struct{}, 1),
	}
	if err := g.launch(file, c.Program); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrStart, err), shared.close())
	}
	if err := g.ready(ctx); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// page returns the file of the shared page.
func (c Config) page() (file *os.File, closeFile func(), err error) {
	if c.Page != nil {
		return c.Page, func() {}, nil
	}
	fd, err := unix.MemfdCreate("ebssnap-page", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, fmt.Errorf("create memfd: %w", err)
	}
	file = os.NewFile(uintptr(fd), "ebssnap-page")
	return file, func() { _ = file.Close() }, nil
}

// launch starts the process from a thread that stays until release, and the goroutine that reads
// its answers.
func (g *Guard) launch(file *os.File, program string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make socket: %w", err)
	}
	defer unix.Close(pair[1])
	if err := unix.SetNonblock(pair[0], true); err != nil {
		unix.Close(pair[0])
		return fmt.Errorf("make socket: %w", err)
	}
	g.socket = os.NewFile(uintptr(pair[0]), "ebssnap-guard")
	files := append([]uintptr{uintptr(pair[1]), file.Fd()}, g.descriptors()...)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := g.start(files, program)
		started <- err
		if err == nil {
			<-g.release
			g.done <- struct{}{}
		}
	}()
	if err := <-started; err != nil {
		return errors.Join(err, g.socket.Close())
	}
	// A guard that the OOM killer spares is worth a try; without CAP_SYS_RESOURCE it keeps its
	// owner's score.
	_ = os.WriteFile("/proc/"+strconv.Itoa(g.pid)+"/oom_score_adj", []byte("-1000"), 0)
	go g.read()
	return nil
}

func (g *Guard) descriptors() []uintptr {
	fds := make([]uintptr, len(g.dirs))
	for i, dir := range g.dirs {
		fds[i] = dir.Fd()
	}
	return fds
}

// start tries each way to execute the guard's program until one works.
func (g *Guard) start(files []uintptr, program string) error {
	var tried []error
	places := []string{program}
	if program == "" {
		places = []string{"/run", "/dev/shm"}
		path, closeProgram, err := openMemory()
		if err == nil {
			err = g.exec(path, files)
			closeProgram()
		}
		if err == nil {
			g.memory = true
			return nil
		}
		tried = append(tried, fmt.Errorf("from a memfd: %w", err))
	}
	for _, dir := range places {
		if err := InMemory(dir); program == "" && err != nil {
			tried = append(tried, err)
			continue
		}
		path, closeProgram, err := openFile(dir)
		if err == nil {
			err = g.exec(path, files)
			closeProgram()
		}
		if err == nil {
			return nil
		}
		tried = append(tried, fmt.Errorf("from a file in %s: %w", dir, err))
	}
	return errors.Join(tried...)
}

// InMemory refuses a directory on a disk: nothing that can be executed is written there unasked.
func InMemory(dir string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	if stat.Type != unix.TMPFS_MAGIC && stat.Type != unix.RAMFS_MAGIC {
		return fmt.Errorf("%s is not in memory", dir)
	}
	return nil
}

// exec starts the program; syscall.ForkExec uses CLONE_VM and CLONE_VFORK, so its cost does not
// depend on the size of this process.
func (g *Guard) exec(path string, files []uintptr) error {
	var err error
	for range 20 {
		g.pidfd = -1
		g.pid, err = syscall.ForkExec(path, []string{"ebssnap-guard"}, &syscall.ProcAttr{
			Dir: "/", Env: []string{}, Files: files,
			Sys: &syscall.SysProcAttr{Setsid: true, PidFD: &g.pidfd, AmbientCaps: inherited()},
		})
		if !errors.Is(err, syscall.ETXTBSY) {
			break
		}
		// Another goroutine started a child while the file was open for writing: it holds the file
		// until its own execve.
		wait := time.NewTimer(time.Millisecond)
		<-wait.C
	}
	return err
}

// inherited returns the capabilities that the guard uses and that it would lose at execve: those of
// a program that is not root's and has them from its file (setcap).
func inherited() []uintptr {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if os.Geteuid() == 0 || unix.Capget(&header, &data[0]) != nil {
		return nil
	}
	var mine []uintptr
	for _, number := range []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_NICE, unix.CAP_IPC_LOCK} { // freeze, hurry, mlockall
		if data[0].Permitted&(1<<number) != 0 {
			mine = append(mine, number)
		}
	}
	return mine
}

// read passes the guard's answers on until its end of the socket is closed.
func (g *Guard) read() {
	defer func() { g.done <- struct{}{} }()
	defer close(g.answers)
	defer g.orphaned()
	var packet [8]byte
	for {
		n, err := g.socket.Read(packet[:])
		if err != nil || n != len(packet) {
			return
		}
		a := answer{binary.NativeEndian.Uint32(packet[0:]), syscall.Errno(binary.NativeEndian.Uint32(packet[4:]))}
		if a.kind == answerThawed && len(g.answers) == cap(g.answers)-1 {
			continue // nobody listens; the page says it too
		}
		g.answers <- a
	}
}

func (g *Guard) ready(ctx context.Context) error {
	limit := time.NewTimer(startWithin)
	defer limit.Stop()
	select {
	case a, ok := <-g.answers:
		if !ok || a.kind != answerReady {
			return fmt.Errorf("%w: it ended at once", ErrStart)
		}
	case <-limit.C:
		return fmt.Errorf("%w: no answer within %s", ErrStart, startWithin)
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrStart, context.Cause(ctx))
	}
	return nil
}

// Answer is what a process learnt that asked a filesystem for write access.
type Answer uint8

// Answers of Probe.
const (
	NoAnswer Answer = iota
	Passed          // write access was given
	Waits           // it sleeps: the filesystem is frozen
)

// Probe lets a process ask a filesystem for write access, and waits for it at most half a second.
// One that sleeps then stays until the thaw, and nobody waits for it. It holds no other filesystem:
// those can be unmounted meanwhile.
func Probe(ctx context.Context, dir *os.File) (Answer, error) {
	g, err := start(ctx, Config{Dirs: []*os.File{dir}, Canaries: []bool{true}, Probe: true})
	if err != nil {
		return NoAnswer, err
	}
	var frozen *MountError
	if err := g.probed(ctx); err != nil && !errors.As(err, &frozen) {
		return NoAnswer, errors.Join(err, g.Close())
	}
	answer, m := NoAnswer, g.page.mount(0)
	asleep, _ := AsleepInUnlink(m.CanaryPID)
	switch {
	case m.CanaryPID > 0 && m.Canary == CanaryWaits:
		answer = Passed
	case m.CanaryPID > 0 && m.Canary == CanaryProbe && asleep:
		answer = Waits
	}
	return answer, g.Close()
}

// probed waits until each canary has passed once over its filesystem.
func (g *Guard) probed(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	end := time.Now().Add(probeWithin)
	for {
		frozen := -1
		for i := range g.dirs {
			m := g.page.mount(i)
			if m.CanaryPID > 0 && m.Canary != CanaryWaits {
				frozen = i
			}
		}
		if frozen < 0 {
			return nil
		}
		if time.Now().After(end) {
			if asleep, _ := AsleepInUnlink(g.page.mount(frozen).CanaryPID); asleep {
				return &MountError{Index: frozen, Err: ErrFrozenBefore}
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrStart, context.Cause(ctx))
		}
	}
}
