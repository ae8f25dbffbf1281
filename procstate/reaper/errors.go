package reaper

import "github.com/opskit-go/opskit"

// Sentinels that the errors of this package, of type [opskit.Error], match with
// errors.Is.
var (
	// ErrNoPidfd: package os does not hold pidfds of the children it starts
	// (kernel before 5.4, a seccomp filter, or a failure when os first tried),
	// so its children cannot be told from orphans.
	ErrNoPidfd = opskit.Sentinel("procstate_reaper_no_pidfd", "pidfds are not in use, so children of os/exec cannot be told from orphans")
	// ErrNoProc: /proc does not show this process's children and descriptors
	// as this process sees them.
	ErrNoProc = opskit.Sentinel("procstate_reaper_no_proc", "/proc does not show this process's own children and descriptors")
	// ErrNotAdopter: no orphan would ever come to this process.
	ErrNotAdopter = opskit.Sentinel("procstate_reaper_not_adopter", "this process is neither PID 1 nor a subreaper; set Reaper.Subreaper")
)
