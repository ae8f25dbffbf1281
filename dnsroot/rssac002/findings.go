package rssac002

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
)

// Report is what statistics show, day by day.
type Report struct {
	Verdict Verdict       `json:"verdict"`          // Attack if any day is one, else Unknown if any is
	Days    []Day         `json:"days,omitzero"`    // every day with figures of some letter
	Unseen  []dnsroot.Gap `json:"unseen,omitempty"` // letters and days without data, and what else is missing
}

// Day is what one UTC day's figures show.
type Day struct {
	Day      time.Time `json:"day"`                // UTC
	Verdict  Verdict   `json:"verdict"`            // of the whole day, over all letters
	Kind     Kind      `json:"kind,omitzero"`      // of event, as far as the sources tell
	Carrier  string    `json:"carrier,omitempty"`  // what most of the excess came over, such as "UDP on IPv4"
	Letters  []Finding `json:"letters,omitzero"`   // all thirteen
	Evidence []string  `json:"evidence,omitempty"` // what the verdict rests on, a sentence each
}

// Finding is one letter's day. Ratio, Deviation and SourceRatio are nil where
// there is no figure or no baseline.
type Finding struct {
	Letter      dnsroot.Letter `json:"letter"`                 // which root server identity
	Impact      Impact         `json:"impact"`                 // on this letter, this day
	Ratio       *float64       `json:"ratio,omitempty"`        // UDP queries over IPv4, as a multiple of the baseline
	Deviation   *float64       `json:"deviation,omitempty"`    // the same, in spreads above it
	SourceRatio *float64       `json:"source_ratio,omitempty"` // unique IPv4 sources, as a multiple of theirs
	Evidence    []string       `json:"evidence,omitempty"`     // what the impact rests on, a sentence each
}

// Thresholds; the package documentation says what they mean. Between 15
// November 2015 and 31 May 2016 letters vary by up to 2.0 times their baseline
// without any event; the hit of the least affected letter in an event is 1.5
// times its baseline and 13 spreads, that of the most affected one which was
// not hit 1.3 times and 4.
const (
	aloneRatio, aloneDeviation   = 2.5, 10.0
	jointRatio, jointDeviation   = 1.4, 6.0
	unclearRatio                 = 2.0 // without a joint event
	nearRatio                    = 1.3 // within one
	sourcesUp, sourcesUnmoved    = 3.0, 1.5
	levelStays                   = 0.6
	fallRatio, fallOthersRatio   = 0.5, 0.75
	otherColumnShare             = 0.5 // of all queries: when another column's excess matters
	activeAddresses              = 1.2e9
	addressSpace                 = 1 << 32
	agreement, countedWell       = 1.5, 1e8 // letters whose share agrees, with that many sources each
	eventLetters, sourceBaseline = 2, 1
	fewestLetters                = 5 // with a baseline on a day, to say that there was no joint event
)

// Findings judges statistics. It is a pure function. The package documentation
// describes the rule; figures of 0 queries count as not published.
func Findings(s *Statistics) *Report {
	if s == nil {
		s = &Statistics{}
	}
	e := newEvidence(s)
	r := &Report{Unseen: slices.Clone(s.Unseen)}
	missing, uncounted := map[dnsroot.Letter]int{}, map[dnsroot.Letter]int{}
	for _, n := range e.days {
		d := e.day(n)
		r.Days = append(r.Days, d)
		for _, f := range d.Letters {
			switch f.Impact {
			case NoData:
				missing[f.Letter]++
			case ReportingGap:
				uncounted[f.Letter]++
			}
		}
	}
	r.Verdict = Quiet
	attack := false
	for _, d := range r.Days {
		attack = attack || d.Verdict == Attack
		if d.Verdict == Unknown {
			r.Verdict = Unknown
		}
	}
	if len(r.Days) == 0 {
		r.Verdict = Unknown
	}
	if attack {
		r.Verdict = Attack
		r.Unseen = append(r.Unseen, dnsroot.Gap{
			What: "when it began and ended, the rate, the names asked for",
			Why:  "published figures are sums of a UTC day",
			Need: "a packet capture of the event",
		}, dnsroot.Gap{
			What: "how many queries were not counted",
			Why:  "operators' counters miss queries during floods",
		})
	}
	r.Unseen = append(r.Unseen, e.gaps(missing, "no volume was published")...)
	r.Unseen = append(r.Unseen, e.gaps(uncounted, "what was published is no count of the whole day")...)
	return r
}

