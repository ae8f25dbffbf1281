package traffic

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Report describes and judges what was taken in so far.
func (a *Analyzer) Report() *Report {
	a.prepare()
	a.flush()
	r := &Report{Frames: a.frames, Queries: a.queries, Answers: a.answers, Failures: a.broken}
	if len(a.skipped) > 0 {
		r.Skipped = maps.Clone(a.skipped)
	}
	pick := func(b bin) uint32 { return b.queries }
	if a.answers > 10*a.queries {
		pick = func(b bin) uint32 { return b.answers }
	}
	list := a.list(pick)
	whole := a.span(func(int64) bool { return true })
	whole.sources = a.whole
	r.Whole.fill(whole, nil, a.turns(math.MinInt64, math.MaxInt64))
	r.Whole.Queries, r.Whole.Answers = a.queries, a.answers
	for i := range list {
		s := &list[i]
		r.Whole.Peak = max(r.Whole.Peak, peak(s.rate, 1))
		r.Whole.PeakMinute = max(r.Whole.PeakMinute, peak(s.rate, 60))
		found := windows(s.rate)
		for _, w := range found {
			r.Windows = append(r.Windows, a.window(s, w, found))
		}
	}
	if len(list) > 0 {
		last := &list[len(list)-1]
		r.Whole.Start, r.Whole.End = list[0].instant(0), last.instant(float64(len(last.rate)))
		r.Whole.Mean = float64(a.queries) / r.Whole.End.Sub(r.Whole.Start).Seconds()
		r.Whole.OpenStart, r.Whole.OpenEnd = true, true
	}
	r.Judge()
	return r
}

// part is several epochs together, and how many seconds were captured in them.
type part struct {
	*epoch
	seconds float64
}

// span puts the epochs together that are wanted.
func (a *Analyzer) span(want func(key int64) bool) part {
	p := part{epoch: newEpoch()}
	for _, key := range a.keys() {
		if want(key) {
			p.merge(a.epochs[key])
		}
	}
	return p
}

