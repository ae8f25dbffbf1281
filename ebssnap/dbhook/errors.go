package dbhook

import "github.com/opskit-go/opskit"

// Conditions that callers branch on, matched by errors.Is.
var (
	// ErrLost means that the session with the database ended: with it ended its lock or its backup
	// mode. The text is the client's own.
	ErrLost = opskit.Sentinel("ebssnap_session_lost", "session with the database ended")
	// ErrBusy means that a query has run so long that the lock might wait for it; nothing was
	// locked.
	ErrBusy = opskit.Sentinel("ebssnap_busy", "a long query is running")
	// ErrLockWait means that a lock was not granted in time. It is pending no more.
	ErrLockWait = opskit.Sentinel("ebssnap_lock_wait", "lock not granted in time")
)

func wrap(op, target string, err error) error {
	if err == nil {
		return nil
	}
	return &opskit.Error{Op: op, Target: target, Err: err}
}
