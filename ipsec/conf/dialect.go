package conf

import "github.com/opskit-go/opskit"

type dialectKind struct{}

// Dialect is the software whose syntax a file follows. The zero value accepts
// what either syntax of ipsec.conf accepts, libreswan's first; what then differs
// between the families is judged by neither's rules alone.
type Dialect = opskit.Enum[dialectKind]

// The dialects.
const (
	DialectUnknown    Dialect = ""
	DialectLibreswan  Dialect = "libreswan"  // ipsec.conf(5) of libreswan 3, 4 and 5
	DialectOpenswan   Dialect = "openswan"   // Openswan 2.6: libreswan's syntax, older defaults
	DialectStrongSwan Dialect = "strongswan" // ipsec.conf(5) of strongSwan's starter, 5.2 and later
	DialectSwanctl    Dialect = "swanctl"    // swanctl.conf(5) of strongSwan
)

// Dialects returns all that are known.
func Dialects() []Dialect {
	return []Dialect{DialectLibreswan, DialectOpenswan, DialectStrongSwan, DialectSwanctl}
}

// Strong tells whether strongSwan reads it.
func Strong(d Dialect) bool { return d == DialectStrongSwan || d == DialectSwanctl }
