package ipsec

import "fmt"

// Verdict is what a check comes to. The zero value says that it could not tell.
type Verdict uint8

// The verdicts of a check, of ipsec.conf files or of listening sockets.
const (
	Unknown Verdict = iota
	Sound           // nothing was found that needs doing
	Flawed          // it can work, but will fail or fall silent in a case that was found
	Broken          // it cannot work as it is
)

var verdictText = []string{"unknown", "sound", "flawed", "broken"}

// String returns the verdict in lower case.
func (v Verdict) String() string { return enumText(verdictText, uint8(v), "verdict") }

// MarshalText returns the verdict in lower case.
func (v Verdict) MarshalText() ([]byte, error) {
	return marshalEnum(verdictText, uint8(v), "verdict")
}

// UnmarshalText accepts what MarshalText returns.
func (v *Verdict) UnmarshalText(text []byte) error {
	n, err := unmarshalEnum(verdictText, text, "verdict")
	*v = Verdict(n)
	return err
}

// Severity is how much one finding matters. The zero value is unknown.
type Severity uint8

// The severities, in rising order.
const (
	SeverityUnknown Severity = iota
	Note                     // explains something; nothing to do
	Warning                  // works, but not as well as it should
	Problem                  // the tunnel will be down, or stay down, in the case described
	Fatal                    // the two ends cannot agree: no tunnel
)

var severityText = []string{"unknown", "note", "warning", "problem", "fatal"}

// String returns the severity in lower case.
func (s Severity) String() string { return enumText(severityText, uint8(s), "severity") }

// MarshalText returns the severity in lower case.
func (s Severity) MarshalText() ([]byte, error) {
	return marshalEnum(severityText, uint8(s), "severity")
}

// UnmarshalText accepts what MarshalText returns.
func (s *Severity) UnmarshalText(text []byte) error {
	n, err := unmarshalEnum(severityText, text, "severity")
	*s = Severity(n)
	return err
}

func enumText(names []string, n uint8, kind string) string {
	if int(n) < len(names) {
		return names[n]
	}
	return fmt.Sprintf("%s(%d)", kind, n)
}

func marshalEnum(names []string, n uint8, kind string) ([]byte, error) {
	if int(n) < len(names) {
		return []byte(names[n]), nil
	}
	return nil, fmt.Errorf("marshal %s: %d is none", kind, n)
}

func unmarshalEnum(names []string, text []byte, kind string) (uint8, error) {
	for i, name := range names {
		if name == string(text) {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("read %s: %q is none", kind, text)
}
