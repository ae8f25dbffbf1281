package rssac002

import (
	"fmt"
	"math"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
)

// evidence is the statistics as series.
type evidence struct {
	days    []int
	volumes map[dnsroot.Letter]*[4]*series // udp4, tcp4, udp6, tcp6
	sources map[dnsroot.Letter]*series     // unique IPv4
	sizes   map[dnsroot.Letter]map[string]*series
	joint   map[int]bool // days on which several letters stand out
	cheap   map[int]bool // days of which only the sources of several letters do
	low     map[dnsroot.Letter]map[int]string
	unclear map[dnsroot.Letter]map[int]string
}

// carriers names the volume columns.
var carriers = [4]string{"UDP on IPv4", "TCP on IPv4", "UDP on IPv6", "TCP on IPv6"}

func newEvidence(figures []Figures) *evidence {
	e := &evidence{
		volumes: map[dnsroot.Letter]*[4]*series{}, sources: map[dnsroot.Letter]*series{}, sizes: map[dnsroot.Letter]map[string]*series{},
		joint: map[int]bool{}, cheap: map[int]bool{}, low: map[dnsroot.Letter]map[int]string{}, unclear: map[dnsroot.Letter]map[int]string{},
	}
	empty := func() *series { return &series{value: map[int]float64{}} }
	for l := range dnsroot.Letters() {
		e.volumes[l] = &[4]*series{empty(), empty(), empty(), empty()}
		e.sources[l], e.sizes[l] = empty(), map[string]*series{}
		e.low[l], e.unclear[l] = map[int]string{}, map[int]string{}
	}
	seen := map[int]bool{}
	for i := range figures {
		f := &figures[i]
		if e.sources[f.Letter] == nil {
			continue
		}
		n := dayNumber(f.Day)
		for i, c := range f.columns() {
			switch v := *c.figure; {
			case v == nil || *v == 0:
			case i < 4:
				e.volumes[f.Letter][i].value[n] = float64(*v)
			case i == 4:
				e.sources[f.Letter].value[n] = float64(*v)
			}
		}
		for bin, count := range f.UDPRequestSizes {
			if e.sizes[f.Letter][bin] == nil {
				e.sizes[f.Letter][bin] = empty()
			}
			e.sizes[f.Letter][bin].value[n] = float64(count)
		}
		if !seen[n] {
			seen[n] = true
			e.days = append(e.days, n)
		}
	}
	e.columns(func(column int, all []*series) {
		fewest := 1
		if column < 4 { // a volume that never varies is an estimate, no counter at its limit
			fewest = fewestDays
		}
		for _, s := range all {
			s.capped = s.limit(all, fewest)
			s.split()
		}
	})
	for l := range dnsroot.Letters() {
		e.levels(l)
	}
	e.findJoint()
	return e
}

// columns calls f with each column's series of all letters.
func (e *evidence) columns(f func(column int, all []*series)) {
	for i := range 5 {
		var all []*series
		for l := range dnsroot.Letters() {
			if i < 4 {
				all = append(all, e.volumes[l][i])
			} else {
				all = append(all, e.sources[l])
			}
		}
		f(i, all)
	}
}

