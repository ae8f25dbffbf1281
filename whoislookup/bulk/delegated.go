package bulk

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

// Delegation is one line of a registry's statistics: what it handed out, or
// keeps. It says nothing about the holder but a number that the holder's other
// delegations bear too.
type Delegation struct {
	Registry string            `json:"registry"`           // "afrinic", "apnic", "arin", "lacnic" or "ripencc"
	Country  string            `json:"country,omitempty"`  // two letters; of the holder, not of the machines
	Range    whoislookup.Range `json:"range,omitzero"`     // for addresses
	FromASN  uint32            `json:"from_asn,omitempty"` // for AS numbers: the first
	ToASN    uint32            `json:"to_asn,omitempty"`   // and the last
	Date     whoislookup.Date  `json:"date,omitempty"`     // when it was handed out first
	Status   string            `json:"status"`             // "allocated", "assigned", "available" or "reserved"
	Holder   string            `json:"holder,omitempty"`   // opaque, the same for everything of one holder in this registry
}

// Delegated holds delegated statistics in the exchange format of the five
// registries ("RIR statistics exchange format"), extended or not.
// The zero value is empty, and so is nil for reading. Load all files first;
// after that it is safe for concurrent use.
type Delegated struct {
	addrs []Delegation // by Range.From
	asns  []Delegation // by FromASN
}

// Load adds the lines of one uncompressed file, delegated-REGISTRY-extended-latest.
// A line that cannot be read is left out; the error names the first such line
// and matches [whoislookup.ErrGarbage], and all others are loaded all the same.
// A file without a single line of the format is an error too, and so is one
// that was cut off: with fewer records than its first line and its summary
// announce.
func (d *Delegated) Load(r io.Reader) error {
	var bad error
	records := 0
	var announced, summed, seen uint64
	lines := bufio.NewScanner(r)
	fail := func(n int, why string) {
		if bad == nil {
			bad = &opskit.Error{Op: "load delegated statistics", Err: fmt.Errorf("line %d: %s: %w", n, why, whoislookup.ErrGarbage)}
		}
	}
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		f := strings.Split(text, "|")
		if len(f) >= 6 && (f[5] == "summary" || strings.Trim(f[0], "0123456789.") == "") {
			records++
			if f[5] == "summary" {
				summed += number(f[4])
			} else {
				announced += number(f[3])
			}
			continue
		}
		seen++
		e, why := delegation(f)
		if why != "" {
			fail(n, why)
			continue
		}
		records++
		if e.Range.IsValid() {
			d.addrs = append(d.addrs, e)
		} else {
			d.asns = append(d.asns, e)
		}
	}
	slices.SortStableFunc(d.addrs, func(a, b Delegation) int { return a.Range.From.Compare(b.Range.From) })
	slices.SortStableFunc(d.asns, func(a, b Delegation) int { return int(int64(a.FromASN) - int64(b.FromASN)) })
	if err := lines.Err(); err != nil {
		return &opskit.Error{Op: "load delegated statistics", Err: err}
	}
	if records == 0 && bad == nil {
		fail(1, "no line of the format")
	}
	if whole := min(announced, summed); bad == nil && seen < whole {
		bad = &opskit.Error{Op: "load delegated statistics", Err: fmt.Errorf("%d records of %d, so the file was cut off: %w", seen, whole, whoislookup.ErrGarbage)}
	}
	return bad
}

// number is a count, 0 if it is none.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 40)
	if err != nil {
		return 0
	}
	return n
}

// delegation reads the fields of a line, or says what is wrong.
func delegation(f []string) (Delegation, string) {
	if len(f) < 7 {
		return Delegation{}, "fewer than 7 fields"
	}
	e := Delegation{Registry: f[0], Country: f[1], Status: f[6]}
	if e.Country == "ZZ" || e.Country == "*" {
		e.Country = ""
	}
	if len(f) > 7 {
		e.Holder = f[7]
	}
	if day, err := time.Parse("20060102", f[5]); err == nil && day.Year() > 1 {
		e.Date = whoislookup.Date(day.Format(time.DateOnly))
	}
	count, err := strconv.ParseUint(f[4], 10, 33)
	if err != nil {
		return e, "value is no number"
	}
	if f[2] == "asn" {
		first, err := strconv.ParseUint(f[3], 10, 32)
		if err != nil || count == 0 || first+count-1 > 1<<32-1 {
			return e, "no AS number"
		}
		e.FromASN, e.ToASN = uint32(first), uint32(first+count-1)
		return e, ""
	}
	from, err := netip.ParseAddr(f[3])
	if err != nil || from.Zone() != "" || from.Is4() != (f[2] == "ipv4") || from.Is6() != (f[2] == "ipv6") {
		return e, "start is no address of its type"
	}
	e.Range.From = from
	if from.Is4() {
		b := from.As4()
		first := uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
		end := first + count - 1
		if count == 0 || end > 1<<32-1 {
			return e, "range without end"
		}
		e.Range.To = netip.AddrFrom4([4]byte{byte(end >> 24), byte(end >> 16), byte(end >> 8), byte(end)})
		return e, ""
	}
	p, err := from.Prefix(int(min(count, 1<<10)))
	if err != nil || p.Addr() != from {
		return e, "no prefix"
	}
	e.Range = rangeOf(p)
	return e, ""
}

// Addr returns the delegation that an address lies in, in about a microsecond.
// Where files contradict each other, the one that starts last counts.
func (d *Delegated) Addr(a netip.Addr) (Delegation, bool) {
	if d == nil {
		return Delegation{}, false
	}
	a = a.Unmap().WithZone("")
	i := sort.Search(len(d.addrs), func(i int) bool { return d.addrs[i].Range.From.Compare(a) > 0 }) - 1
	if i < 0 || !d.addrs[i].Range.Contains(a) {
		return Delegation{}, false
	}
	return d.addrs[i], true
}

// ASN returns the delegation that an AS number lies in.
func (d *Delegated) ASN(n uint32) (Delegation, bool) {
	if d == nil {
		return Delegation{}, false
	}
	i := sort.Search(len(d.asns), func(i int) bool { return d.asns[i].FromASN > n }) - 1
	if i < 0 || d.asns[i].ToASN < n {
		return Delegation{}, false
	}
	return d.asns[i], true
}

// All yields the delegations of addresses, IPv4 first, in order, and then those
// of AS numbers.
func (d *Delegated) All() iter.Seq[Delegation] {
	return func(yield func(Delegation) bool) {
		if d == nil {
			return
		}
		for _, list := range [...][]Delegation{d.addrs, d.asns} {
			for _, e := range list {
				if !yield(e) {
					return
				}
			}
		}
	}
}
