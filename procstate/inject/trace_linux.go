//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The codes by which the kernel's system calls ask to be restarted,
// include/linux/errno.h. User space never sees them, a tracer does.
const (
	errRestartSys     = 512
	errRestartNoIntr  = 513
	errRestartNoHand  = 514
	errRestartBlocked = 516 // ERESTART_RESTARTBLOCK
)

func restart(result int64) bool {
	switch -result {
	case errRestartSys, errRestartNoIntr, errRestartNoHand, errRestartBlocked:
		return true
	}
	return false
}

// ptrace calls ptrace(2). Every request but PTRACE_SEIZE must come from the
// thread that seized.
func ptrace(request, tid int, address uintptr, data unsafe.Pointer) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), address, uintptr(data), 0, 0)
	runtime.KeepAlive(data)
	if errno != 0 {
		return errno
	}
	return nil
}

// ptraceValue calls ptrace(2) with a number as its last argument.
func ptraceValue(request, tid int, value uintptr) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), 0, value, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

const noteStatus = 1 // NT_PRSTATUS, elf.h

// getRegisters reads the register set; ErrCompat if it is not the native one.
func getRegisters(tid int) (registers, error) {
	var regs registers
	vector := unix.Iovec{Base: (*byte)(unsafe.Pointer(&regs))}
	vector.SetLen(int(unsafe.Sizeof(regs)))
	if err := ptrace(unix.PTRACE_GETREGSET, tid, noteStatus, unsafe.Pointer(&vector)); err != nil {
		return regs, err
	}
	if uintptr(vector.Len) != unsafe.Sizeof(regs) || !regs.native() {
		return regs, ErrCompat
	}
	return regs, nil
}

func setRegisters(tid int, regs registers) error {
	vector := unix.Iovec{Base: (*byte)(unsafe.Pointer(&regs))}
	vector.SetLen(int(unsafe.Sizeof(regs)))
	return ptrace(unix.PTRACE_SETREGSET, tid, noteStatus, unsafe.Pointer(&vector))
}

// callInfo is struct ptrace_syscall_info, since Linux 5.3.
type callInfo struct {
	op      uint8
	_       [3]byte
	arch    uint32
	ip, sp  uint64
	number  int64 // at entry; at exit the result
	isError uint8
	_       [7]byte
	_       [5]uint64
}

const (
	infoNone  = 0 // PTRACE_SYSCALL_INFO_NONE
	infoEntry = 1
	infoExit  = 2
)

func getCallInfo(tid int) (callInfo, error) {
	var info callInfo
	err := ptrace(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(info), unsafe.Pointer(&info))
	return info, err
}

// isInstruction tells whether the system call instruction is at an address.
func isInstruction(tid int, address uint64) bool {
	var word [8]byte
	if err := ptrace(unix.PTRACE_PEEKTEXT, tid, uintptr(address), unsafe.Pointer(&word)); err != nil {
		return false
	}
	return binary.NativeEndian.Uint64(word[:])&instructionMask == instructionCode
}

func getSignalMask(tid int) (uint64, error) {
	var mask uint64
	err := ptrace(unix.PTRACE_GETSIGMASK, tid, unsafe.Sizeof(mask), unsafe.Pointer(&mask))
	return mask, err
}

func setSignalMask(tid int, mask uint64) error {
	return ptrace(unix.PTRACE_SETSIGMASK, tid, unsafe.Sizeof(mask), unsafe.Pointer(&mask))
}

// stop is what a tracee reported.
type stop struct {
	kind   stopKind
	signal unix.Signal // of signalStop and groupStop
}

type stopKind uint8

const (
	nothing    stopKind = iota
	trapStop            // after PTRACE_INTERRUPT
	callStop            // entry or exit of a system call
	signalStop          // before a signal is delivered
	groupStop           // job control
	ended               // the thread is no more
)

// report is what waitid(2) tells of a tracee; a PID of 0 means that there is
// nothing to tell yet.
type report struct{ pid, status, code int }

const codeTrapped = 4 // CLD_TRAPPED, asm-generic/siginfo.h

func waitid(tid, options int) (report, error) {
	for {
		var info unix.Siginfo
		// With WNOHANG it never blocks, so the runtime need not be told, which would
		// take this thread's turn to run Go code away while the parent is stopped.
		_, _, errno := unix.RawSyscall6(unix.SYS_WAITID, unix.P_PID, uintptr(tid), uintptr(unsafe.Pointer(&info)), uintptr(options|unix.WNOHANG), 0, 0)
		if errno == unix.EINTR {
			continue
		}
		// The union of siginfo_t begins at 16: pid, uid, status.
		fields := (*[3]int32)(unsafe.Add(unsafe.Pointer(&info), 16))
		found := report{pid: int(fields[0]), status: int(fields[2]), code: int(info.Code)}
		if errno != 0 {
			return found, errno
		}
		return found, nil
	}
}

// stopTaken tells whether a thread is stopped although waitid does not say so,
// because another wait of this process took the report. The kernel keeps the
// status of its own stops in si_code, and a signal's own siginfo otherwise.
func stopTaken(tid int) (stop, bool) {
	var info unix.Siginfo
	if err := ptrace(unix.PTRACE_GETSIGINFO, tid, 0, unsafe.Pointer(&info)); err != nil {
		return stop{}, false
	}
	if taken := decode(int(info.Code)); info.Code > 0 && taken.kind != signalStop {
		return taken, true
	}
	return stop{kind: signalStop, signal: unix.Signal(info.Signo)}, true
}

// decode reads the status of a stop, "signal | event << 8".
func decode(status int) stop {
	const callBit = 0x80 // PTRACE_O_TRACESYSGOOD
	signal, event := unix.Signal(status&0xff), status>>8
	switch {
	case event == unix.PTRACE_EVENT_STOP && signal == unix.SIGTRAP:
		return stop{kind: trapStop}
	case event == unix.PTRACE_EVENT_STOP:
		return stop{kind: groupStop, signal: signal}
	case signal == unix.SIGTRAP|callBit:
		return stop{kind: callStop}
	}
	return stop{kind: signalStop, signal: signal}
}
