package dnsroot

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Assessment is what a [Sweep] means.
type Assessment struct {
	Verdict  Verdict        `json:"verdict"`            // of the root server system, as seen from the sweep's host
	Evidence []string       `json:"evidence,omitempty"` // what the verdict rests on, a sentence each
	Letters  []LetterReport `json:"letters,omitzero"`   // by letter
	Serial   *uint32        `json:"serial,omitempty"`   // the newest validated one; nil if none was
	Next     []string       `json:"next,omitempty"`     // what to do now, where that is known
	Unseen   []Gap          `json:"unseen,omitempty"`   // what could not be seen and may hide something
}

// LetterReport is one letter's verdict and what it rests on.
type LetterReport struct {
	Letter   Letter   `json:"letter"`             // which root server identity
	Verdict  Verdict  `json:"verdict"`            // as seen from the sweep's host
	Evidence []string `json:"evidence,omitempty"` // what the verdict rests on, a sentence each
}

// Limits that verdicts rest on.
const (
	// RSSAC047v2 sections 5.1 and 5.2: response latency of UDP and TCP, and the
	// share of questions that must be answered.
	latencyUDP   = 250 * time.Millisecond
	latencyTCP   = 500 * time.Millisecond
	availability = 0.96
	// staleAfter is when a letter must have the zone whose signature begins that
	// long ago: the root is published within about an hour of it, and RSSAC047
	// allows 65 minutes more.
	staleAfter = 3 * time.Hour
	// oldAfter is when the root zone must have been renewed: it is published
	// twice a day.
	oldAfter = 48 * time.Hour
)

// Assess judges a sweep. It is a pure function: the same evidence, saved and
// read again, gives the same verdicts.
//
// What hits every letter alike in one family or transport (no answer from any,
// loss on most, the root zone from none, answers that validate from none) has
// its cause near the sweep's host as likely as at thirteen operators, and is
// Unknown; where all of them answer as a resolver does, one thing between here
// and all of them is Suspicious. A zone of IANA's that has not been renewed for
// two days is Unknown too: nobody publishes it, somebody serves an old copy in
// place of all letters, or this host's clock is ahead. A letter that is
// behind the newest serial is Stale only when that zone must have arrived:
// while it is being published, nobody can tell. Nor can anybody when at least
// half of the letters are behind a zone that is old by this host's clock alone,
// or when signatures are sound but not valid at this host's time, unless another
// letter's zone was signed after they expired: a wrong clock here looks the same.
func Assess(s *Sweep) *Assessment {
	if s == nil {
		s = &Sweep{}
	}
	j := newJudge(s)
	a := &Assessment{Unseen: slices.Clone(s.Unseen)}
	if j.haveNewest {
		a.Serial = new(j.newest)
	}
	var late []Letter
	for _, l := range j.letters {
		a.Letters = append(a.Letters, j.letter(l))
		if slices.ContainsFunc(s.Probes, func(p Probe) bool { return p.Letter == l && isSlow(&p, 0) && !isSlow(&p, s.Stalled) }) {
			late = append(late, l)
		}
	}
	if len(late) > 0 {
		a.Unseen = append(a.Unseen, Gap{
			What: "whether letters " + names(late) + " are slow",
			Why:  fmt.Sprintf("this host was stalled for %s, which makes answers look late", s.Stalled.Round(time.Millisecond)),
			Need: "a sweep while it is less busy",
		})
	}
	j.system(a)
	return a
}

// judge holds what is known of all letters together.
type judge struct {
	sweep      *Sweep
	letters    []Letter
	groups     map[string]*group
	order      []string // of the groups
	newest     uint32
	haveNewest bool
	published  time.Time // when the newest zone's signature begins
	noneValid  bool      // several letters answered and none validates
	old        bool      // nobody has renewed the newest zone for days
	undecided  []string  // what hit all letters alike
	clock      string    // why this host's clock is in doubt; "" if nothing speaks against it
}

// group is all letters over one family and transport.
type group struct {
	asked, silent, lossy, slow int             // probes; as many as letters where each has one address
	answered                   map[Letter]bool // who answered at all
	serving, valid             map[Letter]bool // whose answers held the root zone, and whose of those validate
	why                        string          // what hit the group as a whole; "" if nothing did
	silentAll                  bool
	lameAll, invalidAll        bool // several letters answered; none with the root zone, or none that validates
}

