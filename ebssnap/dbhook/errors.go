package dbhook

import (
	"errors"

	"github.com/opskit-go/opskit/ebssnap"
)

// Conditions that callers branch on, matched by errors.Is. Errors of this package are *ebssnap.Error.
var (
	// ErrLost means that the session with the database ended: with it ended its lock or its backup mode. The text
	// is the client's own.
	ErrLost = errors.New("session with the database ended")
	// ErrBusy means that a query has run so long that the lock might wait for it; nothing was locked.
	ErrBusy = errors.New("a long query is running")
	// ErrLockWait means that a lock was not granted in time. It is pending no more.
	ErrLockWait = errors.New("lock not granted in time")
)

func wrap(op, target string, err error) error {
	if err == nil {
		return nil
	}
	return &ebssnap.Error{Op: op, Target: target, Err: err}
}
