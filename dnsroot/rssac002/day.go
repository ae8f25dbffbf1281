package rssac002

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
)

// day judges one day.
func (e *evidence) day(n int) Day {
	d := Day{Day: dayOf(n)}
	all := map[dnsroot.Letter]measured{}
	compared := 0 // letters that an event would show on
	for l := range dnsroot.Letters() {
		m := e.measure(l, n)
		if all[l] = m; m.volumes[0] != nil {
			compared++
		}
	}
	exploded := e.joint[n] && e.sourcesExploded(all, e.cheap[n])
	figures := 0
	for l := range dnsroot.Letters() {
		f := e.finding(l, n, all[l], exploded, compared)
		d.Letters = append(d.Letters, f)
		if f.Impact == ImpactHit || f.Impact == ImpactNotHit {
			figures++
		}
	}
	hits, unclear := d.by(ImpactHit), d.by(ImpactUnknown)
	switch {
	case len(hits) == 0 && figures == 0:
		d.gap("whether letters were hit", "no figures of this day can be judged", "figures of more days and letters")
	case len(hits) == 0 && len(unclear) > 0:
		d.gap("whether "+letters(unclear)+" were hit", "their figures alone cannot tell", "figures of more letters, their sources, or a packet capture")
	case len(hits) == 0:
		d.Verdict = Quiet
	default:
		d.judgeHits(hits, all)
		d.judgeSizes(e, n, hits)
	}
	return d
}

