//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// How long a tracee may take to report what it was asked for. As long as it is
// as it was, it can be let go at once; later it must be put back first, however
// little time a loaded machine gives it.
const (
	reaction = 250 * time.Millisecond
	patience = 10 * time.Second
)

// session is one stop of one thread of the parent. Its methods must be called
// from the thread that opened it.
//
// The thread is interrupted twice and put back in the way that the kernel itself
// takes. The first interruption ends the call that it sleeps in with one of the
// kernel's restart codes; resumed, it enters the call again, where the second
// lets it run into the same end under the tracer's eyes (base). From there the
// instruction is executed again for each wait4. At last the registers are set to
// base again, and a third interruption brings the thread into the kernel's
// handling of signals, which restarts the call, or ends it with EINTR if a
// signal came: what would have happened without all this.
type session struct {
	tid   int
	call  call
	hold  bool // block all signals meanwhile; see holdSignals
	began time.Time

	seized  bool
	where   place
	pending unix.Signal // to be delivered at the release
	entry   registers   // at the entry of the interrupted call
	base    registers   // at its exit
	changed bool        // base is known and the registers are not the thread's own
	mask    uint64
	masked  bool
}

// place is where the thread is, as far as the tracer knows.
type place uint8

const (
	runs    place = iota
	trapped       // in the kernel's handling of signals
	entered       // at the entry of a call
	left          // at the exit of a call
	over          // the thread has ended
)

// open stops the thread at the exit of the call that it sleeps in. On an error
// the thread has been released, and was not changed.
func (s *session) open() (err error) {
	if err := ptraceValue(unix.PTRACE_SEIZE, s.tid, unix.PTRACE_O_TRACESYSGOOD); err != nil {
		switch err {
		case unix.ESRCH:
			return ErrGone
		case unix.EPERM:
			return failed("trace", s.tid, err)
		}
		return err
	}
	s.seized = true
	defer func() {
		if err != nil {
			err = errors.Join(err, s.leave())
		}
	}()
	s.began = time.Now()
	if err := ptraceValue(unix.PTRACE_INTERRUPT, s.tid, 0); err != nil {
		return err
	}
	if err := s.await(trapped); err != nil {
		return err
	}
	first, err := getRegisters(s.tid)
	if err != nil {
		return err
	}
	info, err := getCallInfo(s.tid)
	if err != nil {
		return errors.Join(errors.ErrUnsupported, err) // before Linux 5.3
	}
	if info.arch != auditArch {
		return ErrCompat
	}
	if first.afterInterrupt() {
		if err := setRegisters(s.tid, first); err != nil {
			return err
		}
		if !s.call.endlessPoll() {
			return ErrBusy
		}
	}
	if !first.inCall(s.call) {
		return ErrBusy
	}
	if s.hold {
		if s.mask, err = getSignalMask(s.tid); err != nil {
			return err
		}
		s.masked = true
		if err := setSignalMask(s.tid, ^uint64(0)); err != nil {
			return err
		}
	}
	if err := s.resume(unix.PTRACE_SYSCALL, entered); err != nil {
		return err
	}
	if s.entry, err = getRegisters(s.tid); err != nil {
		return err
	}
	if info, err = getCallInfo(s.tid); err != nil {
		return err
	}
	again := info.number == s.call.number || info.number == unix.SYS_RESTART_SYSCALL
	if info.op != infoEntry || info.arch != auditArch || !again || s.entry.after() != first.restartsAt() || !isInstruction(s.tid, s.entry.call()) {
		return ErrBusy
	}
	if err := ptraceValue(unix.PTRACE_INTERRUPT, s.tid, 0); err != nil {
		return err
	}
	if err := s.resume(unix.PTRACE_SYSCALL, left); err != nil {
		return err
	}
	if s.base, err = getRegisters(s.tid); err != nil {
		return err
	}
	s.base.afterInterrupt()
	s.changed = true
	if s.hold { // the call may have set a mask of its own
		return setSignalMask(s.tid, ^uint64(0))
	}
	return nil
}

// wait4 makes the thread call wait4 for one child of its process and returns
// the result: the PID, 0, or a negative error number.
func (s *session) wait4(pid int) (int64, error) {
	regs := s.base
	regs.prepare(pid)
	if err := setRegisters(s.tid, regs); err != nil {
		return 0, err
	}
	for {
		err := s.resume(unix.PTRACE_SYSCALL, entered)
		if err == nil {
			break
		}
		if s.where != trapped || s.pending != 0 || !errors.Is(err, ErrBusy) {
			return 0, err
		}
		// The second interruption of open is reported now.
	}
	if err := s.resume(unix.PTRACE_SYSCALL, left); err != nil {
		return 0, err
	}
	info, err := getCallInfo(s.tid)
	if err != nil {
		return 0, err
	}
	if info.op != infoExit {
		return 0, ErrBusy
	}
	return info.number, nil
}

