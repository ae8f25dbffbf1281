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
)

// series is one column of one letter, by days since 1970. Zero is no figure.
type series map[int]float64

func dayNumber(t time.Time) int { return int(t.Unix() / 86400) }

func dayOf(n int) time.Time { return time.Unix(int64(n)*86400, 0).UTC() }

// level is how a day compares with its baseline.
type level struct {
	value, base, spread float64
	days                int // that the baseline rests on
}

func (l level) ratio() float64 { return l.value / l.base }

// deviation is the distance from the baseline in spreads.
func (l level) deviation() float64 { return (l.value - l.base) / l.spread }

// over reports whether the day is that many times its baseline and that many
// spreads above it.
func (l *level) over(ratio, deviation float64) bool {
	return l != nil && l.ratio() >= ratio && l.deviation() >= deviation
}

// under reports whether the day is at most that share of its baseline.
func (l *level) under(ratio float64) bool { return l != nil && l.ratio() <= ratio }

// level compares a day with its baseline; nil if the figure or the baseline is
// missing. Days in skip do not count for the baseline.
func (s series) level(n, fewest int, skip map[int]bool) *level {
	v, ok := s[n]
	if !ok {
		return nil
	}
	var base []float64
	for d := n - baselineDays; d < n; d++ {
		if b, ok := s[d]; ok && !skip[d] {
			base = append(base, b)
		}
	}
	if len(base) < fewestDays {
		base = s.nearest(n, skip)
	}
	if len(base) < fewest {
		return nil
	}
	m := median(base)
	off := make([]float64, len(base))
	for i, b := range base {
		off[i] = math.Abs(b - m)
	}
	return &level{value: v, base: m, spread: max(madToSigma*median(off), leastSpread*m), days: len(base)}
}

// nearest are the days closest to n on both sides.
func (s series) nearest(n int, skip map[int]bool) []float64 {
	var near []float64
	for away := 1; away <= baselineDays && len(near) < baselineDays; away++ {
		for _, d := range []int{n - away, n + away} {
			if b, ok := s[d]; ok && !skip[d] {
				near = append(near, b)
			}
		}
	}
	return near
}

// stays reports whether the days after n keep at least that share of its value;
// known is false if no day follows within a week.
func (s series) stays(n int, share float64) (stays, known bool) {
	var after []float64
	for d := n + 1; d <= n+7 && len(after) < 3; d++ {
		if v, ok := s[d]; ok {
			after = append(after, v)
		}
	}
	if len(after) == 0 {
		return false, false
	}
	return median(after) >= share*s[n], true
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