func (a *Analyzer) keys() []int64 {
	var keys []int64
	for key := range a.epochs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// covered is how many seconds of a series lie in the epochs that are wanted.
func (a *Analyzer) covered(s *series, want func(key int64) bool) float64 {
	n := 0
	for i := range s.rate {
		if want((s.first + int64(i)) >> a.shift) {
			n++
		}
	}
	return float64(n)
}

// window describes one window of a series, against what is in none of them.
func (a *Analyzer) window(s *series, w span, all []span) Stretch {
	in := func(w span, key int64) bool {
		from, to := key<<a.shift-s.first, (key+1)<<a.shift-s.first
		return from < int64(w.end) && to > int64(w.begin)
	}
	inside := func(key int64) bool { return in(w, key) }
	outside := func(key int64) bool {
		from, to := key<<a.shift, (key+1)<<a.shift
		if to <= s.first || from >= s.first+int64(len(s.rate)) {
			return false
		}
		return !slices.ContainsFunc(all, func(o span) bool { return in(o, key) })
	}
	on, off := a.span(inside), a.span(outside)
	on.seconds, off.seconds = a.covered(s, inside), a.covered(s, outside)
	t := Stretch{
		Window: true, Before: w.before, OpenStart: w.openBegin, OpenEnd: w.openEnd,
		Start: s.instant(w.from), End: s.instant(w.to), StartError: seconds(w.fromErr), EndError: seconds(w.toErr),
	}
	if w.openBegin {
		t.Start, t.StartError = s.instant(0), 0
	}
	if w.openEnd {
		t.End, t.EndError = s.instant(float64(len(s.rate))), 0
	}
	rate := s.rate[w.begin:w.end]
	t.Mean = total(rate) / float64(len(rate))
	t.Peak, t.PeakMinute = peak(rate, 1), peak(rate, 60)
	for i := w.begin; i < w.end; i++ {
		second := s.first + int64(i)
		if c := a.seconds[second>>8]; c != nil {
			t.Queries += uint64(c[second&255].queries)
			t.Answers += uint64(c[second&255].answers)
		}
	}
	base := &off
	if off.seconds == 0 || off.queries+off.answers == 0 {
		base = nil
	}
	t.fill(on, base, a.turns((s.first+int64(w.begin))>>a.shift, (s.first+int64(w.end-1))>>a.shift))
	return t
}

// turns lists the names that were half of an epoch's queries, one after the other.
func (a *Analyzer) turns(from, to int64) (names []string) {
	for _, key := range a.keys() {
		e := a.epochs[key]
		if key < from || key > to || e.queries < 100 {
			continue
		}
		for _, c := range e.top.top()[:min(1, e.top.n)] {
			name := printName(string(c.text))
			if c.text != nil && c.count*2 >= e.queries && (len(names) == 0 || names[len(names)-1] != name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// most is how many of each kind are told.
const most = 10

// fill describes the traffic of on, without what it had of off.
func (s *Stretch) fill(on part, off *part, turns []string) {
	times := 0.0 // how often off goes into the time of on
	if off != nil {
		times = on.seconds / off.seconds
	}
	rest := func(on, off uint64) float64 { return max(0, float64(on)-times*float64(off)) }
	ordinary := part{epoch: newEpoch()}
	if off != nil {
		ordinary = *off
	}
	queries, answers := rest(on.queries, ordinary.queries), rest(on.answers, ordinary.answers)
	if s.Queries == 0 && off == nil {
		s.Queries = on.queries
	}
	rank := func(f, base *frequent, of float64, name func(c ranked) string) (shares []Share) {
		for _, c := range f.top() {
			if text := name(c); text != "" && of > 0 {
				sh := Share{Name: text, Count: Count{c.count, c.count, c.count + f.lost}}
				sh.Share = min(1, rest(c.count, base.count(c.hash))/of)
				shares = append(shares, sh)
			}
		}
		slices.SortStableFunc(shares, func(x, y Share) int { return cmp.Compare(y.Share, x.Share) })
		return shares
	}
	s.Names.Top = head(rank(on.top, ordinary.top, queries, func(c ranked) string {
		if c.text == nil {
			return ""
		}
		return printName(string(c.text))
	}))
	source := func(c ranked) string {
		if p := prefix(unmix(c.hash)); p.IsSingleIP() {
			return p.Addr().String()
		} else {
			return p.String()
		}
	}
	talkers := rank(on.talkers, ordinary.talkers, queries, source)
	s.Sources.Top = head(talkers)
	for i, t := range talkers[:min(200, len(talkers))] {
		if i < most {
			s.Sources.Ten = min(1, s.Sources.Ten+t.Share)
		}
		s.Sources.Heavy = min(1, s.Sources.Heavy+t.Share)
	}
	s.Servers = head(rank(on.servers, ordinary.servers, queries+answers, func(c ranked) string { return address(c.text) }))
	s.Clients = head(rank(on.clients, ordinary.clients, answers, source))
	for i, n := range on.types {
		s.Types = share(s.Types, typeName(i), n, rest(n, ordinary.types[i]), queries)
	}
	for i, n := range on.rcodes {
		s.Rcodes = share(s.Rcodes, rcodeName(i), n, rest(n, ordinary.rcodes[i]), answers)
	}
	s.Types, s.Rcodes = head(s.Types), head(s.Rcodes)
	s.QuerySize, s.AnswerSize = ratio(on.queryBytes, on.queries), ratio(on.answerBytes, on.answers)

	s.Names.Distinct, s.Sources.Distinct, s.Sources.V6 = on.names.distinct(), on.sources.distinct(), on.v6
	s.Names.Turns = turns
	if b, _ := victim(&on.names); queries > 0 && b.once >= 20 {
		n, scale := float64(b.once), on.names.scale()
		spread := 1.96 * math.Sqrt(n*(1-1/scale))
		of := max(queries, 1)
		s.Names.Once = Real{max(0, n-spread) * scale / of, n * scale / of, (n + spread) * scale / of}
		s.Names.Once = Real{min(1, s.Names.Once.Low), min(1, s.Names.Once.Value), min(1, s.Names.Once.High)}
		s.Names.Lookups = float64(b.numbers+b.hash) / n
		s.Names.Victim = printName(b.suffix)
	}
	for i, n := range on.octets {
		if unroutable(i) {
			s.Sources.Unroutable += n
		}
	}
	s.Sources.Spoofed, s.Sources.Drawn = spoofed(on.epoch, &on.sources)
	if all := float64(max(s.Queries, 1)); s.Queries > 0 {
		u := s.Sources.Spoofed
		s.Sources.Uniform = Real{min(1, u.Low/all), min(1, u.Value/all), min(1, u.High/all)}
	}
}

func head(s []Share) []Share { return s[:min(most, len(s))] }

func share(list []Share, name string, count uint64, rest, of float64) []Share {
	if count == 0 || of <= 0 {
		return list
	}
	list = append(list, Share{Name: name, Count: Count{count, count, count}, Share: min(1, rest/of)})
	slices.SortStableFunc(list, func(x, y Share) int { return cmp.Compare(y.Share, x.Share) })
	return list
}

func ratio(sum, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return math.Round(10*float64(sum)/float64(n)) / 10
}

func address(text []byte) string {
	switch {
	case len(text) != 17:
		return ""
	case text[16] == 4:
		return netip.AddrFrom4([4]byte(text[:4])).String()
	}
	return netip.AddrFrom16([16]byte(text[:16])).String()
}

// typeName is the mnemonic of the types that matter here, TYPE123 for others
// (RFC 3597), and OTHER for all from 256 on.
func typeName(t int) string {
	switch name := map[int]string{
		1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 43: "DS", 46: "RRSIG",
		48: "DNSKEY", 64: "SVCB", 65: "HTTPS", 252: "AXFR", 255: "ANY", 256: "OTHER",
	}[t]; name {
	case "":
		return "TYPE" + strconv.Itoa(t)
	default:
		return name
	}
}

func rcodeName(c int) string {
	names := [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
	if c < len(names) {
		return names[c]
	}
	return fmt.Sprintf("RCODE%d", c)
}

// skips lists what was skipped, most first.
func (r *Report) skips() []Share {
	var list []Share
	for why, n := range r.Skipped {
		list = append(list, Share{Name: why, Count: Count{n, n, n}})
	}
	slices.SortFunc(list, func(x, y Share) int {
		return cmp.Or(cmp.Compare(y.Count.Value, x.Count.Value), cmp.Compare(x.Name, y.Name))
	})
	return list
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z") }
