package dnsroot

import (
	"time"

	"github.com/opskit-go/opskit"
)

type (
	verdictKind   struct{}
	securityKind  struct{}
	transportKind struct{}
)

// Verdict is what [Assess] makes of a server, or of all servers of a zone
// together. The zero value is Unknown.
type Verdict = opskit.Enum[verdictKind]

// The verdicts. For the zone as a whole only Unknown, Healthy, Degraded and
// Suspicious are used.
const (
	Unknown     Verdict = ""            // what was seen cannot tell
	Healthy     Verdict = "healthy"     // answers in time, current and validated
	Degraded    Verdict = "degraded"    // answers in part: loss, one transport or family missing, slow; zone: some server is not healthy
	Unreachable Verdict = "unreachable" // does not answer, where other servers do
	Lame        Verdict = "lame"        // answers, but not with the zone (RFC 1912 section 2.8)
	Stale       Verdict = "stale"       // serves an old zone
	Invalid     Verdict = "invalid"     // its answers do not validate
	Suspicious  Verdict = "suspicious"  // answers as if something else stood in the server's place, or forged messages came
)

// level is what a verdict means to a monitor; the table stands in the package
// documentation. Healthy is OK only where nothing was left unseen.
func level(v Verdict, gaps int) opskit.Level {
	switch v {
	case Healthy:
		if gaps == 0 {
			return opskit.OK
		}
	case Degraded:
		return opskit.Warning
	case Unreachable, Lame, Stale, Invalid, Suspicious:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Transport is what carries a question. The zero value is neither of the two.
type Transport = opskit.Enum[transportKind]

// The transports of DNS, RFC 1035 section 4.2.
const (
	TransportUDP Transport = "udp"
	TransportTCP Transport = "tcp"
)

// Security is what DNSSEC validation says of one set of records, with the words
// of RFC 4033 section 5. The zero value is SecurityUnknown.
type Security = opskit.Enum[securityKind]

// What validation can say.
const (
	SecurityUnknown  Security = ""         // not asked, not answered, no trust anchor, or signed with algorithms this library lacks
	SecuritySecure   Security = "secure"   // a chain of signatures leads to a trust anchor
	SecurityUnsigned Security = "unsigned" // no signature came with the records
	SecurityBogus    Security = "bogus"    // signatures came and prove nothing
)

// Validation is the outcome for one set of records, with what it rests on.
type Validation struct {
	Security   Security       `json:"security"`            // the outcome
	Why        opskit.Failure `json:"why,omitzero"`        // matches ErrUnsigned, ErrBogus, ErrNoAnswer, ErrRcode ...; none when secure
	KeyTag     uint16         `json:"key_tag,omitempty"`   // of the key whose signature proved the records; 0: none did
	Inception  time.Time      `json:"inception,omitzero"`  // of the signature that proved them, or that only the time or an anchor keeps from it
	Expiration time.Time      `json:"expiration,omitzero"` // of the same
}
