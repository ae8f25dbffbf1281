//go:build linux && !opskit_portable

package inject

import "golang.org/x/sys/unix"

// callNames are the system calls that are judged by name.
func callNames() map[int64]string {
	return map[int64]string{
		unix.SYS_FUTEX: "futex", unix.SYS_PAUSE: "pause", unix.SYS_RT_SIGSUSPEND: "rt_sigsuspend",
		unix.SYS_WAIT4: "wait4", unix.SYS_WAITID: "waitid", unix.SYS_READ: "read",
		unix.SYS_EPOLL_WAIT: "epoll_wait", unix.SYS_EPOLL_PWAIT: "epoll_pwait",
		unix.SYS_POLL: "poll", unix.SYS_PPOLL: "ppoll", unix.SYS_SELECT: "select", unix.SYS_PSELECT6: "pselect6",
		unix.SYS_NANOSLEEP: "nanosleep", unix.SYS_CLOCK_NANOSLEEP: "clock_nanosleep", unix.SYS_RESTART_SYSCALL: "restart_syscall",
		unix.SYS_VFORK: "vfork", unix.SYS_CLONE: "clone", unix.SYS_CLONE3: "clone3",
		unix.SYS_EXECVE: "execve", unix.SYS_EXECVEAT: "execveat",
	}
}
