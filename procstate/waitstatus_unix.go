//go:build unix

package procstate

import "syscall"

func waitStatus(exit uint32) syscall.WaitStatus { return syscall.WaitStatus(exit) }
