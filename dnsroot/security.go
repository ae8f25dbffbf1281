package dnsroot

import "time"

// Security is what DNSSEC validation says of one set of records, with the words
// of RFC 4033 section 5. The zero value is SecurityUnknown.
type Security uint8

// What validation can say.
const (
	SecurityUnknown Security = iota // not asked, not answered, or signed with algorithms this library lacks
	Secure                          // a chain of signatures leads to a trust anchor
	Unsigned                        // no signature came with the records
	Bogus                           // signatures came and prove nothing
)

// String returns "unknown", "secure", "unsigned" or "bogus".
func (s Security) String() string {
	switch s {
	case Secure:
		return "secure"
	case Unsigned:
		return "unsigned"
	case Bogus:
		return "bogus"
	}
	return unknown
}

// MarshalText writes what String returns.
func (s Security) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String returns; anything else is an error.
func (s *Security) UnmarshalText(text []byte) error {
	for v := SecurityUnknown; v <= Bogus; v++ {
		if v.String() == string(text) {
			*s = v
			return nil
		}
	}
	return unknownText("security", text)
}

// Validation is the outcome for one set of records, with what it rests on.
type Validation struct {
	Security   Security  `json:"security"`            // the outcome
	Why        *Error    `json:"why,omitempty"`       // matches ErrUnsigned, ErrBogus, ErrNoAnswer, ErrRcode ...; nil when secure
	KeyTag     uint16    `json:"key_tag,omitempty"`   // of the key whose signature proved the records; 0: none did
	Inception  time.Time `json:"inception,omitzero"`  // of the signature that proved them, or that only the time keeps from it
	Expiration time.Time `json:"expiration,omitzero"` // of the same
}