// resume lets the thread go to the next stop, which must be the wanted one.
func (s *session) resume(request int, want place) error {
	if err := ptraceValue(request, s.tid, 0); err != nil {
		return s.vanished(err)
	}
	s.where = runs
	return s.await(want)
}

// await waits until the thread reports a stop and notes where it is. Another
// stop than the wanted one is ErrBusy, ErrStopped or ErrGone.
func (s *session) await(want place) error {
	limit := reaction
	if s.changed {
		limit = patience
	}
	reported, err := waitStop(s.tid, limit)
	if err != nil {
		return err
	}
	switch reported.kind {
	case trapStop:
		s.where = trapped
	case callStop:
		if s.where = want; want == trapped {
			s.where = entered
			if info, err := getCallInfo(s.tid); err == nil && info.op == infoExit {
				s.where = left
			}
		}
	case signalStop:
		s.where, s.pending = trapped, reported.signal
		return ErrBusy
	case groupStop:
		s.where = trapped
		return ErrStopped
	case ended:
		s.where, s.seized = over, false
		return ErrGone
	case nothing:
		return ErrUninterruptible
	}
	if s.where != want {
		return ErrBusy
	}
	return nil
}

// leave puts the thread back and lets it go, wherever it is. After an error it
// may still be traced; it is free when the calling thread ends.
func (s *session) leave() error {
	if !s.seized {
		return nil
	}
	for range 8 {
		switch s.where {
		case over:
			return nil
		case trapped:
			return s.release()
		case entered:
			if !s.changed { // its own call, not begun yet
				return s.release()
			}
			if err := s.resume(unix.PTRACE_SYSCALL, left); err != nil && s.where == runs {
				return err
			}
		case left:
			if s.changed {
				if err := setRegisters(s.tid, s.base); err != nil {
					return s.vanished(err)
				}
			}
			if err := ptraceValue(unix.PTRACE_INTERRUPT, s.tid, 0); err != nil {
				return s.vanished(err)
			}
			if err := s.resume(unix.PTRACE_CONT, trapped); err != nil && s.where == runs {
				return err
			}
		case runs:
			if err := ptraceValue(unix.PTRACE_INTERRUPT, s.tid, 0); err != nil {
				return s.vanished(err)
			}
			if err := s.await(trapped); err != nil && s.where == runs {
				return err
			}
		}
	}
	return errors.New("the thread cannot be brought to a stop")
}

// release detaches a thread that is stopped, with its own registers and mask.
func (s *session) release() error {
	var failed error
	if s.changed && s.where == trapped {
		failed = setRegisters(s.tid, s.base.resume(&s.entry))
	}
	if s.masked {
		failed = errors.Join(failed, setSignalMask(s.tid, s.mask))
	}
	if err := ptraceValue(unix.PTRACE_DETACH, s.tid, uintptr(s.pending)); err != nil {
		return errors.Join(failed, s.vanished(err))
	}
	s.seized = false
	return failed
}

// vanished turns ESRCH, a tracee killed while it was stopped, into ErrGone.
func (s *session) vanished(err error) error {
	if err != unix.ESRCH {
		return err
	}
	s.where, s.seized = over, false
	return ErrGone
}

// waitStop waits for a tracee's report, or returns nothing after limit. It asks
// instead of sleeping in waitid(2), because a tracee that is frozen or starved
// would hold the caller for as long. The end of a tracee is looked at and left
// to its parent, which gets it when the tracing thread ends.
func waitStop(tid int, limit time.Duration) (stop, error) {
	began := time.Now()
	for {
		report, err := waitid(tid, unix.WSTOPPED|unix.WALL)
		switch {
		case err == unix.ECHILD:
			return stop{kind: ended}, nil
		case err != nil:
			return stop{}, err
		case report.pid == tid:
			return decode(report.status), nil
		}
		waited := time.Since(began)
		switch {
		case waited < time.Millisecond: // what is due comes within microseconds
			_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
			continue
		case waited < limit:
			_ = unix.Nanosleep(&unix.Timespec{Nsec: 20_000}, nil)
		default:
			return stop{}, nil
		}
		// A tracee's stop is reported here too.
		report, err = waitid(tid, unix.WEXITED|unix.WNOWAIT|unix.WALL)
		if err == unix.ECHILD || report.pid == tid && report.code != codeTrapped {
			return stop{kind: ended}, nil
		}
		if waited > 5*time.Millisecond {
			if taken, ok := stopTaken(tid); ok {
				return taken, nil
			}
		}
	}
}
