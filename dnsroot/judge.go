package dnsroot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// fact is one thing that is wrong with one probe.
type fact struct {
	kind   int // of kinds
	probe  *Probe
	detail string
	path   bool // it hits the whole path
}

// judge holds what is known of one sweep.
type judge struct {
	name       string // of the host that looked
	sweep      *Sweep
	servers    []string
	facts      []fact
	newest     uint32
	haveNewest bool
	published  time.Time // when the newest zone's signature begins
	old        bool      // nobody has renewed the newest zone for days
	clock      string    // why this host's clock is in doubt; "" if nothing speaks against it
}

func newJudge(s *Sweep) *judge {
	j := &judge{sweep: s}
	for i := range s.Probes {
		p := &s.Probes[i]
		if !slices.Contains(j.servers, p.Server) {
			j.servers = append(j.servers, p.Server)
		}
		n := p.Serial // not SerialAgain, which was not validated
		if n == nil || !trusted(p.SOA) {
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
	strangers, shared, lists := j.strangers(), j.shared(), j.lists()
	for i := range s.Probes {
		j.look(&s.Probes[i], strangers, shared, lists)
	}
	j.paths()
	return j
}

func (p *Probe) answered() bool { return p.Reachable != nil && *p.Reachable }

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
	if p.Transport == TransportTCP {
		limit = latencyTCP
	}
	return len(p.RTT) > 0 && slices.Min(p.RTT)-2*stalled > limit
}

// lists returns the list of name servers that most proved answers have.
func (j *judge) lists() string {
	counts := map[string]int{}
	most := ""
	for i := range j.sweep.Probes {
		if list := strings.Join(j.sweep.Probes[i].Servers, " "); list != "" && trusted(j.sweep.Probes[i].NS) {
			if counts[list]++; counts[list] > counts[most] {
				most = list
			}
		}
	}
	return most
}

// look notes what is wrong with one probe by itself.
func (j *judge) look(p *Probe, strangers map[string]string, shared map[string]bool, list string) {
	note := func(kind, format string, args ...any) {
		j.facts = append(j.facts, fact{kind: kindOf(kind), probe: p, detail: fmt.Sprintf(format, args...), path: kind == "one_identity"})
	}
	who := label(p.Server)
	for _, d := range p.Discarded {
		note("forged", "%s: %d %s", who, d.Count, d.Why)
	}
	for _, d := range p.Doubled {
		texts := make([]string, len(d.Answers))
		for i, g := range d.Answers {
			texts[i] = g.String()
		}
		note("two_answers", "%s: %s: %s", who, d.Question, strings.Join(texts, " and "))
	}
	switch count := p.all(); {
	case p.Reachable == nil:
		return
	case !*p.Reachable && errors.Is(p.Err.Err(), ErrRefused):
		note("refused", "%d of %d questions", count.Lost, count.Sent)
		return
	case !*p.Reachable:
		note("no_answer", "%d of %d questions", count.Lost, count.Sent)
		return
	case p.loss() == lossCertain:
		note("loss", "%s %d of %d, at least %.0f %%", who, count.Lost, count.Sent, 100*count.least())
	case p.loss() == lossLarge:
		note("large_lost", "%s %d of %d large and %d of %d small", who, p.Large.Lost, p.Large.Sent, p.Small.Lost, p.Small.Sent)
	case p.loss() == lossUnclear:
		note("loss_unclear", "%s %d of %d", who, count.Lost, count.Sent)
	case count.Lost > 0:
		note("some_loss", "%s %d of %d", who, count.Lost, count.Sent)
	}
	root := j.sweep.zone() == "."
	if p.Authoritative != nil && !*p.Authoritative && p.Serial != nil {
		note(map[bool]string{true: "no_authority", false: "lame"}[root], "%s: AA is not set", who)
	}
	if p.Recursive != nil && *p.Recursive && root {
		note("recursion", "%s: RA is set", who)
	}
	if strings.Contains(p.NoSuchName, " with ") {
		note("rewritten", "%s: %s", who, p.NoSuchName)
	}
	if text, ok := strangers[p.Server+" "+p.Addr.String()]; ok {
		note("other_identity", "%s says %q", who, text)
	}
	for _, text := range p.Identity.told() {
		if shared[strings.ToLower(text)] {
			note("one_identity", "%q", text)
			break
		}
	}
	if p.Identity.differs() {
		note("identities_differ", "%s: %s", who, strings.Join(p.Identity.told(), ", "))
	}
	if isSlow(p, j.sweep.Stalled) {
		note("slow", "%s %s at best", who, slices.Min(p.RTT).Round(time.Millisecond))
	}
	if p.Serial == nil || p.Rcode != "NOERROR" {
		note("lame", "answers %s", p.answeredWith(j.sweep.zone()))
		return
	}
	if errors.Is(p.Err.Err(), ErrRcode) {
		note("withheld", "%s", p.Err)
	}
	if len(p.Servers) > 0 && trusted(p.NS) {
		if !slices.Contains(p.Servers, strings.ToLower(p.Server)) {
			note("not_listed", "%s", who)
		}
		if got := strings.Join(p.Servers, " "); got != list {
			note("lists_differ", "%s", names(p.Servers))
		}
	}
	j.lookAtProof(p, note)
	if n := p.latest(); j.haveNewest && trusted(p.SOA) && serialLess(*n, j.newest) {
		how, kind := "by the dates of both", "stale"
		switch {
		case !j.mustHave(*n):
			how, kind = "which may still be on its way", "behind"
		case !j.provedOld(*n):
			how = fmt.Sprintf("which is %s old by this host's clock", j.sweep.Started.Sub(j.published).Round(time.Minute))
		}
		note(kind, "serial %d, %s %d, %s", *n, j.lag(*n), j.newest, how)
	}
}

func (p *Probe) answeredWith(zone string) string {
	switch {
	case p.Rcode == "" && !p.Err.IsZero():
		return "what cannot be read (" + p.Err.String() + ")"
	case p.Rcode == "":
		return "what cannot be read"
	case p.Rcode == "NOERROR":
		return "NOERROR without the SOA of " + zone
	}
	return p.Rcode
}

// lookAtProof notes what validation found.
func (j *judge) lookAtProof(p *Probe, note func(kind, format string, args ...any)) {
	for _, v := range []Validation{p.SOA, p.NS, p.DNSKEY} {
		kind, why := "", v.Why.Err()
		switch {
		case trusted(v):
			left := v.Expiration.Sub(j.sweep.Started)
			if !v.Expiration.IsZero() && left < j.sweep.Lead {
				note("ending", "in %s, at %s", left.Round(time.Minute), v.Expiration.UTC().Format(time.RFC3339))
			}
			continue
		case v.Security == SecurityUnsigned:
			kind = "unsigned"
		case j.untimely(v):
			kind = "untimely"
		case v.Security == SecurityBogus && (errors.Is(why, ErrUntimely) || !v.Expiration.IsZero()):
			kind = "expired"
		case v.Security == SecurityBogus && errors.Is(why, ErrWrongKey):
			kind = "wrong_key"
		case v.Security == SecurityBogus:
			kind = "bad_signature"
		case p.loss() != lossFine && errors.Is(why, ErrNoAnswer):
			continue // told as loss
		case errors.Is(why, ErrNoAnswer):
			kind = "withheld"
		default:
			kind = "unproved"
		}
		note(kind, "%s", strings.TrimSpace(v.Why.String()))
	}
}

// paths finds what hits a whole path. Loss on most servers of one path makes the
// link suspect that all paths share.
func (j *judge) paths() {
	link := false
	for _, path := range j.pathNames() {
		asked, answered, lossy := map[string]bool{}, map[string]bool{}, map[string]bool{}
		var clean Count
		bad := map[*Probe]bool{}
		for i := range j.facts {
			if f := &j.facts[i]; f.probe.path() == path && isLoss(f.kind) {
				bad[f.probe], lossy[f.probe.Server] = true, true
			}
		}
		for i := range j.sweep.Probes {
			p := &j.sweep.Probes[i]
			if p.path() != path || p.Reachable == nil {
				continue
			}
			asked[p.Server] = true
			if *p.Reachable {
				answered[p.Server] = true
			}
			if !bad[p] {
				clean = clean.plus(p.all())
			}
		}
		most := len(lossy) == len(asked) || len(asked) >= 3 && 2*len(lossy) > len(asked) || clean.share() > 0.05
		link = link || most && len(answered) > 0 && len(asked) > 1
		hits := map[int]map[string]bool{}
		for i := range j.facts {
			f := &j.facts[i]
			if f.probe.path() != path {
				continue
			}
			switch {
			case !isLoss(f.kind):
			case most:
				f.path = true
			case !improbable(f.probe.all(), 2*clean.share()+0.02):
				f.kind = kindOf("loss_unclear")
			}
			if hits[f.kind] == nil {
				hits[f.kind] = map[string]bool{}
			}
			hits[f.kind][f.probe.Server] = true
		}
		for i := range j.facts {
			f := &j.facts[i]
			k, hit := kinds[f.kind], len(hits[f.kind])
			switch {
			case f.probe.path() != path || k.never || isLoss(f.kind) || k.name == "one_identity":
			case k.counts:
				f.path = len(asked) > 1 && 2*hit >= len(asked)
			default:
				f.path = hit > 1 && (hit == len(answered) || hit >= fewestAlike && 2*hit > len(answered) && k.name != "expired")
			}
		}
	}
	for i := range j.facts {
		if f := &j.facts[i]; link && (isLoss(f.kind) || slices.Contains([]string{"slow", "withheld", "unproved"}, kinds[f.kind].name)) {
			f.path = true
		}
	}
}

// fewestAlike is how many servers must show one thing for it to be the path's
// though some others on it do not: more than go wrong alike by chance, and what
// answers in their place may leave one out.
const fewestAlike = 4

// isLoss reports whether a full link would look like that.
func isLoss(kind int) bool {
	return slices.Contains([]string{"no_answer", "loss", "large_lost", "loss_unclear"}, kinds[kind].name)
}

func (j *judge) pathNames() (list []string) {
	for i := range j.sweep.Probes {
		list = append(list, j.sweep.Probes[i].path())
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// server judges one server by what is wrong with it alone.
func (j *judge) server(server string) (Verdict, []string) {
	answered, dead, lame, proved := 0, 0, 0, false
	found := map[Verdict]bool{}
	var evidence []string
	for i := range j.sweep.Probes {
		p := &j.sweep.Probes[i]
		if p.Server == server && p.answered() {
			answered++
			proved = proved || p.Serial != nil && trusted(p.SOA)
		}
	}
	for _, f := range j.facts {
		if f.probe.Server != server {
			continue
		}
		k := kinds[f.kind]
		verdict := k.server
		switch {
		case f.path && k.path == Suspicious:
		case f.path && k.name == "lame":
			answered--
			continue
		case f.path && (k.server == Invalid || k.name == "untimely" || k.name == "unproved"):
			verdict = Unknown
		case f.path:
			continue
		case k.name == "lame":
			lame++
			verdict = Degraded
		case k.allOnly:
			dead++
			verdict = Degraded
		}
		found[verdict] = true
		if e := fmt.Sprintf("%s over %s: %s", k.text, f.probe.path(), f.detail); !slices.Contains(evidence, e) {
			evidence = append(evidence, e)
		}
	}
	switch {
	case answered == 0 && dead > 0:
		found[Unreachable] = true
	case lame > 0 && lame >= answered:
		found[Lame] = true
	}
	for _, v := range []Verdict{Suspicious, Invalid, Lame, Stale, Unreachable, Degraded, Unknown} {
		if found[v] {
			return v, evidence
		}
	}
	if !proved || answered == 0 {
		return Unknown, evidence
	}
	return Healthy, evidence
}

// excluded is the loss that can be excluded on every path of these servers where
// they answer over UDP.
func (j *judge) excluded(list []string) (most float64) {
	for i := range j.sweep.Probes {
		if p := &j.sweep.Probes[i]; p.answered() && p.Transport == TransportUDP && slices.Contains(list, p.Server) && p.loss() == lossFine {
			most = max(most, p.all().most())
		}
	}
	return most
}

// remarks adds what a sweep shows besides troubles.
func (j *judge) remarks(a *Assessment) {
	s := j.sweep
	if len(s.Probes) > 0 && !slices.ContainsFunc(s.Probes, func(p Probe) bool { return p.Reachable != nil }) {
		a.next("look at this host's own network: it could send nothing to any server")
	}
	if j.old {
		a.Evidence = append(a.Evidence, fmt.Sprintf("the newest zone is %d days old: it is not published any more, an old copy is served in place of every letter, or this host's clock is ahead", int(s.Started.Sub(j.published).Hours()/24)))
		a.next("compare the serial and this host's clock with another network's")
		a.Undecided = append(a.Undecided, opskit.Gap{What: "whether the zone is current", Why: "nobody has renewed it for days by this host's clock", Need: "the serial as seen from another network"})
	}
	if j.clock != "" {
		a.Evidence = append(a.Evidence, j.clock)
		a.next("compare this host's clock with another source, then sweep again")
	}
	if age := s.Started.Sub(s.HintsUpdated); !s.HintsUpdated.IsZero() && age > agedHints {
		a.Evidence = append(a.Evidence, fmt.Sprintf("the hints are %d years old: addresses may have changed", int(age.Hours()/24/365)))
	}
	for _, anchor := range s.Anchors {
		if age := s.Started.Sub(anchor.Checked); !anchor.Checked.IsZero() && age > agedAnchors {
			a.Evidence = append(a.Evidence, fmt.Sprintf("the program that keeps the trust anchors last saw them confirmed %d days ago: it may have missed a new key", int(age.Hours()/24)))
			break
		}
	}
	if len(s.Anchors) == 0 {
		a.Undecided = append(a.Undecided, opskit.Gap{What: "whether the answers are the zone's own", Why: errNoAnchor.Error(), Need: "the zone's DS records from its parent"})
	}
	var late, unasked []string
	for i := range s.Probes {
		p := &s.Probes[i]
		if isSlow(p, 0) && !isSlow(p, s.Stalled) {
			late = append(late, p.Server)
		}
		for _, name := range p.Servers {
			if trusted(p.NS) && !slices.Contains(j.servers, name) && !slices.Contains(unasked, name) {
				unasked = append(unasked, name)
			}
		}
	}
	if len(late) > 0 {
		a.Undecided = append(a.Undecided, opskit.Gap{
			What: "whether " + names(late) + " are slow",
			Why:  fmt.Sprintf("this host was stalled for %s, which makes answers look late", s.Stalled.Round(time.Millisecond)),
			Need: "a sweep while it is less busy",
		})
	}
	if len(unasked) > 0 {
		a.Undecided = append(a.Undecided, opskit.Gap{What: names(unasked), Why: "the zone lists them, the hints do not", Need: "hints with their addresses"})
	}
}