func newJudge(s *Sweep) *judge {
	j := &judge{sweep: s, groups: map[string]*group{}}
	answered, valid := map[Letter]bool{}, map[Letter]bool{}
	for i := range s.Probes {
		p := &s.Probes[i]
		if !slices.Contains(j.letters, p.Letter) {
			j.letters = append(j.letters, p.Letter)
		}
		name := p.group()
		if j.groups[name] == nil {
			j.groups[name] = &group{answered: map[Letter]bool{}, serving: map[Letter]bool{}, valid: map[Letter]bool{}}
			j.order = append(j.order, name)
		}
		if p.Reachable == nil {
			continue
		}
		g := j.groups[name]
		g.asked++
		if !*p.Reachable {
			g.silent++
			continue
		}
		g.answered[p.Letter] = true
		if p.Lost > 0 {
			g.lossy++
		}
		if isSlow(p, s.Stalled) {
			g.slow++
		}
		if p.Serial != nil {
			answered[p.Letter], g.serving[p.Letter] = true, true
			if p.SOA.Security == Secure {
				valid[p.Letter], g.valid[p.Letter] = true, true
			}
		}
	}
	slices.Sort(j.letters)
	slices.Sort(j.order)
	j.noneValid = len(answered) > 1 && len(valid) == 0
	for _, name := range j.order {
		g := j.groups[name]
		switch {
		case len(g.answered) > 1 && len(g.serving) == 0:
			g.lameAll = true
			g.why = fmt.Sprintf("no letter serves the root zone over %s (%d answered)", name, len(g.answered))
		case len(g.serving) > 1 && len(g.valid) == 0 && !j.noneValid:
			g.invalidAll = true
			g.why = fmt.Sprintf("no letter's answers validate over %s", name)
		case g.asked == 0:
			continue
		case g.silent == g.asked:
			g.silentAll = true
			g.why = fmt.Sprintf("no letter answered over %s (%d addresses asked)", name, g.asked)
		case g.asked >= 3 && 2*(g.silent+g.lossy) > g.asked:
			g.why = fmt.Sprintf("questions to %d of %d addresses were lost over %s", g.silent+g.lossy, g.asked, name)
		default:
			continue
		}
		j.undecided = append(j.undecided, g.why)
	}
	for i := range s.Probes {
		p := &s.Probes[i]
		n := p.Serial // not SerialAgain, which was not validated
		if n == nil || p.SOA.Security != Secure {
			continue
		}
		switch {
		case !j.haveNewest || serialLess(j.newest, *n):
			j.newest, j.haveNewest, j.published = *n, true, p.SOA.Inception
		case *n == j.newest && p.SOA.Inception.After(j.published):
			j.published = p.SOA.Inception
		}
	}
	j.clock = j.doubt()
	day, dated := serialDay(j.newest)
	j.old = j.haveNewest && dated && !j.published.IsZero() && ofIANA(s.Anchors) &&
		s.Started.Sub(j.published) >= oldAfter && s.Started.Sub(day.AddDate(0, 0, 1)) >= oldAfter
	return j
}

// ofIANA reports whether the keys of the real root prove the zone: another is
// renewed as often as its owner likes.
func ofIANA(anchors []Anchor) bool {
	return slices.ContainsFunc(DefaultAnchors(), func(known Anchor) bool {
		return slices.ContainsFunc(anchors, func(a Anchor) bool { return strings.EqualFold(a.Digest, known.Digest) })
	})
}

// isSlow reports whether even the fastest answer was too late, whatever of it
// this host was stalled: on sending and on receiving.
func isSlow(p *Probe, stalled time.Duration) bool {
	limit := latencyUDP
	if p.Transport == TCP {
		limit = latencyTCP
	}
	return len(p.RTT) > 0 && slices.Min(p.RTT)-2*stalled > limit
}

// leastLoss is the lower end of the 95 % Wilson interval of the share lost.
func leastLoss(lost, sent int) float64 {
	if sent == 0 {
		return 0
	}
	const z = 1.96
	n, share := float64(sent), float64(lost)/float64(sent)
	center := share + z*z/(2*n)
	spread := z * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return max(0, (center-spread)/(1+z*z/n))
}