func (d *Day) gap(what, why, need string) {
	d.Undecided = append(d.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

func (d *Day) note(format string, args ...any) {
	d.Evidence = append(d.Evidence, fmt.Sprintf(format, args...))
}

// sourcesExploded reports whether the letters that stand out had many times
// their usual sources, as far as sources were published.
func (e *evidence) sourcesExploded(all map[dnsroot.Letter]measured, cheap bool) bool {
	known, up := 0, 0
	for _, m := range all {
		if (m.alone() || cheap && m.crowded()) && m.sources != nil {
			known++
			if m.sources.ratio() >= sourcesUp {
				up++
			}
		}
	}
	return known > 0 && up == known
}

// finding judges one letter's day.
func (e *evidence) finding(l dnsroot.Letter, n int, m measured, exploded bool, compared int) Finding {
	f := Finding{Letter: l}
	note := func(format string, args ...any) { f.Evidence = append(f.Evidence, fmt.Sprintf(format, args...)) }
	joint, v, s := e.joint[n], m.volumes[0], m.sources
	if s != nil {
		f.SourceRatio = new(round(s.ratio()))
	}
	if v != nil {
		f.Ratio, f.Deviation = new(round(v.ratio())), new(round(v.deviation()))
	}
	_, published := e.volumes[l][0].value[n]
	switch {
	case !published && s != nil && exploded && s.ratio() >= sourcesUp:
		f.Impact = ImpactHit
		note("no volume published, but %.0f IPv4 sources, %.1f times the baseline", s.value, s.ratio())
	case !published:
		f.Impact = ImpactNoData
	case v == nil && e.volumes[l][0].capped > 0:
		note("the counter stands at its limit")
	case v == nil && e.low[l][n]+e.unclear[l][n] == "":
		note("fewer than %d other days to compare with", fewestDays)
	case m.alone() && m.odd && !m.back && !joint:
		note("%.1f times the baseline, and no figures that show whether it stays so", m.top().ratio())
	case m.alone() && m.alike() && (!joint || s != nil && s.ratio() <= sourcesUnmoved && !s.least):
		note("all transports and families at %.3g times the baseline alike: the other days were not counted whole, or an event", v.ratio())
	case m.alone():
		f.Impact = ImpactHit
	case e.cheap[n] && exploded && m.crowded():
		f.Impact = ImpactHit
	case e.low[l][n] != "":
		f.Impact = ImpactReportingGap
		note("%s", e.low[l][n])
	case e.unclear[l][n] != "":
		note("%s", e.unclear[l][n])
	case m.fell() && joint:
		note("everything fell to %.2f times the baseline while others were hit: overloaded, withdrawn, or not counted", v.ratio())
	case m.fell():
		f.Impact = ImpactReportingGap
		note("all transports and families fall at once, to %.2f times the baseline: part of the day was not counted", v.ratio())
	case v.under(fallAnyway):
		note("fell to %.2f times the baseline, other transports and families did not or were not published", v.ratio())
	case joint && !e.cheap[n] && v.over(jointRatio, jointDeviation) && !(exploded && s != nil && s.ratio() <= sourcesUnmoved && !s.least):
		f.Impact = ImpactHit
	case joint && v.over(nearRatio, jointDeviation) && s == nil:
		note("%.2f times the baseline during an event, and no sources published", v.ratio())
	case !joint && v.over(unclearRatio, jointDeviation):
		note("%.2f times the baseline, and no other letter stands out", v.ratio())
	case !joint && v.over(jointRatio, jointDeviation) && compared < fewestLetters:
		note("%.2f times the baseline, and too few other letters published to see an event", v.ratio())
	case !joint && m.crowded() && s.days >= fewestDays && s.value >= countedWell:
		note("%.0f IPv4 sources, %.1f times the baseline, and no other letter's sources stand out", s.value, s.ratio())
	default:
		f.Impact = ImpactNotHit
	}
	if f.Impact == ImpactHit && v != nil || joint && f.Impact == ImpactNotHit {
		t := m.top()
		note("%s%.0f queries over %s, %.2f times the baseline and %.0f spreads from it (of %d days)", t.bound(), t.value, carriers[m.other], t.ratio(), t.deviation(), t.days)
		if s != nil {
			note("%s%.0f IPv4 sources, %.2f times the baseline (of %d days)", s.bound(), s.value, s.ratio(), s.days)
		}
	}
	return f
}

// bound begins a figure that a counter's limit cuts off.
func (l *reading) bound() string {
	if l.least {
		return "at least "
	}
	return ""
}

// judgeHits tells what kind of event hit the letters.
func (d *Day) judgeHits(hits []dnsroot.Letter, all map[dnsroot.Letter]measured) {
	var excess [4]float64
	total := 0.0
	for _, l := range hits {
		m := all[l]
		for i, v := range m.volumes {
			if v != nil && v.value > v.base {
				excess[i] += v.value - v.base
				total += v.value - v.base
			}
		}
	}
	most := 0
	for i := range excess {
		if excess[i] > excess[most] {
			most = i
		}
	}
	if total > 0 {
		d.Carrier = carriers[most]
		d.note("%.1f %% of the excess of %.3g queries came over %s", 100*excess[most]/total, total, d.Carrier)
	}
	d.judgeSources(hits, all)
}

type fit struct {
	letter dnsroot.Letter
	share  float64
}

// judgeSources tells random sources from many and from known ones.
func (d *Day) judgeSources(hits []dnsroot.Letter, all map[dnsroot.Letter]measured) {
	var fits []fit
	published, up, unmoved, loud, largest := 0, 0, 0, 0, 0.0
	for _, l := range hits {
		m := all[l]
		if m.alone() {
			loud++
		}
		if m.sources == nil || m.sources.least && m.sources.ratio() < sourcesUp {
			continue
		}
		published++
		if m.sources.ratio() >= sourcesUp {
			up++
		}
		if m.sources.ratio() <= sourcesUnmoved {
			unmoved++
		}
		largest = max(largest, m.sources.value)
		if share, ok := m.share(); ok && m.sources.value >= countedWell && m.sources.ratio() >= sourcesUp {
			fits = append(fits, fit{l, share})
		}
	}
	slices.SortFunc(fits, func(a, b fit) int {
		return cmp.Or(cmp.Compare(a.share, b.share), int(a.letter)-int(b.letter))
	})
	agree := false
	for i := 1; i < len(fits); i++ {
		agree = agree || fits[i].share <= agreement*fits[i-1].share
	}
	d.note("IPv4 sources published for %d of %d letters hit, %d of them at least %.0f times their baseline", published, len(hits), up, sourcesUp)
	if len(fits) > 0 {
		text := make([]string, len(fits))
		for i, f := range fits {
			text[i] = fmt.Sprintf("%s %.1f %%", f.letter, 100*f.share)
		}
		d.note("sources fit a uniform draw from all of IPv4 by this share of the excess, the rest coming from few addresses: %s", strings.Join(text, ", "))
	}
	const spoofed = "not a reflection, whose sources are few: the sources fit a uniform draw"
	const capture = "a packet capture, or the sources of more letters"
	switch {
	case len(hits) < eventLetters && largest <= activeAddresses:
		d.gap("what hit "+letters(hits), "one letter alone: an attack on it, or a fault of one operator or of its neighbours", capture)
	case published == 0:
		d.gap("what hit "+letters(hits), "no sources published that tell: neither an attack nor its kind can be told from volume", capture)
	case largest > activeAddresses && up > 0:
		d.note("%.0f sources in one day are more than the 1.2e9 addresses active on the IPv4 Internet (Richter et al., IMC 2016): they are spoofed", largest)
		d.note(spoofed)
		d.Verdict, d.Kind = Attack, KindRandomSources
	case agree:
		d.note("letters agree on that share: they are spoofed at random")
		d.note(spoofed)
		d.Verdict, d.Kind = Attack, KindRandomSources
	case up > 0 && loud >= eventLetters:
		d.note("spoofed or real, the figures cannot say")
		d.Verdict, d.Kind = Attack, KindManySources
	case up > 0:
		d.Kind = KindManySources
		d.gap("what hit "+letters(hits), "many new sources, without the queries that would show an attack", capture)
	case unmoved == published:
		d.note("the sources are no more than on other days: a few senders or a change in resolvers, attack or not")
		d.Kind = KindKnownSources
		d.gap("what hit "+letters(hits), "the usual sources asked more: a few senders or a change in resolvers", capture)
	default:
		d.gap("what hit "+letters(hits), "the sources moved too little to tell", capture)
	}
}

// judgeSizes tells whether the excess had one size of requests.
func (d *Day) judgeSizes(e *evidence, n int, hits []dnsroot.Letter) {
	for _, l := range hits {
		total, most, bin := 0.0, 0.0, ""
		for name, s := range e.sizes[l] {
			v, ok := s.value[n]
			base := s.usual(n)
			if !ok || base < 0 || v <= base {
				continue
			}
			total += v - base
			if v-base > most {
				most, bin = v-base, name
			}
		}
		switch {
		case total == 0:
		case most >= oneSize*total:
			d.Size = bin
			d.note("%s: %.1f %% of the excess of %.3g requests over UDP had %s bytes: one name, or names of one length", l, 100*most/total, total, bin)
		default:
			d.note("%s: at most %.0f %% of the excess of requests over UDP had one size (%s bytes): names of several lengths", l, 100*most/total, bin)
		}
	}
}

// usual is the median of the nearest days around n, -1 if there are none.
func (s *series) usual(n int) float64 {
	var near []float64
	for d := n - baselineDays; d <= n+baselineDays; d++ {
		if v, ok := s.value[d]; ok && d != n {
			near = append(near, v)
		}
	}
	if len(near) == 0 {
		return -1
	}
	return median(near)
}

func round(v float64) float64 {
	return math.Round(v*1000) / 1000 // more digits would only be noise in JSON
}

// Level is what the verdict means to a monitor.
func (d *Day) Level() opskit.Level { return level(d.Verdict, d.Gaps()) }

// Gaps returns the letters without data, and what would decide.
func (d *Day) Gaps() []opskit.Gap {
	gaps := slices.Clip(d.Undecided)
	if without := d.by(ImpactNoData); len(without) > 0 {
		gaps = append(gaps, opskit.Gap{What: "letters " + letters(without), Why: "no volume was published"})
	}
	if without := d.by(ImpactReportingGap); len(without) > 0 {
		gaps = append(gaps, opskit.Gap{What: "letters " + letters(without), Why: "what was published is no count of the whole day"})
	}
	return orUnjudged(gaps, d.Verdict)
}

// String prints the day on one line, its evidence on lines of their own, and
// what was not seen.
func (d *Day) String() string {
	return strings.Join(append(d.lines(), opskit.NotChecked(d)), "\n")
}

func (d *Day) lines() []string {
	var head strings.Builder
	fmt.Fprintf(&head, "%s: %s", d.Day.Format(time.DateOnly), d.Verdict)
	if d.Kind != KindUnknown {
		head.WriteString(" of " + words(d.Kind.String()))
	}
	if d.Carrier != "" {
		head.WriteString(" over " + d.Carrier)
	}
	sep := ": "
	for _, i := range []Impact{ImpactHit, ImpactNotHit, ImpactReportingGap, ImpactUnknown, ImpactNoData} {
		if list := d.by(i); len(list) > 0 {
			what := words(i.String())
			if i == ImpactUnknown {
				what = "cannot tell"
			}
			head.WriteString(sep + what + " " + letters(list))
			sep = ", "
		}
	}
	lines := []string{opskit.Escape(head.String())}
	for _, evidence := range d.Evidence {
		lines = append(lines, "  "+opskit.Escape(evidence))
	}
	by := map[string][]dnsroot.Letter{}
	var order, ratios []string
	for _, f := range d.Letters {
		if f.Ratio != nil && len(d.by(ImpactHit)) > 0 {
			ratios = append(ratios, fmt.Sprintf("%s %.2f", f.Letter, *f.Ratio))
		}
		if f.Impact == ImpactHit || f.Impact == ImpactNotHit {
			continue
		}
		for _, evidence := range f.Evidence {
			if by[evidence] == nil {
				order = append(order, evidence)
			}
			by[evidence] = append(by[evidence], f.Letter)
		}
	}
	if len(ratios) > 0 {
		lines = append(lines, "  times the baseline of queries over UDP on IPv4: "+strings.Join(ratios, ", "))
	}
	for _, evidence := range order {
		lines = append(lines, "  "+letters(by[evidence])+": "+opskit.Escape(evidence))
	}
	return lines
}

func (d *Day) by(i Impact) []dnsroot.Letter {
	var list []dnsroot.Letter
	for _, f := range d.Letters {
		if f.Impact == i {
			list = append(list, f.Letter)
		}
	}
	return list
}
