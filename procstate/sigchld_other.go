//go:build !linux

package procstate

// sigchld is the number of SIGCHLD in what the /proc of a Linux shows.
const sigchld = 17
