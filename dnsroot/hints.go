package dnsroot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Server is one letter and the addresses that it answers on.
type Server struct {
	Letter Letter       `json:"letter"`         // which root server identity
	Addrs  []netip.Addr `json:"addrs,omitzero"` // IPv4 and IPv6
}

// Hints is what a resolver knows of the root before it has asked anything: RFC
// 9609 calls it the configuration that priming starts from.
type Hints struct {
	Servers []Server  `json:"servers,omitzero"` // in the order of the file
	Updated time.Time `json:"updated,omitzero"` // day of the file's own "last update" line; zero: not told
	Serial  uint32    `json:"serial,omitempty"` // "related version of root zone"; 0: not told
}

// Bounds of hints and anchors files: the real ones have a few kilobytes and 39
// records. $GENERATE makes many records of a short text.
const (
	maxMasterFile    = 1 << 20
	maxMasterRecords = 10000
)

// records yields the records of a master file of the root. The last error, if
// there is one, tells why it ends early.
func records(text []byte, file string) iter.Seq2[dns.RR, error] {
	return func(yield func(dns.RR, error) bool) {
		parser := dns.NewZoneParser(bytes.NewReader(text), ".", file)
		parser.SetDefaultTTL(0) // anchor files carry none
		n := 0
		for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
			if n++; n > maxMasterRecords {
				yield(nil, fmt.Errorf("%w: more than %d records, not a file of this kind", ErrSyntax, maxMasterRecords))
				return
			}
			if !yield(rr, nil) {
				return
			}
		}
		if err := parser.Err(); err != nil {
			yield(nil, fmt.Errorf("%w: %w", ErrSyntax, err))
		}
	}
}

// ParseHints reads a hints file (named.root, root.hints) in master format, RFC
// 1035 section 5: the NS records of the root and the addresses of the letters,
// for a fleet of the caller's own as well. It returns what it could read
// together with an error that names every line it could not use; that error
// matches [ErrSyntax].
func ParseHints(r io.Reader) (Hints, error) {
	text, err := readBounded(r)
	if err != nil {
		return Hints{}, &Error{Op: "read hints", Err: err}
	}
	var h Hints
	for line := range bytes.Lines(text) {
		if day, err := time.Parse("January 2, 2006", comment(line, "last update")); err == nil {
			h.Updated = day
		}
		if n, err := strconv.ParseUint(comment(line, "related version of root zone"), 10, 32); err == nil {
			h.Serial = uint32(n)
		}
	}

	var problems []error
	named := map[Letter]bool{}
	addrs := map[Letter][]netip.Addr{}
	for rr, err := range records(text, "hints") {
		if err != nil {
			problems = append(problems, err)
			break
		}
		switch rr := rr.(type) {
		case *dns.NS:
			if rr.Hdr.Name != "." {
				problems = append(problems, fmt.Errorf("%w: NS of %s, want the root", ErrSyntax, rr.Hdr.Name))
				continue
			}
			l, err := letterOf(rr.Ns)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			named[l] = true
		case *dns.A:
			problems = add(problems, addrs, rr.Hdr.Name, rr.A)
		case *dns.AAAA:
			problems = add(problems, addrs, rr.Hdr.Name, rr.AAAA)
		default:
			problems = append(problems, fmt.Errorf("%w: %s record of %s, want NS, A or AAAA",
				ErrSyntax, dns.TypeToString[rr.Header().Rrtype], rr.Header().Name))
		}
	}
	for l := range Letters() {
		switch {
		case named[l] && len(addrs[l]) == 0:
			problems = append(problems, fmt.Errorf("%w: no address for %s", ErrSyntax, l.Name()))
		case !named[l] && len(addrs[l]) > 0:
			problems = append(problems, fmt.Errorf("%w: address of %s, which no NS record of the root names", ErrSyntax, l.Name()))
		case named[l]:
			slices.SortFunc(addrs[l], netip.Addr.Compare)
			h.Servers = append(h.Servers, Server{Letter: l, Addrs: slices.Compact(addrs[l])})
		}
	}
	if len(h.Servers) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%w: no root server in it", ErrSyntax))
	}
	if len(problems) > 0 {
		return h, &Error{Op: "parse hints", Err: joined(problems)}
	}
	return h, nil
}

// comment returns the value of a line "; KEY: VALUE", or "".
func comment(line []byte, key string) string {
	text, isComment := strings.CutPrefix(strings.TrimSpace(string(line)), ";")
	k, value, _ := strings.Cut(text, ":")
	if !isComment || !strings.EqualFold(strings.TrimSpace(k), key) {
		return ""
	}
	return strings.TrimSpace(value)
}

func add(problems []error, addrs map[Letter][]netip.Addr, owner string, ip []byte) []error {
	l, err := letterOf(owner)
	if err != nil {
		return append(problems, err)
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return append(problems, fmt.Errorf("%w: no address for %s", ErrSyntax, owner))
	}
	addrs[l] = append(addrs[l], addr.Unmap())
	return problems
}

// joined is errors.Join on one line, cut where a file is wrong from end to end.
func joined(problems []error) error {
	const most = 20
	if rest := len(problems) - most; rest > 0 {
		last := problems[len(problems)-1] // why the reading ended, if it ended early
		problems = append(problems[:most:most], fmt.Errorf("and %d more, the last of them: %w", rest, last))
	}
	return oneLine{errors.Join(problems...)}
}

type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }
func (e oneLine) Unwrap() error { return e.error }

func readBounded(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMasterFile+1))
	if err == nil && len(text) > maxMasterFile {
		err = fmt.Errorf("%w: longer than %d bytes, not a file of this kind", ErrSyntax, maxMasterFile)
	}
	return text, err
}

// Change is one address of a letter that differs between two sets of hints.
// Exactly one of Old and New is valid.
type Change struct {
	Letter Letter     `json:"letter"`       // whose address it is
	Old    netip.Addr `json:"old,omitzero"` // only in the hints
	New    netip.Addr `json:"new,omitzero"` // only in what was got
}

// String returns such as "b: 199.9.14.201 is gone".
func (c Change) String() string {
	if c.Old.IsValid() {
		return fmt.Sprintf("%s: %s is gone", c.Letter, c.Old)
	}
	return fmt.Sprintf("%s: %s is new", c.Letter, c.New)
}

// Diff returns what got has differently, by letter and address. It is empty
// when both name the same servers; dates and serials are not compared.
func (h Hints) Diff(got Hints) []Change {
	var changes []Change
	before, after := h.byLetter(), got.byLetter()
	for l := range Letters() {
		for _, a := range before[l] {
			if !slices.Contains(after[l], a) {
				changes = append(changes, Change{Letter: l, Old: a})
			}
		}
		for _, a := range after[l] {
			if !slices.Contains(before[l], a) {
				changes = append(changes, Change{Letter: l, New: a})
			}
		}
	}
	return changes
}

func (h Hints) byLetter() map[Letter][]netip.Addr {
	m := map[Letter][]netip.Addr{}
	for _, s := range h.Servers {
		m[s.Letter] = append(m[s.Letter], s.Addrs...)
	}
	return m
}
