package traffic

import (
	"maps"
	"math"
	"slices"
	"time"
)

// span is a run of seconds: [begin, end) in the series, and where in these the
// rate really rose and fell.
type span struct {
	begin, end         int
	openBegin, openEnd bool // it lasts beyond what was captured
	before             float64
	from, to           float64 // begin and end to parts of a second
	fromErr, toErr     float64
}

// series are seconds without a hole of more than quiet seconds.
type series struct {
	first int64 // the second of rate[0]
	rate  []float64
}

// quiet is how long a capture may hold nothing before it counts as two.
const quiet = 600

// list returns the seconds in order, of queries or of answers.
func (s *state) list(pick func(b bin) uint32) []series {
	var all []series
	last := int64(math.MinInt64)
	for _, key := range slices.Sorted(maps.Keys(s.Seconds)) {
		for i, b := range s.Seconds[key] {
			if b == (bin{}) {
				continue
			}
			second := key<<8 + int64(i)
			if len(all) == 0 || second-last > quiet {
				all = append(all, series{first: second})
			}
			l := &all[len(all)-1]
			l.rate = append(l.rate, make([]float64, second-l.first-int64(len(l.rate)))...)
			l.rate = append(l.rate, float64(pick(b)))
			last = second
		}
	}
	return all
}

// windows finds where the rate steps up against what it was in the minutes
// before and down again. The rhythm of a day, which takes hours, is no step. A
// window that was open when the capture began is found from behind.
func windows(rate []float64) []span {
	found := steps(rate)
	back := slices.Clone(rate)
	slices.Reverse(back)
	for _, s := range steps(back) {
		if !s.openEnd {
			continue
		}
		n := len(rate)
		turned := span{
			end: n - s.begin, openBegin: true, before: s.before,
			to: float64(n) - s.from, toErr: s.fromErr,
		}
		if len(found) == 0 || found[0].begin >= turned.end {
			found = slices.Insert(found, 0, turned)
		}
	}
	return found
}

const (
	history = 300 // seconds of which the rate before is the median
	step    = 1.5 // times the rate before is a step
)

// limit is what a second of ordinary traffic stays below: the rate before and
// what it scatters by.
func limit(before []float64) (base, above float64) {
	base = median(before)
	off := make([]float64, len(before))
	for i, x := range before {
		off[i] = math.Abs(x - base)
	}
	scatter := max(5*1.4826*median(off), 4*math.Sqrt(base+1), (step-1)*base)
	return base, base + scatter
}

// steps goes through the seconds once, from the front.
func steps(rate []float64) []span {
	n := len(rate)
	width := min(max(n/20, 3), 30)
	if n < 4*width {
		return nil
	}
	settled := func(from int) float64 { return median(rate[from:min(from+width, n)]) }
	normal := slices.DeleteFunc(slices.Clone(rate[:width]), func(x float64) bool { return x == 0 })
	base, above := limit(normal)
	var found []span
	for t := width; t < n; t++ {
		if rate[t] <= above || settled(t) <= above || n-t < 3 {
			if rate[t] > 0 && rate[t] <= above { // a second of nothing says nothing of what is ordinary
				normal = append(normal, rate[t])
				normal = normal[max(0, len(normal)-history):]
			}
			if t%10 == 0 || len(normal) < history/4 && t%3 == 0 {
				base, above = limit(normal)
			}
			continue
		}
		s := span{begin: t, before: base}
		level := settled(t)
		low := max(above, base+(level-base)/4)
		end := t + 1
		for ; end < n; end++ {
			if rate[end] < low && settled(end) < low {
				break
			}
			if end%10 == 0 {
				level = median(rate[max(t, end-60) : end+1])
				low = max(above, base+(level-base)/4)
			}
		}
		s.end, s.openEnd = end, end == n
		if s.end-s.begin < 3 {
			t = end - 1
			continue
		}
		s.edges(rate, median(rate[t:min(t+60, end)]), median(rate[max(t, end-60):end]))
		found = append(found, s)
		t = end - 1
	}
	return found
}

// edges places begin and end inside their seconds, by how full these are, and
// widens the error where the rate took longer to rise or fall.
func (s *span) edges(rate []float64, atBegin, atEnd float64) {
	part := func(i int, level float64) float64 {
		if i < 0 || i >= len(rate) || level <= s.before {
			return 0
		}
		return min(max((rate[i]-s.before)/(level-s.before), 0), 1)
	}
	s.from, s.fromErr = float64(s.begin+1)-part(s.begin, atBegin), 1
	if p := part(s.begin-1, atBegin); p > 0.02 && part(s.begin, atBegin) > 0.9 {
		s.from = float64(s.begin) - p
	}
	for i := s.begin; i < s.end && part(i, atBegin) < 0.9; i++ {
		s.fromErr = max(1, float64(i-s.begin))
	}
	s.to, s.toErr = float64(s.end-1)+part(s.end-1, atEnd), 1
	if p := part(s.end, atEnd); p > 0.02 && part(s.end-1, atEnd) > 0.9 {
		s.to = float64(s.end) + p
	}
	for i := s.end - 1; i > s.begin && part(i, atEnd) < 0.9; i-- {
		s.toErr = max(1, float64(s.end-1-i))
	}
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	var room [history]float64
	sorted := append(room[:0], x...)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// peak is the highest mean over width seconds on end; 0 if there are not so many.
func peak(rate []float64, width int) float64 {
	sum, most := 0.0, 0.0
	for i, x := range rate {
		sum += x
		if i >= width {
			sum -= rate[i-width]
		}
		if i >= width-1 {
			most = max(most, sum)
		}
	}
	return most / float64(width)
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9).Round(time.Millisecond) }

// instant is a place in a series as time.
func (s *series) instant(at float64) time.Time {
	whole := math.Floor(at)
	return time.Unix(s.first+int64(whole), 0).Add(seconds(at - whole)).UTC()
}
