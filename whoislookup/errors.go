package whoislookup

import (
	"errors"
	"time"

	"github.com/opskit-go/opskit"
)

// What a caller branches on. Every error of a look-up, of ParseQuery, Parse and
// Assemble matches one of these, and beside it that of the network call that
// failed, if one did. That nobody has a thing, or that it is reserved, is no
// error but a verdict.
var (
	// ErrThrottled: the server was asked too often. See [Pause].
	ErrThrottled = opskit.Sentinel("whois_throttled", "throttled by the server; ask again later or ask less")
	// ErrDenied: this client is not allowed to ask.
	ErrDenied = opskit.Sentinel("whois_denied", "denied by the server")
	// ErrLoop: Client.MaxHops bounds the referrals.
	ErrLoop = opskit.Sentinel("whois_loop", "referrals go round in a circle or on without end")
	// ErrTooBig: what was read is kept.
	ErrTooBig = opskit.Sentinel("whois_too_big", "answer larger than the limit; raise Client.MaxBytes to read it")
	// ErrUnsafeTarget: refused before a byte was sent.
	ErrUnsafeTarget = opskit.Sentinel("whois_unsafe_target", "target is not a public WHOIS or RDAP server; set Client.AllowPrivate for a server of your own")
	// ErrBadQuery: nothing was sent.
	ErrBadQuery = opskit.Sentinel("whois_bad_query", "not an IP address, prefix, AS number, domain name or handle")
	// ErrNoServer: nobody is left to be asked; the message says what would help.
	ErrNoServer = opskit.Sentinel("whois_no_server", "no server known for this query; name one in Client.Server")
	// ErrGarbage: empty, binary, HTML or prose.
	ErrGarbage = opskit.Sentinel("whois_garbage", "answer is not registry data; look at the raw text of the hop")
	// ErrUnreachable: the cause is wrapped beside it.
	ErrUnreachable = opskit.Sentinel("whois_unreachable", "server could not be reached or broke off")
)

// That nobody has it, as the readers tell it to those who assemble.
var (
	errNotFound = errors.New("not found in the registry")
	errReserved = errors.New("reserved, so nobody holds it")
)

// unanswered is err, or nil where it tells an answer.
func unanswered(err error) error {
	if errors.Is(err, errNotFound) || errors.Is(err, errReserved) {
		return nil
	}
	return err
}

// Pause is found with errors.AsType in an error that matches [ErrThrottled]
// where somebody said how long to wait before asking again: at most 24 h.
type Pause interface {
	error
	RetryAfter() time.Duration // how long
}

// pause is an error with its pause.
type pause struct {
	error
	after time.Duration
}

func (p pause) Unwrap() error             { return p.error }
func (p pause) RetryAfter() time.Duration { return p.after }

// paused adds a pause to an error, if there is one.
func paused(err error, after time.Duration) error {
	if after <= 0 {
		return err
	}
	return pause{err, after}
}
