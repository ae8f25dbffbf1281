package traffic

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Report describes and judges what was taken in so far.
func (a *Analyzer) Report() *Report {
	a.flush()
	s := &a.state
	all := func(int64) bool { return true }
	whole := s.span(all)
	whole.Sources = s.Sources
	r := &Report{Frames: s.Frames, Queries: whole.N[queries], Answers: whole.N[answers]}
	for _, text := range s.Broken {
		var f opskit.Failure
		_ = json.Unmarshal(text, &f) // it was read before
		r.Failures = append(r.Failures, f)
	}
	if len(s.Skipped) > 0 {
		r.Skipped = maps.Clone(s.Skipped)
	}
	pick := func(b bin) uint32 { return b.Queries }
	if r.Answers > 10*r.Queries {
		pick = func(b bin) uint32 { return b.Answers }
	}
	r.Whole.Queries, r.Whole.Answers = r.Queries, r.Answers
	r.Whole.fill(whole, newEpoch(), 0, s.turns(all))
	list := s.list(pick)
	for i := range list {
		l := &list[i]
		r.Whole.Peak = max(r.Whole.Peak, peak(l.rate, 1))
		r.Whole.PeakMinute = max(r.Whole.PeakMinute, peak(l.rate, 60))
		found := windows(l.rate)
		for _, w := range found {
			r.Windows = append(r.Windows, s.window(l, w, found))
		}
	}
	if len(list) > 0 {
		last := &list[len(list)-1]
		r.Whole.Start, r.Whole.End = list[0].instant(0), last.instant(float64(len(last.rate)))
		r.Whole.Mean = float64(r.Queries) / r.Whole.End.Sub(r.Whole.Start).Seconds()
		r.Whole.OpenStart, r.Whole.OpenEnd = true, true
	}
	r.Judge()
	return r
}

// span puts the epochs together that are wanted.
func (s *state) span(want func(key int64) bool) *epoch {
	e := newEpoch()
	for _, key := range slices.Sorted(maps.Keys(s.Epochs)) {
		if want(key) {
			e.merge(s.Epochs[key])
		}
	}
	return e
}

// window describes one window of a series, against what is in none of them.
func (s *state) window(l *series, w span, all []span) Stretch {
	touches := func(key int64, begin, end int) bool {
		return key<<s.Shift-l.first < int64(end) && (key+1)<<s.Shift-l.first > int64(begin)
	}
	inside := func(key int64) bool { return touches(key, w.begin, w.end) }
	outside := func(key int64) bool {
		return touches(key, 0, len(l.rate)) && !slices.ContainsFunc(all, func(o span) bool { return touches(key, o.begin, o.end) })
	}
	t := Stretch{
		Window: true, Before: w.before, OpenStart: w.openBegin, OpenEnd: w.openEnd,
		Start: l.instant(w.from), End: l.instant(w.to), StartError: seconds(w.fromErr), EndError: seconds(w.toErr),
	}
	if w.openBegin {
		t.Start, t.StartError = l.instant(0), 0
	}
	if w.openEnd {
		t.End, t.EndError = l.instant(float64(len(l.rate))), 0
	}
	rate := l.rate[w.begin:w.end]
	t.Mean, t.Peak, t.PeakMinute = total(rate)/float64(len(rate)), peak(rate, 1), peak(rate, 60)
	on, off := 0.0, 0.0 // how many seconds of the series are in the epochs inside and outside
	for i := range l.rate {
		second := l.first + int64(i)
		if c := s.Seconds[second>>8]; c != nil && i >= w.begin && i < w.end {
			t.Queries += uint64(c[second&255].Queries)
			t.Answers += uint64(c[second&255].Answers)
		}
		switch key := second >> s.Shift; {
		case inside(key):
			on++
		case outside(key):
			off++
		}
	}
	t.fill(s.span(inside), s.span(outside), on/max(off, 1), s.turns(inside))
	return t
}

