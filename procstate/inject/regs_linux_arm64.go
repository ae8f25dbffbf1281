//go:build linux && !opskit_portable

package inject

import "golang.org/x/sys/unix"

// registers is the general purpose register set, NT_PRSTATUS.
type registers unix.PtraceRegs

const (
	auditArch       = unix.AUDIT_ARCH_AARCH64
	instruction     = 4 // length of svc #0
	instructionMask = 0xffffffff
	instructionCode = 0xd4000001
	number          = 8 // x8 holds the system call number
	modeMask        = 0x1f

	// holdSignals is true: do_signal in arch/arm64/kernel/signal.c decides how a
	// call ends before the tracer sees the stop, so no signal may come between.
	holdSignals = true
)

// native tells 64-bit user code (PSR_MODE_EL0t).
func (r *registers) native() bool { return r.Pstate&modeMask == 0 }

// inCall tells whether the tracee was stopped on its way out of a system call
// that the kernel has set up to be restarted: the instruction is the next one,
// and the call's first argument is back in x0.
func (r *registers) inCall(c call) bool {
	return int64(r.Regs[number]) == c.number && (r.Regs[0] == c.args[0] || c.name == "restart_syscall")
}

// restartsAt is the address after the instruction of the call to be restarted.
func (r *registers) restartsAt() uint64 { return r.Pc + instruction }

// after is the address after the instruction, at a system call stop.
func (r *registers) after() uint64 { return r.Pc }

// call is the address of the system call instruction, at a system call stop.
func (r *registers) call() uint64 { return r.Pc - instruction }

// afterInterrupt has nothing to do: callNames lists no call that ends with EINTR.
func (r *registers) afterInterrupt() bool { return false }

func (r *registers) result() int64 { return int64(r.Regs[0]) }

// prepare makes the tracee execute the system call instruction again, with
// wait4(pid, NULL, WNOHANG, NULL).
func (r *registers) prepare(pid int) {
	r.Pc = r.call()
	r.Regs[number] = unix.SYS_WAIT4
	r.Regs[0], r.Regs[1], r.Regs[2], r.Regs[3] = uint64(pid), 0, unix.WNOHANG, 0
}

// resume is what to set at the last stop, within do_signal: if the call is to
// be restarted, do_signal has moved the program counter back by now and put the
// injected call's first argument into x0, where the interrupted call's belongs.
func (r registers) resume(entry *registers) registers {
	if restart(r.result()) {
		if r.result() == -errRestartBlocked {
			r.Regs[number] = unix.SYS_RESTART_SYSCALL // as do_signal does
		}
		r.Pc = r.call()
		r.Regs[0] = entry.Regs[0]
	}
	return r
}
