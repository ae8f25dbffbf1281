package whoislookup

import (
	"encoding/json"
	"errors"
	"time"
)

// What a caller branches on. Every error of a look-up, of ParseQuery, Parse and
// Assemble is an [*Error] that wraps one of these, and beside it the error of
// the network call that failed, if one did. What UnmarshalText cannot read is
// an error that matches [ErrBadQuery] and no [*Error].
var (
	ErrNotFound     = errors.New("not found in the registry")                                                                     // the registry has no such object; for a domain: available
	ErrReserved     = errors.New("reserved, so nobody holds it")                                                                  // special-purpose space, or a name that the registry keeps back
	ErrThrottled    = errors.New("throttled by the server; ask again later or ask less")                                          // Error.RetryAfter says when, if the server did
	ErrDenied       = errors.New("denied by the server")                                                                          // this client is not allowed to ask
	ErrLoop         = errors.New("referrals go round in a circle or on without end")                                              // Client.MaxHops bounds them
	ErrTooBig       = errors.New("answer larger than the limit; raise Client.MaxBytes to read it")                                // what was read is kept
	ErrUnsafeTarget = errors.New("target is not a public WHOIS or RDAP server; set Client.AllowPrivate for a server of your own") // refused before a byte was sent
	ErrBadQuery     = errors.New("not an IP address, prefix, AS number, domain name or handle")                                   // nothing was sent
	ErrNoServer     = errors.New("no server known for this query; name one in Client.Server")                                     // nothing was sent
	ErrGarbage      = errors.New("answer is not registry data; look at the raw text of the hop")                                  // empty, binary, HTML or prose
	ErrUnreachable  = errors.New("server could not be reached or broke off")                                                      // the cause is wrapped beside it
)

// sentinels gives each sentinel its stable code.
func sentinels() []struct {
	code string
	err  error
} {
	return []struct {
		code string
		err  error
	}{
		{"not_found", ErrNotFound},
		{"reserved", ErrReserved},
		{"throttled", ErrThrottled},
		{"denied", ErrDenied},
		{"loop", ErrLoop},
		{"too_big", ErrTooBig},
		{"unsafe_target", ErrUnsafeTarget},
		{"bad_query", ErrBadQuery},
		{"no_server", ErrNoServer},
		{"garbage", ErrGarbage},
		{"unreachable", ErrUnreachable},
	}
}

// Error is the error of a look-up, of ParseQuery, Parse and Assemble.
type Error struct {
	Op     string // what was being done: "parse query", "look up", "ask", "read answer", "follow referral"
	Target string // what it was done to: the query, or the server
	Err    error  // wraps one of the sentinels where one fits

	RetryAfter time.Duration // for ErrThrottled: how long to wait before asking again, at most 24 h; 0 if the server did not say
	Partial    *Record       // the look-up's record: what the servers said as far as they did, nil if none was asked
}

// Error returns "op target: cause", without control characters whatever the
// servers sent.
func (e *Error) Error() string {
	switch {
	case e.Op == "":
		return quoteOutside(e.Err.Error())
	case e.Target == "":
		return quoteOutside(e.Op + ": " + e.Err.Error())
	}
	return quoteOutside(e.Op + " " + e.Target + ": " + e.Err.Error())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON writes {"code","message"}; the code is that of the sentinel, or
// "other". RetryAfter and Partial are not written.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := errorJSON{Code: "other", Message: e.Error()}
	for _, s := range sentinels() {
		if errors.Is(e, s.err) {
			out.Code = s.code
			break
		}
	}
	return json.Marshal(out)
}

// restored is an error that came out of JSON: the text as it was, and the
// sentinel for errors.Is.
type restored struct {
	message  string
	sentinel error
}

func (r *restored) Error() string { return r.message }
func (r *restored) Unwrap() error { return r.sentinel }

// UnmarshalJSON reads what MarshalJSON wrote. errors.Is still matches the
// sentinel; Op and Target stand in the message only.
func (e *Error) UnmarshalJSON(data []byte) error {
	var in errorJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*e = Error{Op: "", Err: &restored{message: in.Message}}
	for _, s := range sentinels() {
		if s.code == in.Code {
			e.Err = &restored{message: in.Message, sentinel: s.err}
		}
	}
	return nil
}
