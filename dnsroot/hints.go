package dnsroot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Server is one name server of a zone and the addresses that it answers on.
type Server struct {
	Name  string       `json:"name"`           // lower case, with the final dot: "k.root-servers.net."
	Addrs []netip.Addr `json:"addrs,omitzero"` // IPv4 and IPv6
}

// Hints is what is known of a zone's servers before any is asked: for the root
// RFC 9609 calls it the configuration that priming starts from, for another zone
// it is the delegation, its parent's view.
type Hints struct {
	Zone    string    `json:"zone,omitempty"`   // empty: the root
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
// 1035 section 5: the NS records of the root, or of another zone, and the
// addresses of the servers that they name. It returns what it could read
// together with an error that names every line it could not use; that error
// matches [ErrSyntax].
func ParseHints(r io.Reader) (Hints, error) {
	text, err := readBounded(r)
	if err != nil {
		return Hints{}, &opskit.Error{Op: "read hints", Err: err}
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
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("%w: "+format, append([]any{ErrSyntax}, args...)...))
	}
	var order []string
	addrs := map[string][]netip.Addr{}
	owner := ""
	for rr, err := range records(text, "hints") {
		if err != nil {
			problems = append(problems, err)
			break
		}
		name := strings.ToLower(rr.Header().Name)
		switch rr := rr.(type) {
		case *dns.NS:
			if owner == "" {
				owner = name
			}
			server := strings.ToLower(rr.Ns)
			switch {
			case name != owner:
				problem("NS of %s and of %s, want one zone", owner, name)
			case !slices.Contains(order, server):
				order = append(order, server)
			}
		case *dns.A:
			addrs[name] = address(addrs[name], rr.A)
		case *dns.AAAA:
			addrs[name] = address(addrs[name], rr.AAAA)
		default:
			problem("%s record of %s, want NS, A or AAAA", dns.TypeToString[rr.Header().Rrtype], name)
		}
	}
	if owner != "." {
		h.Zone = owner
	}
	for _, server := range order {
		if len(addrs[server]) == 0 {
			problem("no address for %s", server)
			continue
		}
		slices.SortFunc(addrs[server], netip.Addr.Compare)
		h.Servers = append(h.Servers, Server{Name: server, Addrs: slices.Compact(addrs[server])})
	}
	for _, name := range slices.Sorted(maps.Keys(addrs)) {
		if !slices.Contains(order, name) {
			problem("address of %s, which no NS record names", name)
		}
	}
	if len(h.Servers) == 0 && len(problems) == 0 {
		problem("no name server in it")
	}
	if len(problems) > 0 {
		return h, &opskit.Error{Op: "parse hints", Err: joined(problems)}
	}
	return h, nil
}

// address adds an address as it stands in a record.
func address(list []netip.Addr, ip []byte) []netip.Addr {
	if addr, ok := netip.AddrFromSlice(ip); ok {
		list = append(list, addr.Unmap())
	}
	return list
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

// Diff returns what got has differently, by server and address. It is empty
// when both name the same servers; dates and serials are not compared.
func (h Hints) Diff(got Hints) (changes []opskit.Change) {
	before, after := h.byName(), got.byName()
	all := slices.Collect(maps.Keys(before))
	all = slices.AppendSeq(all, maps.Keys(after))
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		for _, a := range before[name] {
			if !slices.Contains(after[name], a) {
				changes = append(changes, opskit.Change{What: name + " address", Old: a.String()})
			}
		}
		for _, a := range after[name] {
			if !slices.Contains(before[name], a) {
				changes = append(changes, opskit.Change{What: name + " address", New: a.String()})
			}
		}
	}
	return changes
}

func (h Hints) byName() map[string][]netip.Addr {
	m := map[string][]netip.Addr{}
	for _, s := range h.Servers {
		m[s.Name] = append(m[s.Name], s.Addrs...)
	}
	return m
}

// zone returns the zone's name with the final dot.
func (h Hints) zone() string {
	if h.Zone == "" {
		return "."
	}
	return dns.CanonicalName(h.Zone)
}
