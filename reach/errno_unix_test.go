//go:build unix

package reach

import "syscall"

const errTooManyFiles = syscall.EMFILE
