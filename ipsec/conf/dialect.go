package conf

import "fmt"

// Dialect is the software whose ipsec.conf syntax a file follows. The zero
// value, Unknown, accepts what either syntax accepts, libreswan's first.
type Dialect uint8

// The dialects of ipsec.conf.
const (
	Unknown    Dialect = iota
	Libreswan          // ipsec.conf(5) of libreswan 3, 4 and 5
	Openswan           // Openswan 2.6: libreswan's syntax, older defaults
	StrongSwan         // ipsec.conf(5) of strongSwan's starter, 5.2 and later
)

var dialectText = [...]string{"unknown", "libreswan", "openswan", "strongswan"}

// String returns the dialect's name in lower case.
func (d Dialect) String() string {
	if int(d) < len(dialectText) {
		return dialectText[d]
	}
	return fmt.Sprintf("dialect(%d)", uint8(d))
}

// MarshalText returns the dialect's name.
func (d Dialect) MarshalText() ([]byte, error) {
	if int(d) < len(dialectText) {
		return []byte(dialectText[d]), nil
	}
	return nil, fmt.Errorf("marshal dialect: %d is none", uint8(d))
}

// UnmarshalText accepts the names that MarshalText returns.
func (d *Dialect) UnmarshalText(text []byte) error {
	for i, name := range dialectText {
		if name == string(text) {
			*d = Dialect(i)
			return nil
		}
	}
	return fmt.Errorf("read dialect: %q is none of libreswan, openswan, strongswan, unknown", text)
}

func (d Dialect) strong() bool { return d == StrongSwan }
