package ebssnap

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Conditions that callers branch on, matched by errors.Is.
var (
	// ErrNotMountPoint means that a path is missing, or is no mount point: freezing it would freeze the filesystem that it lies in.
	ErrNotMountPoint = errors.New("not a mount point")
	// ErrNotFreezable means that the filesystem (tmpfs, overlay, NFS, ...) cannot be frozen.
	ErrNotFreezable = errors.New("filesystem cannot be frozen")
	// ErrAlreadyFrozen means that another program froze the filesystem. It is left frozen: this package only thaws what it froze.
	ErrAlreadyFrozen = errors.New("already frozen by another program")
	// ErrPermission means that the kernel refused: freezing needs CAP_SYS_ADMIN.
	ErrPermission = errors.New("permission denied")
	// ErrNoDeadline means that a freezer was used on its own with a context without deadline.
	ErrNoDeadline = errors.New("context has no deadline: a freeze must end")
	// ErrNoGuard means that no guard process could be started, and nothing was frozen.
	ErrNoGuard = errors.New("no guard process")
	// ErrThawedEarly means that writers ran again before the work was done: the budget ended, the
	// context ended, the guard thawed, or another program did.
	ErrThawedEarly = errors.New("thawed before the work was done")
	// ErrStillFrozen means that a thaw failed; the error is a *ThawError with the command to run.
	ErrStillFrozen = errors.New("still frozen")
	// ErrUnknownVolume means that the cloud does not know a volume.
	ErrUnknownVolume = errors.New("unknown volume")
	// ErrDenied means that the credentials may not do what was asked.
	ErrDenied = errors.New("not allowed by the cloud")
	// ErrThrottled means that the cloud refused for now: nothing was created, a later request may pass.
	ErrThrottled = errors.New("throttled")
	// ErrNotCreated means that the answer, or the lack of a request, proves that no snapshot was created.
	ErrNotCreated = errors.New("no snapshot was created")
	// ErrOutcomeUnknown means that a snapshot may exist or may still appear; Settle looks again.
	ErrOutcomeUnknown = errors.New("outcome unknown: a snapshot may exist")
	// ErrFailed means that a snapshot will never be completed: the cloud gave it up, or it does not exist.
	ErrFailed = errors.New("snapshot failed")
	// ErrUsage means that the arguments make no sense, and nothing was done.
	ErrUsage = errors.New("wrong use")
)

// codes lists the sentinels with their stable JSON codes; the first that an error matches is its code.
func codes() []struct {
	code string
	err  error
} {
	return []struct {
		code string
		err  error
	}{
		{"still_frozen", ErrStillFrozen},
		{"not_mount_point", ErrNotMountPoint},
		{"not_freezable", ErrNotFreezable},
		{"already_frozen", ErrAlreadyFrozen},
		{"permission", ErrPermission},
		{"no_deadline", ErrNoDeadline},
		{"no_guard", ErrNoGuard},
		{"thawed_early", ErrThawedEarly},
		{"unknown_volume", ErrUnknownVolume},
		{"denied", ErrDenied},
		{"throttled", ErrThrottled},
		{"outcome_unknown", ErrOutcomeUnknown},
		{"not_created", ErrNotCreated},
		{"failed", ErrFailed},
		{"usage", ErrUsage},
		{"unsupported", errors.ErrUnsupported},
	}
}

// Error is the error of this package: what was done, to what, and why it failed. Its JSON is {"code","message"} with the code of
// the sentinel that Err wraps, or "other"; an Error decoded from JSON matches that sentinel again.
type Error struct {
	Op     string // what was tried: "freeze", "create snapshot", ...
	Target string // a mount point, a volume, a token; may be empty
	Err    error  // why it failed; wraps one of the sentinels where one fits
}

// Error returns "op target: cause".
func (e *Error) Error() string {
	text := e.Op
	if e.Target != "" {
		text += " " + e.Target
	}
	if text == "" {
		return fmt.Sprint(e.Err)
	}
	return text + ": " + fmt.Sprint(e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Code returns the stable snake_case name of the sentinel that e wraps, or "other".
func (e *Error) Code() string { return codeOf(e.Err) }

func codeOf(err error) string {
	for _, c := range codes() {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return "other"
}

type jsonError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON returns {"code","message"}.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonError{e.Code(), e.Error()})
}

// UnmarshalJSON reads what MarshalJSON wrote. The message is kept as it is; the code says which sentinel matches.
func (e *Error) UnmarshalJSON(text []byte) error {
	var j jsonError
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("decode error: %w", err)
	}
	saved := &savedError{message: j.Message}
	for _, c := range codes() {
		if c.code == j.Code {
			saved.is = c.err
		}
	}
	*e = Error{Err: saved}
	return nil
}

// savedError is an error that came from JSON.
type savedError struct {
	message string
	is      error
}

func (e *savedError) Error() string { return e.message }

func (e *savedError) Unwrap() error { return e.is }

// asError wraps err in an Error, unless it is one.
func asError(op, target string, err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { // only the outermost error may be used as it is
		return e
	}
	return &Error{Op: op, Target: target, Err: err}
}

// ThawError says that filesystems are still frozen and how to thaw them. It matches ErrStillFrozen.
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
