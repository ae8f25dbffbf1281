package dnsroot

import "github.com/opskit-go/opskit"

// Conditions that a caller may branch on with errors.Is.
var (
	// ErrNotSent: the question never left this host, for a local reason such as
	// no route, an address family that is off, or a local packet filter. It says
	// nothing about the server. An [Exchanger] of the caller's own must return
	// it in that case.
	ErrNotSent = opskit.Sentinel("dnsroot_not_sent", "not sent from this host")
	// ErrNoAnswer: the question was sent and nothing acceptable came back in time.
	ErrNoAnswer = opskit.Sentinel("dnsroot_no_answer", "no answer")
	// ErrRefused: an ICMP error or a TCP reset came back in place of an answer.
	ErrRefused = opskit.Sentinel("dnsroot_refused", "refused on the way or by the host")
	// ErrTruncated: the answer is cut off, over TCP too.
	ErrTruncated = opskit.Sentinel("dnsroot_truncated", "answer truncated")
	// ErrMalformed: the bytes are not the DNS answer to the question asked.
	ErrMalformed = opskit.Sentinel("dnsroot_malformed", "malformed answer")
	// ErrRcode: the server answered with an error code such as SERVFAIL, or
	// without the records asked for.
	ErrRcode = opskit.Sentinel("dnsroot_rcode", "server does not serve the zone")
	// ErrUnsigned: the records came without a signature.
	ErrUnsigned = opskit.Sentinel("dnsroot_unsigned", "answer not signed")
	// ErrBogus: a signature is there but does not prove the records. It is one of
	// the two below, or damaged.
	ErrBogus = opskit.Sentinel("dnsroot_bogus", "validation failed")
	// ErrWrongKey: no key that a trust anchor names has signed.
	ErrWrongKey = opskit.Sentinel("dnsroot_wrong_key", "validation failed", ErrBogus)
	// ErrUntimely: a sound signature whose time is over, or has not come, by this
	// host's clock.
	ErrUntimely = opskit.Sentinel("dnsroot_untimely", "validation failed", ErrBogus)
	// ErrSyntax: a file or text (hints, anchors, a letter) cannot be read.
	ErrSyntax = opskit.Sentinel("dnsroot_syntax", "syntax")
)