// turns lists the names that were half of an epoch's queries, one after the other.
func (s *state) turns(want func(key int64) bool) (names []string) {
	for _, key := range slices.Sorted(maps.Keys(s.Epochs)) {
		e := s.Epochs[key]
		top := e.Top.top()
		if !want(key) || e.N[queries] < 100 || len(top) == 0 || top[0].Text == 0 || top[0].Count*2 < e.N[queries] {
			continue
		}
		if name := printName(e.Top.text(top[0])); len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names
}

// most is how many of each kind are told.
const most = 10

// fill describes the traffic of on, without what it had of off, which goes so many
// times into the time of on.
func (s *Stretch) fill(on, off *epoch, times float64, turns []string) {
	rest := func(on, off uint64) float64 { return max(0, float64(on)-times*float64(off)) }
	asked, answered := rest(on.N[queries], off.N[queries]), rest(on.N[answers], off.N[answers])
	rank := func(t, base *table, of float64, name func(hash uint64, text []byte) string) (list []Share) {
		for _, k := range t.top() {
			c := Count{k.Count, k.Count, k.Count + t.Lost}
			if t == &on.Talkers && on.N[queries] > exactly { // one in oneIn was counted
				half := func(n uint64) uint64 { return uint64(1.96 * math.Sqrt(oneIn*float64(n))) }
				c.Low, c.High = max(1, c.Low-min(c.Low, half(c.Low))), c.High+half(c.High)
			}
			list = share(list, name(k.Hash, t.text(k)), c, rest(k.Count, base.find(k.Hash).Count), of)
		}
		return sorted(list)
	}
	few := func(from, n int, of float64, name func(i int) string) (list []Share) {
		for i := range n {
			k := on.N[from+i]
			list = share(list, name(i), Count{k, k, k}, rest(k, off.N[from+i]), of)
		}
		return head(sorted(list))
	}
	talkers := rank(&on.Talkers, &off.Talkers, asked, source)
	for i, t := range talkers[:min(200, len(talkers))] {
		least := t.Share * float64(t.Count.Low) / float64(t.Count.Value)
		if i < most {
			s.Sources.Ten = min(1, s.Sources.Ten+least)
		}
		s.Sources.Heavy = min(1, s.Sources.Heavy+least)
	}
	s.Sources.Top = head(talkers)
	s.Names.Top = head(rank(&on.Top, &off.Top, asked, func(_ uint64, text []byte) string { return printName(text) }))
	s.Servers = head(rank(&on.Servers, &off.Servers, asked+answered, address))
	s.Clients = head(rank(&on.Clients, &off.Clients, answered, source))
	s.Types = few(types, octets-types, asked, typeName)
	s.Rcodes = few(rcodes, types-rcodes, answered, func(i int) string { return cmp.Or(dns.RcodeToString[i], fmt.Sprintf("RCODE%d", i)) })
	s.QuerySize, s.AnswerSize = ratio(on.N[queryBytes], on.N[queries]), ratio(on.N[answerBytes], on.N[answers])

	s.Names.Distinct, s.Sources.Distinct, s.Sources.V6 = on.Names.distinct(), on.Sources.distinct(), on.N[overIPv6]
	s.Names.Turns = turns
	if b := victim(&on.Names); asked > 0 && b.once >= 20 {
		n, scale := float64(b.once), on.Names.scale()
		spread := 1.96 * math.Sqrt(n*(1-1/scale))
		s.Names.Once = Real{max(0, n-spread), n, n + spread}.times(scale / max(asked, 1)).atMost1()
		s.Names.Lookups = float64(b.lookups) / n
		s.Names.Victim = printName([]byte(b.suffix))
	}
	octet := on.N[octets:]
	for i, n := range octet {
		if unroutable(i) {
			s.Sources.Unroutable += n
		}
	}
	s.Sources.Spoofed, s.Sources.Drawn = spoofed(octet, &on.Sources)
	if s.Queries > 0 {
		s.Sources.Uniform = s.Sources.Spoofed.times(1 / float64(s.Queries)).atMost1()
	}
}

func head(s []Share) []Share { return s[:min(most, len(s))] }

func sorted(list []Share) []Share {
	slices.SortStableFunc(list, func(x, y Share) int { return cmp.Compare(y.Share, x.Share) })
	return list
}

// share adds what occurred and has a name.
func share(list []Share, name string, count Count, rest, of float64) []Share {
	if count.Value == 0 || of <= 0 || name == "" {
		return list
	}
	return append(list, Share{Name: name, Count: count, Share: min(1, rest/of)})
}

func ratio(sum, n uint64) float64 { return math.Round(10*float64(sum)/float64(max(n, 1))) / 10 }

func source(hash uint64, _ []byte) string {
	if p := prefix(unmix(hash)); p.IsSingleIP() {
		return p.Addr().String()
	}
	return prefix(unmix(hash)).String()
}

func address(_ uint64, text []byte) string {
	if addr, ok := netip.AddrFromSlice(text); ok {
		return addr.String()
	}
	return ""
}

// typeName is the mnemonic of a type, TYPE123 where there is none (RFC 3597), and
// OTHER for all from 256 on.
func typeName(t int) string {
	if t == 256 {
		return "OTHER"
	}
	return dns.Type(t).String()
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
