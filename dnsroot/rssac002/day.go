package rssac002

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
)

// day judges one day.
func (e *evidence) day(n int) Day {
	d := Day{Day: dayOf(n)}
	all := map[dnsroot.Letter]measured{}
	for l := range dnsroot.Letters() {
		all[l] = e.measure(l, n)
	}
	compared := 0 // letters that an event would show on
	for _, m := range all {
		if m.volumes[0] != nil {
			compared++
		}
	}
	joint := e.joint[n]
	exploded := joint && e.sourcesExploded(all)
	var hits []dnsroot.Letter
	unclear, figures := 0, 0
	for l := range dnsroot.Letters() {
		f := e.finding(l, n, all[l], joint, exploded, compared)
		d.Letters = append(d.Letters, f)
		switch f.Impact {
		case Hit:
			hits = append(hits, l)
			figures++
		case ImpactUnknown:
			unclear++
		case NotHit:
			figures++
		}
	}
	switch {
	case len(hits) == 0 && (unclear > 0 || figures == 0):
		d.Verdict = Unknown
	case len(hits) == 0:
		d.Verdict = Quiet
	default:
		d.judgeHits(hits, all)
	}
	return d
}

// sourcesExploded reports whether the letters that stand out had many times
// their usual sources, as far as sources were published.
func (e *evidence) sourcesExploded(all map[dnsroot.Letter]measured) bool {
	known, up := 0, 0
	for _, m := range all {
		if m.alone() && m.sources != nil {
			known++
			if m.sources.ratio() >= sourcesUp {
				up++
			}
		}
	}
	return known > 0 && up == known
}

// finding judges one letter's day.
func (e *evidence) finding(l dnsroot.Letter, n int, m measured, joint, exploded bool, compared int) Finding {
	f := Finding{Letter: l}
	note := func(format string, args ...any) { f.Evidence = append(f.Evidence, fmt.Sprintf(format, args...)) }
	v, s := m.volumes[0], m.sources
	if s != nil {
		f.SourceRatio = new(round(s.ratio()))
	}
	if v != nil {
		f.Ratio, f.Deviation = new(round(v.ratio())), new(round(v.deviation()))
	}
	_, published := e.volumes[l][0][n]
	switch {
	case !published && s != nil && exploded && s.ratio() >= sourcesUp:
		f.Impact = Hit
		note("no volume published, but %.0f IPv4 sources, %.1f times the baseline", s.value, s.ratio())
	case !published:
		f.Impact = NoData
	case v == nil:
		note("fewer than %d other days to compare with", fewestDays)
	case m.recounted:
		f.Impact = ReportingGap
		note("all transports and families rise at once, %s %.0f times, and stay: the counting changed", carriers[0], v.ratio())
	case m.fell() && joint:
		note("everything fell to %.2f times the baseline while others were hit: overloaded, withdrawn, or not counted", v.ratio())
	case m.fell():
		f.Impact = ReportingGap
		note("all transports and families fall at once, to %.2f times the baseline: part of the day was not counted", v.ratio())
	case v.under(fallRatio):
		note("fell to %.2f times the baseline, other transports and families did not or were not published", v.ratio())
	case m.alone() && m.persists:
		note("%.1f times the baseline, and it stays so: a lasting change, or an event of many days", m.top().ratio())
	case m.alone() && !joint && !m.follows:
		note("%.1f times the baseline on the last day with figures: it may stay so", m.top().ratio())
	case m.alone():
		f.Impact = Hit
	case joint && v.over(jointRatio, jointDeviation) && !(exploded && s != nil && s.ratio() <= sourcesUnmoved):
		f.Impact = Hit
	case joint && v.over(nearRatio, jointDeviation) && s == nil:
		note("%.2f times the baseline during an event, and no sources published", v.ratio())
	case !joint && v.over(unclearRatio, jointDeviation):
		note("%.2f times the baseline, and no other letter stands out", v.ratio())
	case !joint && v.over(jointRatio, jointDeviation) && compared < fewestLetters:
		note("%.2f times the baseline, and too few other letters published to see an event", v.ratio())
	default:
		f.Impact = NotHit
	}
	if f.Impact == Hit && v != nil || joint && f.Impact == NotHit {
		t := m.top()
		note("%.0f queries over %s, %.2f times the baseline and %.0f spreads from it (of %d days)", t.value, carriers[m.other], t.ratio(), t.deviation(), t.days)
		if s != nil {
			note("%.0f IPv4 sources, %.2f times the baseline (of %d days)", s.value, s.ratio(), s.days)
		}
	}
	return f
}

// top is the level of the column that stands out, udp4 if none does.
func (m *measured) top() *level { return m.volumes[m.other] }

