package read

import (
	"errors"
	"time"

	"github.com/opskit-go/opskit"
)

// Why an answer tells of nothing. That nobody has it is no error but a verdict, which
// those who assemble make of it.
var (
	ErrThrottled = opskit.Sentinel("whois_throttled", "throttled by the server; ask again later or ask less")
	ErrDenied    = opskit.Sentinel("whois_denied", "denied by the server")
	ErrTooBig    = opskit.Sentinel("whois_too_big", "answer larger than the limit; raise Client.MaxBytes to read it")
	ErrGarbage   = opskit.Sentinel("whois_garbage", "answer is not registry data; look at the raw text of the hop")
	ErrNotFound  = errors.New("not found in the registry")
	ErrReserved  = errors.New("reserved, so nobody holds it")
)

// pause is an error with its pause.
type pause struct {
	error
	after time.Duration
}

// Paused adds a pause to an error, if there is one.
func Paused(err error, after time.Duration) error {
	if after <= 0 {
		return err
	}
	return pause{err, after}
}

func (p pause) Unwrap() error             { return p.error }
func (p pause) RetryAfter() time.Duration { return p.after }