// gaps lists letters that could not be judged on some days, those with the same
// number of days together.
func (e *evidence) gaps(missing map[dnsroot.Letter]int, why string) []dnsroot.Gap {
	by := map[int][]string{}
	var counts []int
	for l := range dnsroot.Letters() {
		if n := missing[l]; n > 0 {
			if by[n] == nil {
				counts = append(counts, n)
			}
			by[n] = append(by[n], l.String())
		}
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	var gaps []dnsroot.Gap
	for _, n := range counts {
		gaps = append(gaps, dnsroot.Gap{
			What: fmt.Sprintf("letters %s on %d of %d days", strings.Join(by[n], " "), n, len(e.days)),
			Why:  why,
		})
	}
	return gaps
}

// evidence is the statistics as series.
type evidence struct {
	days    []int
	volumes map[dnsroot.Letter]*[4]series // udp4, tcp4, udp6, tcp6
	sources map[dnsroot.Letter]series     // unique IPv4
	joint   map[int]bool                  // days on which several letters stand out
}

// carriers names the volume columns.
var carriers = [4]string{"UDP on IPv4", "TCP on IPv4", "UDP on IPv6", "TCP on IPv6"}

func newEvidence(s *Statistics) *evidence {
	e := &evidence{volumes: map[dnsroot.Letter]*[4]series{}, sources: map[dnsroot.Letter]series{}, joint: map[int]bool{}}
	for l := range dnsroot.Letters() {
		e.volumes[l] = &[4]series{{}, {}, {}, {}}
		e.sources[l] = series{}
	}
	for _, f := range s.Figures {
		if e.sources[f.Letter] == nil {
			continue
		}
		n := dayNumber(f.Day)
		for i, c := range f.columns() {
			switch v := *c.figure; {
			case v == nil || *v == 0:
			case i < 4:
				e.volumes[f.Letter][i][n] = float64(*v)
			case i == 4:
				e.sources[f.Letter][n] = float64(*v)
			}
		}
		e.days = append(e.days, n)
	}
	slices.Sort(e.days)
	e.days = slices.Compact(e.days)
	for _, n := range e.days {
		if e.standOut(n) >= eventLetters {
			e.joint[n] = true
		}
	}
	return e
}

// standOut counts the letters that stand out by themselves.
func (e *evidence) standOut(n int) int {
	count := 0
	for l := range dnsroot.Letters() {
		if m := e.measure(l, n); m.alone() && !m.recounted {
			count++
		}
	}
	return count
}

// measured is what is known of one letter's day.
type measured struct {
	volumes   [4]*level
	other     int    // column beside udp4 that stands out and matters; 0 if none does
	sources   *level // unique IPv4
	recounted bool   // all columns changed at once and stay
	persists  bool   // the level stays
	follows   bool   // there are days after it to tell
}

func (e *evidence) measure(l dnsroot.Letter, n int) measured {
	var m measured
	total, up, there := 0.0, 0, 0
	for i, s := range e.volumes[l] {
		m.volumes[i] = s.level(n, fewestDays, nil)
		if v := m.volumes[i]; v != nil {
			total += v.base
			there++
			if v.ratio() >= aloneRatio {
				up++
			}
		}
	}
	for i := 1; i < 4; i++ {
		v := m.volumes[i]
		if v.over(aloneRatio, aloneDeviation) && v.value-v.base >= otherColumnShare*total {
			m.other = i
		}
	}
	m.sources = e.sources[l].level(n, sourceBaseline, e.joint)
	m.persists, m.follows = e.volumes[l][m.other].stays(n, levelStays)
	m.recounted = m.persists && there >= 3 && up >= there-1 && up >= 3
	return m
}

// alone reports whether the day stands out by itself.
func (m *measured) alone() bool {
	return m.volumes[0].over(aloneRatio, aloneDeviation) || m.other > 0
}

// fell reports whether every column fell together.
func (m *measured) fell() bool {
	if !m.volumes[0].under(fallRatio) {
		return false
	}
	others := 0
	for _, v := range m.volumes[1:] {
		if v != nil && !v.under(fallOthersRatio) {
			return false
		}
		if v != nil {
			others++
		}
	}
	return others > 0
}

// share is the part f of the excess that was drawn uniformly from all IPv4
// addresses, were all new sources random. ok is false where it has no meaning.
func (m *measured) share() (f float64, ok bool) {
	if m.sources == nil || m.volumes[0] == nil {
		return 0, false
	}
	excess, fresh := m.volumes[0].value-m.volumes[0].base, m.sources.value-m.sources.base
	if excess <= 0 || fresh <= 0 || fresh >= addressSpace {
		return 0, false
	}
	return -addressSpace * math.Log(1-fresh/addressSpace) / excess, true
}
