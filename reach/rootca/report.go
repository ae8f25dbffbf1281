package rootca

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
)

type (
	verdictKind struct{}
	matchKind   struct{}
)

// Verdict is what a scan found. The zero value is Unknown.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	// Unknown: no compromised root was found, and something could not be read,
	// or there was no certificate at all.
	Unknown Verdict = ""
	// Clean: every certificate was read and none is in the table of that day.
	Clean Verdict = "clean"
	// Compromised: at least one certificate is.
	Compromised Verdict = "compromised"
)

// Match is how a certificate is one of the known roots.
type Match = opskit.Enum[matchKind]

// The ways in which a certificate is a known root.
const (
	// MatchCertificate: it is the certificate itself.
	MatchCertificate Match = "certificate"
	// MatchKey: another certificate over the same key, which is just as public.
	MatchKey Match = "key"
	// MatchSigned: the root's key signed it; anybody can have made it.
	MatchSigned Match = "signed_by"
)

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
	Verdict      Verdict      `json:"verdict"`             // set by Judge
	Files        int          `json:"files"`               // with at least one certificate in them
	Certificates int          `json:"certificates"`        // read and compared, the same one in two files twice
	Roots        int          `json:"roots"`               // how many roots the table had
	AsOf         string       `json:"as_of"`               // day of the table
	Findings     []Finding    `json:"findings,omitempty"`  // in the order of the scan
	Unseen       []opskit.Gap `json:"unseen,omitempty"`    // what could not be read
	Undecided    []opskit.Gap `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// Judge sets Verdict and Undecided from the other fields; it is pure.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Undecided = Unknown, nil
	switch {
	case len(r.Findings) > 0:
		r.Verdict = Compromised
	case r.Certificates <= 0:
		r.Undecided = []opskit.Gap{{What: "whether a compromised root is trusted", Why: "no certificate was read", Need: "a file or directory that holds certificates"}}
	case r.Roots <= 0:
		r.Undecided = []opskit.Gap{{What: "whether a compromised root is trusted", Why: "no table of such roots was looked at", Need: "a new scan"}}
	case len(r.Unseen) == 0:
		r.Verdict = Clean
	}
	return r.Level()
}

// Level is OK for Clean, Problem for Compromised, and else Unknown.
func (r *Report) Level() opskit.Level {
	switch r.Verdict {
	case Clean:
		return opskit.OK
	case Compromised:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns Unseen and Undecided.
func (r *Report) Gaps() []opskit.Gap {
	all := append(r.Unseen[:len(r.Unseen):len(r.Unseen)], r.Undecided...)
	if len(all) == 0 && r.Level() == opskit.Unknown {
		all = append(all, opskit.Gap{What: "whether a compromised root is trusted", Why: "it was not judged"})
	}
	return all
}

// Seen tells whether a certificate was read.
func (r *Report) Seen() bool { return r != nil && r.Certificates > 0 }

// Since tells what differs from an earlier scan of the same place.
func (r *Report) Since(earlier *Report) opskit.Changes {
	var c opskit.Changes
	if earlier == nil || !earlier.Seen() || !r.Seen() {
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	c.Compare("certificates", fmt.Sprint(earlier.Certificates), fmt.Sprint(r.Certificates))
	before, now := earlier.places(), r.places()
	for name, places := range now {
		c.Compare(name, before[name], places)
		delete(before, name)
	}
	for name, places := range before {
		c.Compare(name, places, "")
	}
	c.Unseen = append(c.Unseen, r.Unseen...)
	return c
}

// places maps each root that was found to where.
func (r *Report) places() map[string]string {
	out := map[string]string{}
	for _, f := range r.Findings {
		out[f.Root.Name] = strings.TrimPrefix(out[f.Root.Name]+", "+cmp.Or(f.File, "the chain"), ", ")
	}
	return out
}

// String returns the verdict, the findings, what to do and what was not checked.
func (r *Report) String() string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, opskit.Escape(fmt.Sprintf(format, args...))) }
	table := fmt.Sprintf("compared with %d known roots as of %s", r.Roots, cmp.Or(r.AsOf, "no day"))
	if r.Verdict == Compromised {
		add("compromised: %d of %d certificates, %s", len(r.Findings), r.Certificates, table)
	} else {
		add("%s: %d certificates, %s", r.Verdict, r.Certificates, table)
	}
	how := map[Match]string{
		MatchCertificate: "the certificate itself", MatchKey: "another certificate over its key", MatchSigned: "a certificate that its key signed",
	}
	var next []string
	for _, f := range r.Findings {
		where := ""
		if f.File != "" {
			where = ", in " + f.File
		}
		if f.Line > 0 {
			where += fmt.Sprintf(" line %d", f.Line)
		}
		add("  %s: %s%s", f.Root.Name, cmp.Or(how[f.Match], "in a way that is not known here"), where)
		next = append(next, f.remedy())
	}
	for i, n := range next {
		if n != "" && (i == 0 || n != next[i-1]) {
			add("next: %s", n)
		}
	}
	return strings.Join(append(lines, opskit.NotChecked(r)), "\n")
}

// remedy is what to do about a finding, by the kind of the store that it is in.
func (f Finding) remedy() string {
	switch {
	case f.File == "":
		return "whoever has the root's key can have made this chain: do not trust the connection"
	case strings.HasPrefix(f.File, "/usr/local/share/ca-certificates/"), strings.HasPrefix(f.File, "/etc/ssl/certs"):
		return "on Debian: remove it from /usr/local/share/ca-certificates and run update-ca-certificates --fresh; then find out who put it there"
	case strings.HasPrefix(f.File, "/etc/pki/"):
		return "on Fedora: remove it from /etc/pki/ca-trust/source/anchors and run update-ca-trust; then find out who put it there"
	}
	return "remove it from " + f.File + " and find out who put it there"
}
