//go:build linux && !opskit_portable

package inject

import "golang.org/x/sys/unix"

// registers is the general purpose register set, NT_PRSTATUS.
type registers unix.PtraceRegs

const (
	auditArch       = unix.AUDIT_ARCH_X86_64
	instruction     = 2 // length of syscall, 0f 05
	instructionMask = 0xffff
	instructionCode = 0x050f
	x32Bit          = 0x40000000
	userCode        = 0x33 // __USER_CS; 0x23 is 32-bit code

	// holdSignals is false: at a signal stop the registers may be set so that the
	// kernel ends or restarts the call as if it had not been traced.
	holdSignals = false
)

// native tells 64-bit code and the 64-bit system call numbers.
func (r *registers) native() bool { return r.Cs == userCode && r.Orig_rax&x32Bit == 0 }

// inCall tells whether the tracee was stopped on its way out of a system call
// that the kernel will restart, whose instruction is then at r.call. A tracer
// sees the kernel's code in rax, before it decides (arch/x86/kernel/signal.c).
func (r *registers) inCall(c call) bool {
	return int64(r.Orig_rax) == c.number && restart(int64(r.Rax))
}

// restartsAt is the address after the instruction of the call to be restarted.
func (r *registers) restartsAt() uint64 { return r.Rip }

// after is the address after the instruction, at a system call stop.
func (r *registers) after() uint64 { return r.Rip }

// call is the address of the system call instruction, at a system call stop.
func (r *registers) call() uint64 { return r.Rip - instruction }

// afterInterrupt makes the kernel restart a call that the tracer's interruption
// ended with EINTR, whichever it is by now, or end it so if a handler runs. It
// reports whether it changed anything.
func (r *registers) afterInterrupt() bool {
	number := int64(r.Orig_rax)
	if number < 0 || number == unix.SYS_RESTART_SYSCALL || int64(r.Rax) != -int64(unix.EINTR) {
		return false
	}
	r.setResult(-errRestartNoHand)
	return true
}

func (r *registers) setResult(value int64) { r.Rax = uint64(value) }

// prepare makes the tracee execute the system call instruction again, with
// wait4(pid, NULL, WNOHANG, NULL).
func (r *registers) prepare(pid int) {
	r.Rip = r.call()
	r.Orig_rax = ^uint64(0) // no call to restart
	r.Rax = unix.SYS_WAIT4
	r.Rdi, r.Rsi, r.Rdx, r.R10 = uint64(pid), 0, unix.WNOHANG, 0
}

// resume is what to set at the last stop, within the kernel's handling of
// signals: the registers as the interrupted call left them. The kernel then
// restarts it, or ends it with EINTR if a handler runs.
func (r registers) resume(*registers) registers { return r }
