package rssac002

import (
	"math"
	"slices"
	"time"
)

// What a baseline is made of; the package documentation says it in words.
const (
	baselineDays = 28
	fewestDays   = 7
	leastSpread  = 0.03   // of the median: counters that hardly vary must not make any change significant
	madToSigma   = 1.4826 // makes the median absolute deviation of a normal distribution its standard deviation
	longestEvent = 21     // days after which a level that has not come back is a new one
	sameLevel    = 1.5    // levels that differ by less are the same, where a series does not vary more by itself
)

// series is one column of one letter, by days since 1970. Zero is no figure.
type series struct {
	value  map[int]float64
	regime map[int]int // by day: which of the levels it belongs to, an excursion to the one around it
	odd    map[int]bool
	back   map[int]bool // of the odd days: the level came back after it
	levels []float64    // medians of the regimes' own days
	ends   [][2]int     // the regimes' first and last own days
	capped float64      // the limit of the counter; 0: none was found
}

func dayNumber(t time.Time) int { return int(t.Unix() / 86400) }

func dayOf(n int) time.Time { return time.Unix(int64(n)*86400, 0).UTC() }

// run is a stretch of days at one level.
type run struct {
	days   []int
	values []float64
}

func (r run) end(n int) float64   { return median(r.values[max(0, len(r.values)-n):]) }
func (r run) start(n int) float64 { return median(r.values[:min(n, len(r.values))]) }

// split finds the levels of a series. A stretch at another level that ends
// within three weeks at the old one is an excursion: an event, or days that were
// not counted whole. One that does not is a new level.
func (s *series) split() {
	s.regime, s.odd, s.back = map[int]int{}, map[int]bool{}, map[int]bool{}
	days := make([]int, 0, len(s.value))
	for n := range s.value {
		days = append(days, n)
	}
	slices.Sort(days)
	if len(days) < 2*fewestDays { // no levels to tell apart
		return
	}
	var steps []float64
	for i := 1; i < len(days); i++ {
		steps = append(steps, math.Abs(math.Log(s.value[days[i]]/s.value[days[i-1]])))
	}
	factor := sameLevel
	if len(steps) > fewestDays {
		factor = max(factor, math.Exp(6*madToSigma/math.Sqrt2*median(steps)))
	}
	near := func(a, b float64) bool { return max(a, b) <= factor*min(a, b) }
	var runs []run
	for _, n := range days {
		v := s.value[n]
		if last := len(runs) - 1; last >= 0 && near(v, runs[last].end(2*fewestDays)) {
			runs[last].days, runs[last].values = append(runs[last].days, n), append(runs[last].values, v)
			continue
		}
		runs = append(runs, run{[]int{n}, []float64{v}})
	}
	at := slices.IndexFunc(runs, func(r run) bool { return len(r.days) >= fewestDays })
	if at < 0 { // no level to speak of: the longest stretch
		for i := range runs {
			if at < 0 || len(runs[i].days) > len(runs[at].days) {
				at = i
			}
		}
	}
	s.mark(runs, at, near)
}

// mark walks from one level to the next, beginning with the run at.
func (s *series) mark(runs []run, at int, near func(a, b float64) bool) {
	excursion := func(r run, back bool) {
		for _, n := range r.days {
			s.regime[n], s.odd[n], s.back[n] = len(s.levels)-1, true, back
		}
	}
	defer func(first int) { // what comes before the first level may belong to a later one
		for _, r := range runs[:max(first, 0)] {
			for k, level := range s.levels {
				for _, n := range r.days {
					if near(level, r.start(2*fewestDays)) && s.odd[n] {
						s.regime[n], s.odd[n] = k, false
					}
				}
			}
		}
	}(at)
	var own []float64
	for begin := 0; at >= 0 && at < len(runs); {
		if own == nil {
			s.levels, s.ends = append(s.levels, 0), append(s.ends, [2]int{runs[at].days[0], 0})
		}
		for _, r := range runs[begin:at] {
			excursion(r, true)
		}
		for _, n := range runs[at].days {
			s.regime[n] = len(s.levels) - 1
		}
		own = append(own, runs[at].values...)
		s.levels[len(s.levels)-1], s.ends[len(s.ends)-1][1] = median(own), runs[at].days[len(runs[at].days)-1]
		last := runs[at].days[len(runs[at].days)-1]
		begin = at + 1
		next := -1
		for j := begin; j < len(runs) && runs[j].days[0]-last <= longestEvent+1; j++ {
			if near(runs[at].end(2*fewestDays), runs[j].start(2*fewestDays)) {
				next = j
				break
			}
		}
		if next < 0 { // it does not come back: the next long stretch is a new level
			for next = begin; next < len(runs) && len(runs[next].days) < fewestDays; next++ {
				excursion(runs[next], false)
			}
			if begin = next; next < len(runs) && !sameWithin(runs[at].end(2*fewestDays), median(runs[next].values)) {
				own = nil
			}
		}
		at = next
	}
}