// levels says what the levels of a letter mean. Where all columns change
// together for good, the counting did: the days at the low level are those that
// were not counted whole, since nobody counts more than was received. Several
// letters that rise on one day do not change their counting: the end of the
// figures cuts off an event.
func (e *evidence) levels(l dnsroot.Letter) {
	s := e.volumes[l][0]
	near := func(k int) bool { return k > 0 && k < len(s.ends) && s.ends[k][0]-s.ends[k-1][1] <= longestEvent }
	for k := 1; k < len(s.levels); k++ {
		if !near(k) { // what happened in between nobody knows
			continue
		}
		ratio := s.levels[k] / s.levels[k-1]
		if ratio > 1 && ratio >= aloneRatio && s.ends[k][1] == e.lastDay(s) && s.ends[k][1]-s.ends[k][0] < longestEvent && e.rise(s.ends[k][0]) >= eventLetters {
			for n, r := range s.regime {
				if r == k {
					s.regime[n], s.odd[n], s.back[n] = k-1, true, false
				}
			}
			continue
		}
		low, high := k-1, k
		if ratio < 1 {
			low, high = k, k-1
		}
		mark, text := e.low[l], fmt.Sprintf("all transports and families at %.3g times the level of %s to %s: not counted whole",
			s.levels[low]/s.levels[high], date(s.ends[high][0]), date(s.ends[high][1]))
		which := low
		switch {
		case !e.together(l, s.ends[k-1], s.ends[k]) && ratio < unclearRatio && ratio > 1/unclearRatio:
			continue
		case !e.together(l, s.ends[k-1], s.ends[k]):
			mark, which = e.unclear[l], k
			text = fmt.Sprintf("%.3g times the level before %s, and it stays so: a lasting change, or an event of many days", ratio, date(s.ends[k][0]))
		case high > 0 && high+1 < len(s.levels) && sameWithin(s.levels[high-1], s.levels[high+1]):
			mark, which = e.unclear[l], high
			text = fmt.Sprintf("%.3g times the level before and after: counted twice, or an event of many days", s.levels[high]/s.levels[low])
		}
		first, last := which, which
		if which == low { // and what is as low beyond it
			for ; low < high && near(first) && unclearRatio*s.levels[first-1] < s.levels[high]; first-- {
			}
			for ; low > high && near(last+1) && unclearRatio*s.levels[last+1] < s.levels[high]; last++ {
			}
		}
		for n, r := range s.regime {
			if r >= first && r <= last && !s.odd[n] {
				mark[n] = text
			}
		}
	}
}

func sameWithin(a, b float64) bool { return max(a, b) <= sameLevel*min(a, b) }

func date(n int) string { return dayOf(n).Format("2006-01-02") }

func (e *evidence) lastDay(s *series) int {
	last := math.MinInt
	for n := range s.value {
		last = max(last, n)
	}
	return last
}

// rise counts the letters that reach a far higher level on that day.
func (e *evidence) rise(n int) int {
	count := 0
	for l := range dnsroot.Letters() {
		s := e.volumes[l][0]
		before, ok := s.value[n-1]
		if now, there := s.value[n]; ok && there && now >= aloneRatio*before {
			count++
		}
	}
	return count
}

// together reports whether all columns of a letter changed between two levels,
// the same way.
func (e *evidence) together(l dnsroot.Letter, before, after [2]int) bool {
	others := 0
	for i, s := range e.volumes[l] {
		a, b := s.between(before[1]-2*fewestDays, before[1]), s.between(after[0], after[0]+2*fewestDays)
		if a == 0 || b == 0 {
			continue
		}
		main := e.volumes[l][0].between(after[0], after[0]+2*fewestDays) / e.volumes[l][0].between(before[1]-2*fewestDays, before[1])
		if (b > a) != (main > 1) || sameWithin(a, b) {
			return false
		}
		if i > 0 {
			others++
		}
	}
	return others > 0
}

// between is the median of the days from first to last, 0 if there are none.
func (s *series) between(first, last int) float64 {
	var values []float64
	for n := first; n <= last; n++ {
		if v, ok := s.value[n]; ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0
	}
	return median(values)
}

// findJoint finds the days on which at least two letters stand out, by their
// queries or by their sources alone.
func (e *evidence) findJoint() {
	for _, n := range e.days {
		count := 0
		for l := range dnsroot.Letters() {
			if m := e.measure(l, n); m.alone() {
				count++
			}
		}
		e.joint[n] = count >= eventLetters
	}
	var more []int
	for _, n := range e.days {
		count := 0
		for l := range dnsroot.Letters() {
			if m := e.measure(l, n); m.sources != nil && m.sources.days >= fewestDays && m.crowded() {
				count++
			}
		}
		if count >= eventLetters && !e.joint[n] {
			more = append(more, n)
		}
	}
	for _, n := range more {
		e.joint[n], e.cheap[n] = true, true
	}
}

