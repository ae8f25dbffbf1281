package retention

import "fmt"

// Class says what a point is good for. The zero value is ClassUnknown.
type Class uint8

const (
	// ClassUnknown: the cloud does not tell when it was taken, or tells a time to come. It is kept.
	ClassUnknown Class = iota
	// ClassConsistent: every volume is there, completed, and writers were stopped when it was taken.
	ClassConsistent
	// ClassUnproven: it is completed, and writers may have run, or a volume is missing.
	ClassUnproven
	// ClassPending: it is not completed yet. It is kept.
	ClassPending
	// ClassFailed: a snapshot of it will never be completed.
	ClassFailed
)

func classNames() []string { return []string{"unknown", "consistent", "unproven", "pending", "failed"} }

// String returns "unknown", "consistent", "unproven", "pending" or "failed".
func (c Class) String() string {
	if names := classNames(); int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// MarshalText returns String; an undefined value is an error.
func (c Class) MarshalText() ([]byte, error) {
	if int(c) >= len(classNames()) {
		return nil, fmt.Errorf("marshal class: no class %d", uint8(c))
	}
	return []byte(c.String()), nil
}

// UnmarshalText reads what MarshalText wrote; other text is an error.
func (c *Class) UnmarshalText(text []byte) error {
	for i, name := range classNames() {
		if name == string(text) {
			*c = Class(i)
			return nil
		}
	}
	return fmt.Errorf("unmarshal class: no class %q", text)
}