// system judges the letters together.
func (j *judge) system(a *Assessment) {
	by := map[Verdict][]Letter{}
	for _, l := range a.Letters {
		by[l.Verdict] = append(by[l.Verdict], l.Letter)
	}
	problems := 0
	for v := Degraded; v <= Suspicious; v++ {
		problems += len(by[v])
	}
	switch {
	case 2*len(by[Suspicious]) > len(a.Letters) && len(a.Letters) > 1 &&
		len(by[Suspicious])+len(by[Unknown])+len(by[Unreachable]) == len(a.Letters):
		a.Verdict = Suspicious // one thing in place of all of them, whether its answers validate or not
	case problems > 0:
		a.Verdict = Degraded
	case len(by[Unknown]) > 0 || len(j.undecided) > 0 || len(a.Letters) == 0 || j.old:
		a.Verdict = Unknown
	default:
		a.Verdict = Healthy
	}

	a.Evidence = append(a.Evidence, fmt.Sprintf("%d of %d letters healthy from here", len(by[Healthy]), len(a.Letters)))
	for v := Suspicious; v >= Degraded; v-- {
		if len(by[v]) > 0 {
			a.Evidence = append(a.Evidence, fmt.Sprintf("%s: %s", v, names(by[v])))
		}
	}
	if len(by[Unknown]) > 0 {
		a.Evidence = append(a.Evidence, "cannot tell: "+names(by[Unknown]))
	}
	if j.haveNewest {
		a.Evidence = append(a.Evidence, fmt.Sprintf("newest validated serial %d", j.newest))
	}
	for _, why := range j.undecided {
		a.Evidence = append(a.Evidence, why+": this host's own network cannot be told from the servers")
	}
	if len(a.Letters) > 0 && !slices.ContainsFunc(j.sweep.Probes, func(p Probe) bool { return p.Reachable != nil }) {
		a.Next = append(a.Next, "look at this host's own network: it could send nothing to any letter")
	}
	if j.old {
		a.Evidence = append(a.Evidence, fmt.Sprintf("the newest zone is %d days old: it is not published any more, an old copy is served in place of every letter, or this host's clock is ahead", int(j.sweep.Started.Sub(j.published).Hours()/24)))
		a.Next = append(a.Next, "compare the serial and this host's clock with another network's")
	}
	if j.clock != "" && !j.noneValid {
		a.Evidence = append(a.Evidence, j.clock)
		a.Next = append(a.Next, "compare this host's clock with another source, then sweep again")
	}
	if len(by[Stale]) > 0 {
		a.Next = append(a.Next, "compare this host's clock with another source before calling a letter stale")
	}
	if j.noneValid {
		a.Evidence = append(a.Evidence, "no letter's answers validate: the trust anchors, this host's clock or something between here and all of them")
		a.Next = append(a.Next, "compare this host's clock and the trust anchors with another source, then sweep from another network")
	}
	if len(j.undecided) > 0 || len(by[Unreachable]) > 0 || len(by[Degraded]) > 0 {
		a.Next = append(a.Next, "sweep from another network before calling a letter down")
	}
	if len(by[Suspicious]) > 0 || len(by[Invalid]) > 0 {
		a.Next = append(a.Next, "compare with the same letter from another network: an answer that does not validate must not be used")
	}
	if j.haveNewest && j.lagging() {
		a.Next = append(a.Next, "sweep again in three hours: a letter that is still behind then is stale")
	}
}

// serialDay reads the day out of a serial in the root's form YYYYMMDDNN.
func serialDay(n uint32) (time.Time, bool) {
	day, err := time.Parse("20060102", fmt.Sprintf("%08d", n/100))
	return day, err == nil && day.Year() >= 1990
}

// String prints the verdict, its evidence, each letter that is not healthy with
// its own, what to do next and what was not checked.
func (a *Assessment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "root servers: %s\n", a.Verdict)
	for _, e := range a.Evidence {
		fmt.Fprintf(&b, "  %s\n", printable(e))
	}
	for _, l := range a.Letters {
		for _, e := range l.Evidence {
			fmt.Fprintf(&b, "  %s: %s: %s\n", l.Letter, l.Verdict, printable(e))
		}
	}
	for _, n := range a.Next {
		fmt.Fprintf(&b, "next: %s\n", printable(n))
	}
	notChecked(&b, a.Unseen)
	return b.String()
}
