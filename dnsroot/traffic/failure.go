package traffic

import (
	"errors"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/capture"
)

// failure says in this package's errors why a capture could not be read on.
func failure(err error) error {
	e := &opskit.Error{Op: "read capture", Err: err}
	for from, to := range map[error]error{capture.ErrNotCapture: ErrNotCapture, capture.ErrTruncated: ErrTruncated, capture.ErrDamaged: ErrDamaged} {
		if errors.Is(err, from) {
			e.Err = &explained{to, err.Error()}
		}
	}
	return e
}

// explained is a condition with the words of what found it.
type explained struct {
	error
	text string
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.error }