// judgeHits tells what kind of event hit the letters.
func (d *Day) judgeHits(hits []dnsroot.Letter, all map[dnsroot.Letter]measured) {
	note := func(format string, args ...any) { d.Evidence = append(d.Evidence, fmt.Sprintf(format, args...)) }
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
		note("%.1f %% of the excess of %.3g queries came over %s", 100*excess[most]/total, total, d.Carrier)
	}
	d.judgeSources(hits, all, note)
}

// judgeSources tells random sources from many and from known ones.
func (d *Day) judgeSources(hits []dnsroot.Letter, all map[dnsroot.Letter]measured, note func(string, ...any)) {
	type fit struct {
		letter dnsroot.Letter
		share  float64
	}
	var fits []fit
	published, up, unmoved, largest := 0, 0, 0, 0.0
	for _, l := range hits {
		m := all[l]
		if m.sources == nil {
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
		switch {
		case a.share < b.share:
			return -1
		case a.share > b.share:
			return 1
		}
		return int(a.letter) - int(b.letter)
	})
	agree := false
	for i := 1; i < len(fits); i++ {
		agree = agree || fits[i].share <= agreement*fits[i-1].share
	}
	note("IPv4 sources published for %d of %d letters hit, %d of them at least %.0f times their baseline", published, len(hits), up, sourcesUp)
	if len(fits) > 0 {
		text := make([]string, len(fits))
		for i, f := range fits {
			text[i] = fmt.Sprintf("%s %.1f %%", f.letter, 100*f.share)
		}
		note("sources fit a uniform draw from all of IPv4 by this share of the excess, the rest coming from few addresses: %s", strings.Join(text, ", "))
	}
	switch {
	case len(hits) < eventLetters && largest <= activeAddresses:
		note("one letter alone: an attack on it, or a fault of one operator or of its neighbours")
	case published == 0:
		note("no sources published: neither an attack nor its kind can be told from volume")
	case largest > activeAddresses && up > 0:
		note("%.0f sources in one day are more than the 1.2e9 addresses active on the IPv4 Internet (Richter et al., IMC 2016): they are spoofed", largest)
		d.Verdict, d.Kind = Attack, RandomSources
	case agree:
		note("letters agree on that share: they are spoofed at random")
		d.Verdict, d.Kind = Attack, RandomSources
	case up > 0:
		note("spoofed or real, the figures cannot say")
		d.Verdict, d.Kind = Attack, ManySources
	case unmoved == published:
		note("the sources are no more than on other days: a few senders or a change in resolvers, attack or not")
		d.Kind = KnownSources
	}
}

func round(v float64) float64 {
	return math.Round(v*1000) / 1000 // more digits would only be noise in JSON
}

// String prints the verdict, every day that is not quiet with its evidence, and
// what was not seen.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "root server statistics: %s\n", r.Verdict)
	quiet, odd := 0, 0
	for i := range r.Days {
		d := &r.Days[i]
		if d.Verdict == Quiet && len(d.by(ReportingGap)) == 0 {
			quiet++
			continue
		}
		odd++
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(d.String(), "\n", "\n  "))
	}
	fmt.Fprintf(&b, "  %d of %d days quiet\n", quiet, quiet+odd)
	if r.Verdict == Attack {
		b.WriteString("next: look for a packet capture of those days, and at the letters' own reports\n")
	}
	b.WriteString("not checked: ")
	for i, g := range r.Unseen {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(g.String())
	}
	if len(r.Unseen) == 0 {
		b.WriteString("nothing more")
	}
	return b.String()
}

// String prints the day on one line, and its evidence on lines of their own.
func (d *Day) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", d.Day.Format(time.DateOnly), d.Verdict)
	if d.Kind != KindUnknown {
		fmt.Fprintf(&b, " of %s", strings.ReplaceAll(d.Kind.String(), "_", " "))
	}
	if d.Carrier != "" {
		fmt.Fprintf(&b, " over %s", d.Carrier)
	}
	sep := ": "
	for _, i := range []Impact{Hit, NotHit, ReportingGap, ImpactUnknown, NoData} {
		if letters := d.by(i); len(letters) > 0 {
			what := strings.ReplaceAll(i.String(), "_", " ")
			if i == ImpactUnknown {
				what = "cannot tell"
			}
			fmt.Fprintf(&b, "%s%s %s", sep, what, strings.Join(letters, " "))
			sep = ", "
		}
	}
	for _, e := range d.Evidence {
		fmt.Fprintf(&b, "\n  %s", e)
	}
	for _, f := range d.Letters {
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "\n  %s: %s", f.Letter, e)
		}
	}
	return b.String()
}

func (d *Day) by(i Impact) []string {
	var letters []string
	for _, f := range d.Letters {
		if f.Impact == i {
			letters = append(letters, f.Letter.String())
		}
	}
	return letters
}
