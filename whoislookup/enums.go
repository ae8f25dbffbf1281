package whoislookup

import "fmt"

// Kind says what a query or a record is about. The zero value is KindUnknown.
type Kind uint8

// The kinds of things that registries know.
const (
	KindUnknown Kind = iota
	KindIP           // an address, a prefix or a range
	KindASN          // an autonomous system number
	KindDomain       // a domain name
	KindHandle       // a registry's own identifier: "GOGL", "NET-8-8-8-0-1", "ORG-RIEN1-RIPE"
)

var kindNames = [...]string{"unknown", "ip", "asn", "domain", "handle"}

// Verdict says what the registry answered. The zero value is VerdictUnknown.
type Verdict uint8

// The answers of a registry.
const (
	VerdictUnknown   Verdict = iota
	VerdictFound             // there is an object, and this record holds it
	VerdictNotFound          // there is none; for a domain: available
	VerdictReserved          // kept back: special-purpose space, or a reserved name
	VerdictThrottled         // asked too often; says nothing about the object
	VerdictDenied            // not allowed to ask; says nothing about the object
	VerdictElsewhere         // a placeholder: another registry knows, and its answer is not here
)

var verdictNames = [...]string{"unknown", "found", "not_found", "reserved", "throttled", "denied", "elsewhere"}

// Delegation says whether a domain is in DNS as far as the registry's status
// tells. The zero value is DelegationUnknown: cannot tell.
type Delegation uint8

// The answers of [Domain.Delegated].
const (
	DelegationUnknown Delegation = iota
	Delegated
	NotDelegated
)

var delegationNames = [...]string{"unknown", "yes", "no"}

// Presence says whether an answer has a field, and if not, why. The zero value
// is PresenceUnknown: there is no answer, or no such field.
type Presence uint8

// The ways in which a field can be there or not.
const (
	PresenceUnknown Presence = iota
	Published                // there is a value
	Redacted                 // there is one, and it is withheld ("REDACTED FOR PRIVACY", RFC 9537)
	Unparsed                 // there is one, and it could not be read; Record.Unparsed has the text
	Absent                   // the answer has the field without a value
	Unsupported              // the answer has no such field: this registry does not publish it
)

var presenceNames = [...]string{"unknown", "published", "redacted", "unparsed", "absent", "unsupported"}

func enumName[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return names[0]
}

func enumValue[T ~uint8](names []string, what string, text []byte, v *T) error {
	for i, n := range names {
		if n == string(text) {
			*v = T(i)
			return nil
		}
	}
	return fmt.Errorf("%s %q: %w", what, text, ErrBadQuery)
}

// String returns "unknown", "ip", "asn", "domain" or "handle".
func (k Kind) String() string { return enumName(kindNames[:], k) }

// MarshalText writes what String returns.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String returns; another text is an error.
func (k *Kind) UnmarshalText(text []byte) error { return enumValue(kindNames[:], "kind", text, k) }

// String returns "unknown", "found", "not_found", "reserved", "throttled",
// "denied" or "elsewhere".
func (v Verdict) String() string { return enumName(verdictNames[:], v) }

// MarshalText writes what String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what String returns; another text is an error.
func (v *Verdict) UnmarshalText(text []byte) error {
	return enumValue(verdictNames[:], "verdict", text, v)
}

// String returns "unknown", "yes" or "no".
func (d Delegation) String() string { return enumName(delegationNames[:], d) }

// MarshalText writes what String returns.
func (d Delegation) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what String returns; another text is an error.
func (d *Delegation) UnmarshalText(text []byte) error {
	return enumValue(delegationNames[:], "delegation", text, d)
}

// String returns "unknown", "published", "redacted", "unparsed", "absent" or
// "unsupported".
func (p Presence) String() string { return enumName(presenceNames[:], p) }

// MarshalText writes what String returns.
func (p Presence) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String returns; another text is an error.
func (p *Presence) UnmarshalText(text []byte) error {
	return enumValue(presenceNames[:], "presence", text, p)
}
