package procstate

import "syscall"

// sigchld is the number of SIGCHLD in what /proc shows: 17, on MIPS 18.
const sigchld = int(syscall.SIGCHLD)
