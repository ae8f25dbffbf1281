package dnsroot

import "fmt"

// Transport is what carries a question: UDP or TCP. The zero value is neither.
type Transport uint8

// The transports of DNS, RFC 1035 section 4.2.
const (
	UDP Transport = iota + 1
	TCP
)

// String returns "udp", "tcp" or "unknown".
func (t Transport) String() string {
	switch t {
	case UDP:
		return "udp"
	case TCP:
		return "tcp"
	}
	return unknown
}

// MarshalText writes what String returns.
func (t Transport) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads "udp", "tcp" or "unknown".
func (t *Transport) UnmarshalText(text []byte) error {
	for _, v := range []Transport{0, UDP, TCP} {
		if v.String() == string(text) {
			*t = v
			return nil
		}
	}
	return unknownText("transport", text)
}

const unknown = "unknown"

func unknownText(what string, text []byte) error {
	return &Error{Op: "read " + what, Err: fmt.Errorf("%w: unknown %s %q", ErrSyntax, what, text)}
}
