package rootca

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/reach"
)

// Verdict is what a scan found. The zero value is Unknown.
type Verdict uint8

const (
	// Unknown: no compromised root was found, and something could not be read,
	// or there was no certificate at all.
	Unknown Verdict = iota
	// Clean: every certificate was read and none is in the table.
	Clean
	// Compromised: at least one certificate is.
	Compromised
)

func verdictNames() []string { return []string{"unknown", "clean", "compromised"} }

// String returns the stable lower-case text of v, the same as in JSON.
func (v Verdict) String() string { return enumText(uint8(v), verdictNames()) }

// MarshalText returns the text of String; a value that is no member is an error.
func (v Verdict) MarshalText() ([]byte, error) { return marshalEnum(uint8(v), verdictNames()) }

// UnmarshalText accepts exactly the texts of String.
func (v *Verdict) UnmarshalText(b []byte) error {
	n, err := unmarshalEnum(b, verdictNames())
	*v = Verdict(n)
	return err
}

// Match is how a certificate is one of the known roots. The zero value is
// MatchUnknown and appears in no finding.
type Match uint8

const (
	// MatchUnknown: it is none.
	MatchUnknown Match = iota
	// SameCertificate: it is the certificate itself.
	SameCertificate
	// SameKey: another certificate over the same key, which is just as public.
	SameKey
	// SignedBy: the root's key signed it; anybody can have made it.
	SignedBy
)

func matchNames() []string { return []string{"unknown", "certificate", "key", "signed-by"} }

// String returns the stable lower-case text of m, the same as in JSON.
func (m Match) String() string { return enumText(uint8(m), matchNames()) }

// MarshalText returns the text of String; a value that is no member is an error.
func (m Match) MarshalText() ([]byte, error) { return marshalEnum(uint8(m), matchNames()) }

// UnmarshalText accepts exactly the texts of String.
func (m *Match) UnmarshalText(b []byte) error {
	n, err := unmarshalEnum(b, matchNames())
	*m = Match(n)
	return err
}

func enumText(v uint8, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("member(%d)", v)
}

func marshalEnum(v uint8, names []string) ([]byte, error) {
	if int(v) >= len(names) {
		return nil, fmt.Errorf("marshal %d: no such member", v)
	}
	return []byte(names[v]), nil
}

func unmarshalEnum(b []byte, names []string) (uint8, error) {
	for i, n := range names {
		if n == string(b) {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("unmarshal %q: no such member", b)
}

// Finding is one certificate that is a known root in one way or another.
type Finding struct {
	Root   Root   `json:"root"`           // the known root
	Match  Match  `json:"match"`          // how the certificate is that root
	File   string `json:"file,omitempty"` // empty for a chain
	Line   int    `json:"line,omitempty"` // of its BEGIN line; absent in DER files and chains
	Index  int    `json:"index"`          // of the certificate in its file or chain, from 0
	SHA256 string `json:"sha256"`         // of the certificate found
}

// Report is the result of a scan.
type Report struct {
	Verdict      Verdict     `json:"verdict"`            // set by Judge
	Files        int         `json:"files"`              // with at least one certificate in them
	Certificates int         `json:"certificates"`       // read and compared, the same one in two files twice
	AsOf         string      `json:"as_of"`              // day of the table
	Findings     []Finding   `json:"findings,omitempty"` // in the order of the scan
	Unseen       []reach.Gap `json:"unseen,omitempty"`   // what could not be read
}

// Judge sets Verdict from the other fields; it is pure.
func (r *Report) Judge() {
	switch {
	case len(r.Findings) > 0:
		r.Verdict = Compromised
	case len(r.Unseen) > 0, r.Certificates == 0:
		r.Verdict = Unknown
	default:
		r.Verdict = Clean
	}
}

// String returns the verdict, the findings, what to do and what was not checked.
func (r *Report) String() string {
	var b strings.Builder
	switch r.Verdict {
	case Compromised:
		fmt.Fprintf(&b, "compromised: %d of %d certificates", len(r.Findings), r.Certificates)
	default:
		fmt.Fprintf(&b, "%s: %d certificates", r.Verdict, r.Certificates)
	}
	how := map[Match]string{
		SameCertificate: "the certificate itself", SameKey: "another certificate over its key", SignedBy: "a certificate that its key signed",
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n  %s: %s", quote(f.Root.Name), how[f.Match])
		if f.File != "" {
			fmt.Fprintf(&b, ", in %s", quote(f.File))
		}
		if f.Line > 0 {
			fmt.Fprintf(&b, " line %d", f.Line)
		}
	}
	if len(r.Findings) > 0 {
		b.WriteString("\nnext: remove it from the store and find out who put it there")
	}
	b.WriteString("\nnot checked: ")
	if len(r.Unseen) == 0 {
		b.WriteString("nothing more")
	}
	for i, g := range r.Unseen {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(quote(g.String()))
	}
	return b.String()
}

// quote escapes what could move a terminal.
func quote(s string) string {
	q := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
