package rssac002

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
)

// Report is what statistics show, day by day. The statistics in it are the
// evidence; all else is derived by Judge.
type Report struct {
	Statistics

	Verdict   Verdict      `json:"verdict"`             // Attack if any day is one, else Unknown if any is
	Events    []Event      `json:"events,omitempty"`    // days in a row on which letters were hit
	Days      []Day        `json:"days,omitzero"`       // every day with figures of some letter
	Undecided []opskit.Gap `json:"undecided,omitempty"` // letters and days without data, and what else judging missed
}

// Event is a run of days on which letters were hit.
type Event struct {
	First   time.Time        `json:"first"`            // its first day, UTC
	Last    time.Time        `json:"last"`             // its last
	Letters []dnsroot.Letter `json:"letters,omitzero"` // hit on any of them
	Attack  bool             `json:"attack"`           // whether any of the days shows one
	Kind    Kind             `json:"kind,omitzero"`    // of sources, as far as its days agree
}

// Day is what one UTC day's figures show.
type Day struct {
	Day       time.Time    `json:"day"`                 // UTC
	Verdict   Verdict      `json:"verdict"`             // of the whole day, over all letters
	Kind      Kind         `json:"kind,omitzero"`       // of event, as far as the sources tell
	Carrier   string       `json:"carrier,omitempty"`   // what most of the excess came over, such as "UDP on IPv4"
	Size      string       `json:"size,omitempty"`      // bytes of the requests that nearly all of the excess had: one name, or names of one length
	Letters   []Finding    `json:"letters,omitzero"`    // all thirteen
	Evidence  []string     `json:"evidence,omitempty"`  // what the verdict rests on, a sentence each
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what would decide
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
	fallRatio, fallOthersRatio   = 0.7, 0.8
	fallAnyway                   = 0.5 // of all columns together, however much they vary
	otherColumnShare             = 0.2 // of all queries: when another column's excess matters
	activeAddresses              = 1.2e9
	addressSpace                 = 1 << 32
	agreement, countedWell       = 1.5, 1e8 // letters whose share agrees, with that many sources each
	eventLetters, sourceBaseline = 2, 1
	fewestLetters                = 5   // with a baseline on a day, to say that there was no joint event
	oneSize                      = 0.9 // of the excess in one bin of request sizes
)

// Findings judges statistics. The package documentation describes the rule;
// figures of 0 queries count as not published.
func Findings(s *Statistics) *Report {
	r := &Report{}
	if s != nil {
		r.Statistics = *s
	}
	r.Judge()
	return r
}

// Judge derives everything but the statistics anew.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Events, r.Days, r.Undecided = Unknown, nil, nil, nil
	e := newEvidence(r.Figures)
	missing, uncounted := map[dnsroot.Letter][]int{}, map[dnsroot.Letter][]int{}
	for _, n := range e.days {
		d := e.day(n)
		r.Days = append(r.Days, d)
		r.addEvent(d)
		for _, f := range d.Letters {
			switch f.Impact {
			case ImpactNoData:
				missing[f.Letter] = append(missing[f.Letter], n)
			case ImpactReportingGap:
				uncounted[f.Letter] = append(uncounted[f.Letter], n)
			}
		}
	}
	is := func(v Verdict) bool {
		return slices.ContainsFunc(r.Days, func(d Day) bool { return d.Verdict == v })
	}
	switch {
	case is(Attack):
		r.Verdict = Attack
		r.Undecided = append(r.Undecided, opskit.Gap{
			What: "when it began and ended, the rate, the names asked for",
			Why:  "published figures are sums of a UTC day",
			Need: "a packet capture of the event",
		}, opskit.Gap{
			What: "how many queries were not counted",
			Why:  "operators' counters miss queries during floods",
		})
	case len(r.Days) > 0 && !is(Unknown):
		r.Verdict = Quiet
	case len(r.Days) == 0:
		r.Undecided = append(r.Undecided, opskit.Gap{What: "whether letters were hit", Why: "there are no figures", Need: "published statistics of several letters"})
	}
	for _, d := range r.Days {
		for _, gap := range d.Undecided {
			if gap.What = date(dayNumber(d.Day)) + ": " + gap.What; len(r.Undecided) < 20 {
				r.Undecided = append(r.Undecided, gap)
			}
		}
	}
	r.Undecided = append(r.Undecided, e.limits()...)
	r.Undecided = append(r.Undecided, e.gaps(missing, "no volume was published")...)
	r.Undecided = append(r.Undecided, e.gaps(uncounted, "what was published is no count of the whole day")...)
	return r.Level()
}

// addEvent adds a day that has hits to the event that it goes on with.
func (r *Report) addEvent(d Day) {
	hits := d.by(ImpactHit)
	if len(hits) == 0 {
		return
	}
	if last := len(r.Events) - 1; last < 0 || d.Day.Sub(r.Events[last].Last) > 24*time.Hour {
		r.Events = append(r.Events, Event{First: d.Day, Kind: d.Kind})
	}
	event := &r.Events[len(r.Events)-1]
	event.Last, event.Attack = d.Day, event.Attack || d.Verdict == Attack
	if event.Kind != d.Kind {
		event.Kind = KindUnknown
	}
	for _, l := range hits {
		if !slices.Contains(event.Letters, l) {
			event.Letters = append(event.Letters, l)
		}
	}
	slices.Sort(event.Letters)
}

