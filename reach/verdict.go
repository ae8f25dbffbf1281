package reach

import "fmt"

// Verdict is what one probe found. The zero value is Unknown: the probe could
// not tell. Which members a probe can give is said at its result type.
type Verdict uint8

const (
	// Unknown: cannot tell; the result's Unseen says why.
	Unknown Verdict = iota
	// Open: the TCP handshake completed.
	Open
	// Refused: the other side said no: a TCP reset, or the DNS rcode REFUSED.
	Refused
	// NoAnswer: nothing came back although it was asked often and long enough
	// to judge. It does not say why: dropped, switched off, lost on the way.
	NoAnswer
	// Unreachable: an ICMP error came back that is not a prohibition.
	Unreachable
	// Prohibited: an ICMP error came back that names a policy: IPv4 codes 9,
	// 10 and 13 (RFC 1812, 5.2.7.1), IPv6 codes 1, 5 and 6 (RFC 4443, 3.1).
	Prohibited
	// LocalFailure: this host itself did not ask: no route, a local packet
	// filter, no descriptors or ports left. It says nothing about the target.
	LocalFailure
	// Answered: an echo reply, an HTTP response or DNS data came back.
	Answered
	// Silent: the connection opened and then not one byte came back.
	Silent
	// Closed: the connection opened and was closed without an answer.
	Closed
	// Malformed: what came back is not the protocol that was spoken.
	Malformed
	// TLSFailed: the connection opened and the TLS handshake failed.
	TLSFailed
	// NXDomain: the name does not exist (DNS rcode 3, RFC 2308).
	NXDomain
	// NoData: the name exists without records of the type (RFC 2308, 2.2).
	NoData
	// ServFail: the resolver could not find out (DNS rcode 2).
	ServFail
	// OtherRcode: another DNS rcode, which the answer names.
	OtherRcode
	// Disagree: resolvers gave different answers.
	Disagree
)

func verdictNames() []string {
	return []string{
		"unknown", "open", "refused", "no-answer", "unreachable", "prohibited", "local-failure",
		"answered", "silent", "closed", "malformed", "tls-failed", "nxdomain", "nodata", "servfail",
		"other-rcode", "disagree",
	}
}

// String returns the stable lower-case text of v, the same as in JSON.
func (v Verdict) String() string {
	if names := verdictNames(); int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// MarshalText returns the text of String; a value that is no member is an error.
func (v Verdict) MarshalText() ([]byte, error) {
	if int(v) >= len(verdictNames()) {
		return nil, fmt.Errorf("marshal verdict %d: no such member", uint8(v))
	}
	return []byte(v.String()), nil
}

// UnmarshalText accepts exactly the texts of String.
func (v *Verdict) UnmarshalText(b []byte) error {
	for i, n := range verdictNames() {
		if n == string(b) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("unmarshal verdict %q: no such member", b)
}
