//go:build !unix

package reach

import "syscall"

const errTooManyFiles = syscall.Errno(10024)
