package dnsroot

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// signs is what the probes of one letter add up to.
type signs struct {
	answered, silent, unsure      int
	sent, lost                    int // over groups that were not hit as a whole
	lame, slow, stale, lagging    int
	invalid, suspicious, unproved int
	withheld                      int // no answer to the questions that prove
	untimely                      int // sound signatures that are not valid at this host's time
}

// letter judges one letter by its probes.
func (j *judge) letter(l Letter) LetterReport {
	r := LetterReport{Letter: l}
	var s signs
	note := func(format string, args ...any) {
		if e := fmt.Sprintf(format, args...); !slices.Contains(r.Evidence, e) {
			r.Evidence = append(r.Evidence, e)
		}
	}
	for i := range j.sweep.Probes {
		if p := &j.sweep.Probes[i]; p.Letter == l {
			j.add(&s, p, note)
		}
	}
	lossy := leastLoss(s.lost, s.sent) > 1-availability
	if s.lost > 0 && s.answered > 0 {
		verdict := "too few to judge"
		if lossy {
			verdict = fmt.Sprintf("at least %.0f %% (95 %% confidence)", 100*leastLoss(s.lost, s.sent))
		}
		note("%d of %d questions lost: %s", s.lost, s.sent, verdict)
	}
	switch {
	case s.suspicious > 0:
		r.Verdict = Suspicious
	case s.invalid > 0 && !j.noneValid:
		r.Verdict = Invalid
	case s.lame > 0 && s.lame == s.answered:
		r.Verdict = Lame
	case s.stale > 0:
		r.Verdict = Stale
	case s.answered == 0 && s.silent > 0 && s.unsure == 0:
		r.Verdict = Unreachable
	case s.answered == 0, s.invalid > 0, s.untimely > 0:
		r.Verdict = Unknown
	case s.silent > 0, s.lame > 0, s.slow > 0, s.withheld > 0, lossy:
		r.Verdict = Degraded
	case s.unsure > 0, s.lagging > 0, s.unproved > 0:
		r.Verdict = Unknown
	default:
		r.Verdict = Healthy
	}
	if r.Verdict == Unknown && len(r.Evidence) == 0 {
		note("could not be asked from this host")
	}
	return r
}

// add takes one probe into account.
func (j *judge) add(s *signs, p *Probe, note func(string, ...any)) {
	g := j.groups[p.group()]
	for _, d := range p.Discarded {
		s.suspicious++
		note("%d messages over %s were no answer to the question (%s): forged, or a broken server", d.Count, p.group(), d.Why)
	}
	switch {
	case p.Reachable == nil:
		return
	case !*p.Reachable && g.why != "":
		if !g.silentAll {
			s.unsure++
		}
		note("no answer over %s, where %s", p.group(), g.why)
		return
	case !*p.Reachable:
		s.silent++
		how := "no answer"
		if p.Err != nil && errors.Is(p.Err, ErrRefused) {
			how = "refused"
		}
		others := len(g.answered)
		if g.answered[p.Letter] {
			others--
		}
		note("%s over %s (%d of %d questions), which %d other letters answered", how, p.group(), p.Lost, p.Sent, others)
		return
	}
	if !g.lameAll {
		s.answered++
	}
	if g.why == "" {
		s.sent, s.lost = s.sent+p.Sent, s.lost+p.Lost
	}
	if p.Authoritative != nil && !*p.Authoritative && p.Serial != nil {
		s.suspicious++
		note("answers over %s without authority (AA is not set): not a root server's own answer", p.group())
	}
	if p.Recursive != nil && *p.Recursive {
		s.suspicious++
		note("offers recursion over %s (RA is set), which no root server does: a resolver answers in its place", p.group())
	}
	if isSlow(p, j.sweep.Stalled) {
		if 2*g.slow < g.asked {
			s.slow++
			note("%s at best over %s, where most letters are faster", slices.Min(p.RTT).Round(time.Millisecond), p.group())
		} else {
			note("%s at best over %s, as most letters: the path from here", slices.Min(p.RTT).Round(time.Millisecond), p.group())
		}
	}
	if p.Serial == nil || p.Rcode != "NOERROR" {
		if !g.lameAll {
			s.lame++
		}
		note("answers %s over %s", p.answeredWith(), p.group())
		return
	}
	if p.Err != nil && errors.Is(p.Err, ErrRcode) {
		s.withheld++
		note("some answers over %s failed: %v", p.group(), p.Err)
	}
	j.addSecurity(s, p, note)
	if n := p.latest(); j.haveNewest && p.SOA.Security == Secure && serialLess(*n, j.newest) {
		if j.mustHave(*n) {
			s.stale++
			how := "by the dates of both"
			if !j.provedOld(*n) {
				how = fmt.Sprintf("which is %s old by this host's clock", j.sweep.Started.Sub(j.published).Round(time.Minute))
			}
			note("serves serial %d, %d behind %d, %s", *n, j.newest-*n, j.newest, how)
		} else {
			s.lagging++
			note("serves serial %d, %d behind %d, which may still be on its way", *n, j.newest-*n, j.newest)
		}
	}
}

func (p *Probe) answeredWith() string {
	switch {
	case p.Rcode == "":
		if p.Err != nil {
			return "what cannot be read (" + p.Err.Error() + ")"
		}
		return "what cannot be read"
	case p.Rcode == "NOERROR":
		return "NOERROR without the root's SOA"
	}
	return p.Rcode
}

func (j *judge) addSecurity(s *signs, p *Probe, note func(string, ...any)) {
	for _, v := range []Validation{p.SOA, p.NS, p.DNSKEY} {
		switch {
		case v.Security == Secure:
			continue
		case (v.Security == Bogus || v.Security == Unsigned) && j.groups[p.group()].invalidAll:
			s.unproved++
		case j.untimely(v):
			s.untimely++
		case v.Security == Bogus || v.Security == Unsigned:
			s.invalid++
		case v.Why != nil && errors.Is(v.Why, ErrNoAnswer) && j.groups[p.group()].why == "":
			s.withheld++
		default:
			s.unproved++
		}
		why := "not validated"
		if v.Why != nil {
			why = v.Why.Error()
		}
		note("%s over %s: %s", v.Security, p.group(), why)
	}
}
