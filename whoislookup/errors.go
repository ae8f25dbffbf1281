package whoislookup

import (
	"errors"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
)

// What a caller branches on. Every error of a look-up, of ParseQuery, Parse and
// Assemble matches one of these, and beside it that of the network call that
// failed, if one did. That nobody has a thing, or that it is reserved, is no
// error but a verdict.
var (
	// ErrThrottled: the server was asked too often. See [Pause].
	ErrThrottled = read.ErrThrottled
	// ErrDenied: this client is not allowed to ask.
	ErrDenied = read.ErrDenied
	// ErrLoop: Client.MaxHops bounds the referrals.
	ErrLoop = opskit.Sentinel("whois_loop", "referrals go round in a circle or on without end")
	// ErrTooBig: what was read is kept.
	ErrTooBig = read.ErrTooBig
	// ErrUnsafeTarget: refused before a byte was sent.
	ErrUnsafeTarget = opskit.Sentinel("whois_unsafe_target", "target is not a public WHOIS or RDAP server; set Client.AllowPrivate for a server of your own")
	// ErrBadQuery: nothing was sent.
	ErrBadQuery = opskit.Sentinel("whois_bad_query", "not an IP address, prefix, AS number, domain name or handle")
	// ErrNoServer: nobody is left to be asked; the message says what would help.
	ErrNoServer = opskit.Sentinel("whois_no_server", "no server known for this query; name one in Client.Server")
	// ErrGarbage: empty, binary, HTML or prose.
	ErrGarbage = read.ErrGarbage
	// ErrUnreachable: the cause is wrapped beside it.
	ErrUnreachable = opskit.Sentinel("whois_unreachable", "server could not be reached or broke off")
)

// unanswered is err, or nil where it tells an answer.
func unanswered(err error) error {
	if errors.Is(err, read.ErrNotFound) || errors.Is(err, read.ErrReserved) {
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
