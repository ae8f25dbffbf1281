package procstate

import (
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// syscallLine is /proc/PID/task/TID/syscall (proc_pid_syscall(5)).
type syscallLine struct {
	name string // "" if the task is in none
	fd   int    // the descriptor that the call is about, or -1
	path bool   // it names a path
}

// parseSyscall reads the file: the number of the call and its six arguments in
// hexadecimal, or "running", or -1 for none.
func parseSyscall(text string) syscallLine {
	call := syscallLine{fd: -1}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return call
	}
	number, err := strconv.Atoi(fields[0])
	if err != nil || number < 0 {
		return call
	}
	known, ok := syscallsOf(runtime.GOARCH)[number]
	if !ok {
		call.name = "number " + fields[0]
		return call
	}
	call.name = strings.TrimPrefix(known, "fd:")
	call.path = call.name == known && !slices.Contains(pathless(), known)
	if call.name != known && len(fields) > 1 {
		// Descriptors are int, and the register may hold anything above its 32 bits.
		if fd, err := strconv.ParseUint(strings.TrimPrefix(fields[1], "0x"), 16, 64); err == nil && int32(fd) >= 0 {
			call.fd = int(int32(fd))
		}
	}
	return call
}

// pathless are those of the calls below that are about no file.
func pathless() []string {
	return []string{
		"mmap", "munmap", "nanosleep", "clock_nanosleep", "clone", "clone3", "fork", "vfork", "exit", "exit_group", "wait4", "futex", "sync",
	}
}

// syscallsOf returns the names of the system calls in which tasks are found in
// state D. "fd:" marks those whose first argument is a descriptor of the file
// that they are about.
func syscallsOf(arch string) map[int]string {
	if arch == "arm64" { // include/uapi/asm-generic/unistd.h
		return map[int]string{
			29: "fd:ioctl", 33: "mknodat", 34: "mkdirat", 35: "unlinkat", 36: "symlinkat", 37: "linkat", 45: "truncate",
			46: "fd:ftruncate", 47: "fd:fallocate", 48: "faccessat", 53: "fchmodat", 54: "fchownat", 56: "openat", 57: "fd:close",
			61: "fd:getdents64", 63: "fd:read", 64: "fd:write", 65: "fd:readv", 66: "fd:writev", 67: "fd:pread64", 68: "fd:pwrite64",
			78: "readlinkat", 79: "newfstatat", 80: "fd:fstat", 81: "sync", 82: "fd:fsync", 83: "fd:fdatasync", 88: "utimensat",
			93: "exit", 94: "exit_group", 98: "futex", 101: "nanosleep", 115: "clock_nanosleep", 215: "munmap", 220: "clone",
			221: "execve", 222: "mmap", 260: "wait4", 267: "fd:syncfs", 276: "renameat2", 291: "statx", 435: "clone3",
		}
	}
	return map[int]string{ // arch/x86/entry/syscalls/syscall_64.tbl
		0: "fd:read", 1: "fd:write", 2: "open", 3: "fd:close", 4: "stat", 5: "fd:fstat", 6: "lstat", 9: "mmap", 11: "munmap",
		16: "fd:ioctl", 17: "fd:pread64", 18: "fd:pwrite64", 19: "fd:readv", 20: "fd:writev", 21: "access", 35: "nanosleep",
		56: "clone", 57: "fork", 58: "vfork", 59: "execve", 60: "exit", 61: "wait4", 74: "fd:fsync", 75: "fd:fdatasync",
		76: "truncate", 77: "fd:ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink",
		88: "symlink", 89: "readlink", 90: "chmod", 92: "chown", 162: "sync", 202: "futex", 217: "fd:getdents64",
		230: "clock_nanosleep", 231: "exit_group", 257: "openat", 258: "mkdirat", 262: "newfstatat", 263: "unlinkat",
		264: "renameat", 280: "utimensat", 285: "fd:fallocate", 306: "fd:syncfs", 316: "renameat2", 332: "statx", 435: "clone3",
	}
}

// parseStack reads /proc/PID/task/TID/stack: lines "[<0>] function+0x1/0x2".
func parseStack(text string) (functions []string) {
	for line := range strings.Lines(text) {
		_, name, ok := strings.Cut(strings.TrimSpace(line), "] ")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "+0x")
		name, _, _ = strings.Cut(name, ".") // what compilers append: .isra.0, .constprop.0
		functions = append(functions, name)
	}
	return functions
}

// fdMountID reads the mount that an open file is on out of /proc/PID/fdinfo/FD;
// 0 if it does not say.
func fdMountID(text []byte) int {
	value, _ := procfile.Field(text, "mnt_id")
	id, _ := procfile.Int(value)
	return id
}

// execStart reads se.exec_start of /proc/PID/task/TID/sched, in milliseconds of
// the scheduler's clock: when the task was last given a processor or last
// accounted for.
func execStart(text []byte) (milliseconds float64, ok bool) {
	value, _ := procfile.Field(text, "se.exec_start")
	milliseconds, err := strconv.ParseFloat(string(value), 64)
	return milliseconds, err == nil && milliseconds > 0
}