// String returns such as "2015-11-30 to 2015-12-01: attack: a c".
func (e Event) String() string {
	what := "hit, an attack or not"
	if e.Attack {
		what = "attack"
	}
	if e.Kind != KindUnknown {
		what += " of " + words(e.Kind.String())
	}
	return fmt.Sprintf("%s to %s: %s: %s", e.First.Format(time.DateOnly), e.Last.Format(time.DateOnly), what, letters(e.Letters))
}

func words(snake string) string { return strings.ReplaceAll(snake, "_", " ") }

func letters(list []dnsroot.Letter) string {
	texts := make([]string, len(list))
	for i, l := range list {
		texts[i] = l.String()
	}
	return strings.Join(texts, " ")
}

// gaps lists letters that could not be judged on some days, those with the same
// days together.
func (e *evidence) gaps(missing map[dnsroot.Letter][]int, why string) (gaps []opskit.Gap) {
	by := map[string][]dnsroot.Letter{}
	var order []string
	for l := range dnsroot.Letters() {
		if days := missing[l]; len(days) > 0 {
			text := fmt.Sprintf("on %d of %d days (%s to %s)", len(days), len(e.days), date(days[0]), date(days[len(days)-1]))
			if by[text] == nil {
				order = append(order, text)
			}
			by[text] = append(by[text], l)
		}
	}
	for _, text := range order {
		gaps = append(gaps, opskit.Gap{What: "letters " + letters(by[text]) + " " + text, Why: why})
	}
	return gaps
}

// Level is what the verdict means to a monitor: the table stands in the package
// documentation.
func (r *Report) Level() opskit.Level { return level(r.Verdict, r.Gaps()) }

// Gaps returns what was not published or could not be read, and what would
// decide.
func (r *Report) Gaps() []opskit.Gap {
	return orUnjudged(append(slices.Clip(r.Unseen), r.Undecided...), r.Verdict)
}

// orUnjudged gives a verdict that is unknown for no known reason its gap.
func orUnjudged(gaps []opskit.Gap, v Verdict) []opskit.Gap {
	if len(gaps) == 0 && v != Quiet && v != Attack {
		return []opskit.Gap{{What: "whether letters were hit", Why: "the figures were not judged"}}
	}
	return gaps
}

// Seen reports whether there are figures at all.
func (r *Report) Seen() bool { return r != nil && len(r.Figures) > 0 }

// String prints the verdict, every event, every day that is not quiet with its
// evidence, and what was not seen.
func (r *Report) String() string {
	lines := []string{"root server statistics: " + r.Verdict.String()}
	for _, event := range r.Events {
		if event.Last.After(event.First) {
			lines = append(lines, "  "+event.String())
		}
	}
	quiet := 0
	for i := 0; i < len(r.Days); i++ {
		d := &r.Days[i]
		if d.Verdict == Quiet && len(d.by(ImpactReportingGap)) == 0 {
			quiet++
			continue
		}
		text, last := d.lines(), i
		for last+1 < len(r.Days) && r.Days[last+1].like(d) { // days in a row that say the same
			last++
		}
		if last > i {
			text[0] = d.Day.Format(time.DateOnly) + " to " + r.Days[last].Day.Format(time.DateOnly) + strings.TrimPrefix(text[0], d.Day.Format(time.DateOnly))
			i = last
		}
		for _, line := range text {
			lines = append(lines, "  "+line)
		}
	}
	lines = append(lines, fmt.Sprintf("  %d of %d days quiet", quiet, len(r.Days)))
	if r.Verdict == Attack {
		lines = append(lines, "next: look for a packet capture of those days, and at the letters' own reports")
	}
	return strings.Join(append(lines, opskit.NotChecked(r)), "\n")
}

// like reports whether two days print alike but for their date.
func (d *Day) like(o *Day) bool {
	a, b := d.lines(), o.lines()
	a[0], b[0] = a[0][len(time.DateOnly):], b[0][len(time.DateOnly):]
	return slices.Equal(a, b)
}

// Since tells which days are judged otherwise than from the earlier figures.
func (r *Report) Since(earlier *Report) (c opskit.Changes) {
	before := map[time.Time]*Day{}
	for i := range earlier.Days {
		before[earlier.Days[i].Day] = &earlier.Days[i]
	}
	for _, d := range r.Days {
		what := d.Day.Format(time.DateOnly)
		was := before[d.Day]
		delete(before, d.Day)
		switch {
		case was != nil:
			c.Compare(what+" verdict", was.Verdict.String(), d.Verdict.String())
			c.Compare(what+" hit", letters(was.by(ImpactHit)), letters(d.by(ImpactHit)))
		case d.Verdict == Attack:
			c.Compare(what+" verdict", "", d.Verdict.String())
		}
	}
	if len(before) > 0 {
		c.Unseen = append(c.Unseen, opskit.Gap{What: fmt.Sprintf("%d days of the earlier figures", len(before)), Why: "they are not among those of now"})
	}
	return c
}
