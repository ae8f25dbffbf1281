package ebssnap

import "fmt"

// Verdict says what is known of a snapshot's consistency. The zero value is VerdictUnknown.
type Verdict uint8

const (
	// VerdictUnknown: a snapshot may exist, and nothing is known of the moment it was taken at.
	VerdictUnknown Verdict = iota
	// VerdictConsistent: writers were stopped without a break from before the request was sent until it was answered.
	VerdictConsistent
	// VerdictUnproven: a snapshot exists, and writers may have run while it was taken.
	VerdictUnproven
	// VerdictNone: it is certain that there is no snapshot.
	VerdictNone
)

func verdictNames() []string { return []string{"unknown", "consistent", "unproven", "no_snapshot"} }

// String returns "unknown", "consistent", "unproven" or "no_snapshot".
func (v Verdict) String() string {
	if names := verdictNames(); int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// MarshalText returns String; an undefined value is an error.
func (v Verdict) MarshalText() ([]byte, error) {
	if int(v) >= len(verdictNames()) {
		return nil, fmt.Errorf("marshal verdict: no verdict %d", uint8(v))
	}
	return []byte(v.String()), nil
}

// UnmarshalText reads what MarshalText wrote; other text is an error.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames() {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("unmarshal verdict: no verdict %q", text)
}
