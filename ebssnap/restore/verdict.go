package restore

import "fmt"

// Verdict says what is known of a copy. The zero value is VerdictUnknown.
type Verdict uint8

const (
	// VerdictUnknown: the invariant could not be asked: the copy was not mounted, or the context ended.
	VerdictUnknown Verdict = iota
	// VerdictHolds: the copy was mounted and the invariant holds on it.
	VerdictHolds
	// VerdictBroken: the copy was mounted and the invariant does not hold on it.
	VerdictBroken
	// VerdictUnmountable: this kernel can make no sense of the filesystem of the copy: it is damaged, or of a newer make.
	VerdictUnmountable
)

func verdictNames() []string { return []string{"unknown", "holds", "broken", "unmountable"} }

// String returns "unknown", "holds", "broken" or "unmountable".
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
