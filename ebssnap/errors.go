package ebssnap

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/opskit-go/opskit"
)

// Conditions that callers branch on, matched by errors.Is.
var (
	// ErrNotMountPoint means that a path is missing, or is no mount point of a whole filesystem:
	// freezing it would freeze the filesystem that it lies in.
	ErrNotMountPoint = opskit.Sentinel("ebssnap_not_mount_point", "not a mount point")
	// ErrNotFreezable means that the filesystem (tmpfs, overlay, NFS, ...) cannot be frozen.
	ErrNotFreezable = opskit.Sentinel("ebssnap_not_freezable", "filesystem cannot be frozen")
	// ErrAlreadyFrozen means that another program froze the filesystem. It is left frozen: this
	// package only thaws what it froze.
	ErrAlreadyFrozen = opskit.Sentinel("ebssnap_already_frozen", "already frozen by another program")
	// ErrPermission means that the kernel refused: freezing needs CAP_SYS_ADMIN.
	ErrPermission = opskit.Sentinel("ebssnap_permission", "permission denied", fs.ErrPermission)
	// ErrNoGuard means that no guard process could be started, and nothing was frozen.
	ErrNoGuard = opskit.Sentinel("ebssnap_no_guard", "no guard process")
	// ErrThawedEarly means that writers ran again before the work was done: the budget ended, the
	// context ended, the guard thawed, or another program did.
	ErrThawedEarly = opskit.Sentinel("ebssnap_thawed_early", "thawed before the work was done")
	// ErrStillFrozen means that a thaw failed, or waits for a freeze that does not end; the error
	// is a *ThawError with the command to run.
	ErrStillFrozen = opskit.Sentinel("ebssnap_still_frozen", "still frozen")
	// ErrDamaged means that a filesystem takes no writes any more, or lost some: no snapshot of it
	// holds what was acknowledged.
	ErrDamaged = opskit.Sentinel("ebssnap_damaged", "filesystem is damaged")
	// ErrUnknownVolume means that the cloud does not know a volume.
	ErrUnknownVolume = opskit.Sentinel("ebssnap_unknown_volume", "unknown volume")
	// ErrDenied means that the credentials may not do what was asked.
	ErrDenied = opskit.Sentinel("ebssnap_denied", "not allowed by the cloud", fs.ErrPermission)
	// ErrThrottled means that the cloud refused for now: nothing was created, a later request may
	// pass.
	ErrThrottled = opskit.Sentinel("ebssnap_throttled", "throttled")
	// ErrNotCreated means that the answer, or the lack of a request, proves that no snapshot was
	// created.
	ErrNotCreated = opskit.Sentinel("ebssnap_not_created", "no snapshot was created")
	// ErrOutcomeUnknown means that a snapshot may exist or may still appear; Settle looks again.
	ErrOutcomeUnknown = opskit.Sentinel("ebssnap_outcome_unknown", "outcome unknown: a snapshot may exist")
	// ErrFailed means that a snapshot will never be completed: the cloud gave it up, or it does not
	// exist.
	ErrFailed = opskit.Sentinel("ebssnap_failed", "snapshot failed")
	// ErrUsage means that the arguments make no sense, and nothing was done.
	ErrUsage = opskit.Sentinel("ebssnap_usage", "wrong use")
)

// asError wraps err in an Error, unless it is one.
func asError(op, target string, err error) error {
	if _, ok := err.(*opskit.Error); ok || err == nil { // only the outermost error may be used as it is
		return err
	}
	return &opskit.Error{Op: op, Target: target, Err: err}
}

// ThawError says that filesystems are still frozen and how to thaw them. It matches ErrStillFrozen.
// It is a type of its own because a program must print the command, whatever else it prints.
type ThawError struct {
	Mounts []string // where the frozen filesystems are mounted
	Err    error    // why the thaw failed
}

// Error names the frozen filesystems, the cause and the command.
func (e *ThawError) Error() string {
	return fmt.Sprintf("thaw %s: still frozen: %v; run: %s", strings.Join(e.Mounts, " "), e.Err, e.Rescue())
}

// Rescue returns the command that thaws, for a shell of root.
func (e *ThawError) Rescue() string {
	var commands []string
	for _, mount := range e.Mounts {
		commands = append(commands, "fsfreeze -u "+shellQuote(mount))
	}
	return strings.Join(commands, "; ")
}

// Unwrap returns ErrStillFrozen and the cause.
func (e *ThawError) Unwrap() []error { return []error{ErrStillFrozen, e.Err} }

// shellQuote quotes a word for a POSIX shell where that is needed.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