// measured is what is known of one letter's day.
type measured struct {
	volumes [4]*reading
	other   int      // column beside udp4 that stands out and matters; 0 if none does
	sources *reading // unique IPv4
	odd     bool     // its level came back afterwards
	back    bool
}

func (e *evidence) measure(l dnsroot.Letter, n int) measured {
	var m measured
	total := 0.0
	for i, s := range e.volumes[l] {
		m.volumes[i] = s.compare(n, fewestDays, nil)
		if v := m.volumes[i]; v != nil {
			total += v.base
		}
	}
	least := otherColumnShare * total
	if v := m.volumes[0]; v.over(aloneRatio, aloneDeviation) {
		least = max(least, v.value-v.base)
	}
	for i := 1; i < 4; i++ {
		v := m.volumes[i]
		if v.over(aloneRatio, aloneDeviation) && v.value-v.base >= least {
			m.other, least = i, v.value-v.base
		}
	}
	m.sources = e.sources[l].compare(n, sourceBaseline, e.joint)
	top := e.volumes[l][m.other]
	m.odd, m.back = top.odd[n], top.back[n]
	return m
}

// alone reports whether the day stands out by itself.
func (m *measured) alone() bool {
	return m.volumes[0].over(aloneRatio, aloneDeviation) || m.other > 0
}

// alike reports whether all columns rose by one factor, as counting does and
// traffic does not.
func (m *measured) alike() bool {
	columns := 0
	for _, v := range m.volumes {
		if v != nil && !sameWithin(v.ratio(), m.volumes[0].ratio()) {
			return false
		}
		if v != nil {
			columns++
		}
	}
	return m.volumes[0] != nil && columns >= 3
}

// crowded reports whether the sources stand out by themselves.
func (m *measured) crowded() bool { return m.sources.over(sourcesUp, aloneDeviation) }

// fell reports whether every column fell together.
func (m *measured) fell() bool {
	if v := m.volumes[0]; !v.under(fallRatio) || v.ratio() > fallAnyway && v.deviation() > -jointDeviation {
		return false
	}
	others := 0
	for _, v := range m.volumes[1:] {
		if v != nil && v.ratio() > fallOthersRatio {
			return false
		}
		if v != nil {
			others++
		}
	}
	return others > 0
}

// top is the reading of the column that stands out, udp4 if none does.
func (m *measured) top() *reading { return m.volumes[m.other] }

// share is the part f of the excess that was drawn uniformly from all IPv4
// addresses, were all new sources random. ok is false where it has no meaning.
func (m *measured) share() (f float64, ok bool) {
	if m.sources == nil || m.sources.least || m.volumes[0] == nil {
		return 0, false
	}
	excess, fresh := m.volumes[0].value-m.volumes[0].base, m.sources.value-m.sources.base
	if excess <= 0 || fresh <= 0 || fresh >= addressSpace {
		return 0, false
	}
	f = -addressSpace * math.Log(1-fresh/addressSpace) / excess
	return f, f <= 1 // more: the queries were not all counted
}

// limits are the gaps of counters that stand at their limit.
func (e *evidence) limits() (gaps []opskit.Gap) {
	e.columns(func(column int, all []*series) {
		by := map[float64][]dnsroot.Letter{}
		var order []float64
		i := 0
		for l := range dnsroot.Letters() {
			if limit := all[i].capped; limit > 0 {
				if by[limit] == nil {
					order = append(order, limit)
				}
				by[limit] = append(by[limit], l)
			}
			i++
		}
		name := "the IPv4 sources"
		if column < 4 {
			name = "the queries over " + carriers[column]
		}
		for _, limit := range order {
			gaps = append(gaps, opskit.Gap{
				What: fmt.Sprintf("%s of %s above %.0f", name, letters(by[limit]), limit),
				Why:  "the counter stands at that figure as at a limit: it says nothing beyond",
				Need: "figures by another counter",
			})
		}
	})
	return gaps
}