// limit finds a counter's limit: the largest figure, on several days exactly the
// same, where no other figure comes twice; or shared by several letters; or
// round. Counts of a day are never that. A series with fewer different figures
// than fewest is not judged.
func (s *series) limit(others []*series, fewest int) float64 {
	most, times := 0.0, map[float64]int{}
	var all []float64
	for _, v := range s.value {
		most, all = max(most, v), append(all, v)
		times[v]++
	}
	if len(all) == 0 || most > sourcesUp*median(all) { // what counts up to many times the usual says enough
		return 0
	}
	repeated := 0
	for v, n := range times {
		if n > 1 && v != most {
			repeated++
		}
	}
	shared := 0
	for _, o := range others {
		same, above := false, false
		for _, v := range o.value {
			same, above = same || v == most, above || v > most
		}
		if same && !above && o != s {
			shared++
		}
	}
	round := most >= 1e5 && (math.Mod(most, 1e5) == 0 || math.Log2(most) == math.Floor(math.Log2(most)) || math.Log2(most+1) == math.Floor(math.Log2(most+1)))
	switch {
	case most < 1000 || repeated > 0 || len(times) < fewest:
		return 0
	case times[most] > 1, shared > 0, round && len(times) > fewestDays:
		return most
	}
	return 0
}

// reading is how a day compares with its baseline.
type reading struct {
	value, base, spread float64
	days                int  // that the baseline rests on
	least               bool // the counter stands at its limit: the value is a lower bound
}

func (l reading) ratio() float64 { return l.value / l.base }

// deviation is the distance from the baseline in spreads.
func (l reading) deviation() float64 { return (l.value - l.base) / l.spread }

// over reports whether the day is that many times its baseline and that many
// spreads above it.
func (l *reading) over(ratio, deviation float64) bool {
	return l != nil && l.ratio() >= ratio && l.deviation() >= deviation
}

// under reports whether the day is at most that share of its baseline.
func (l *reading) under(ratio float64) bool { return l != nil && l.ratio() <= ratio }

// compare compares a day with its baseline; nil if the figure or the baseline is
// missing. Days in skip, excursions and days of another level do not count.
func (s *series) compare(n, fewest int, skip map[int]bool) *reading {
	v, ok := s.value[n]
	if !ok {
		return nil
	}
	take := func(base []float64, d int) []float64 {
		b, ok := s.value[d]
		if !ok || skip[d] || s.odd[d] || s.regime[d] != s.regime[n] {
			return base
		}
		return append(base, b)
	}
	var base []float64
	for d := n - baselineDays; d < n; d++ {
		base = take(base, d)
	}
	if len(base) < fewestDays { // the nearest days on both sides
		base = nil
		for away := 1; away <= baselineDays && len(base) < baselineDays; away++ {
			base = take(take(base, n-away), n+away)
		}
	}
	if len(base) < fewest {
		return nil
	}
	m := median(base)
	if s.capped > 0 && m >= s.capped { // the counter always stands at its limit
		return nil
	}
	off := make([]float64, len(base))
	for i, b := range base {
		off[i] = math.Abs(b - m)
	}
	return &reading{
		value: v, base: m, spread: max(madToSigma*median(off), leastSpread*m), days: len(base),
		least: s.capped > 0 && v >= s.capped,
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
