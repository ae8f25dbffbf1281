package traffic

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
)

// The bounds of the rules below.
const (
	mark      = 0.01 // of the queries from made-up sources, at the least: ordinary traffic has none
	markCount = 500  // and so many
	half      = 0.5
	nearlyAll = 0.8
	fewest    = 1000 // queries without which nothing is called quiet
	shortest  = 60.0 // seconds likewise
	slow      = 10.0 // queries a second, below which nothing is reflected
)

// Judge derives kinds, patterns, remedies and the verdict from what was counted.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Undecided = Unknown, nil
	r.Whole.judge()
	attack := r.Whole.attack()
	for i := range r.Windows {
		r.Windows[i].judge()
		attack = attack || r.Windows[i].attack()
	}
	seconds := r.Whole.End.Sub(r.Whole.Start).Seconds()
	switch {
	case attack:
		r.Verdict = Attack
	case r.Queries+r.Answers == 0:
		r.gap("what kind of traffic it is", "no message of DNS was seen", "a capture of port 53 at the servers")
	case len(r.Windows) > 0:
		r.Verdict = Surge
		r.gap("whether the surge is an attack", "many ask at once in a crowd, too, and what is broken asks again and again", "what the same servers see on other days")
	case r.Queries == 0:
		r.gap("what was asked", "the capture holds answers only", "a capture of both directions")
	case r.Queries < fewest || seconds < shortest:
		r.gap("whether this is ordinary", fmt.Sprintf("%d queries in %.0f s are too few to tell", r.Queries, seconds), "a capture of some minutes")
	case r.Whole.Kind != KindOrdinary:
		r.gap("whether this is ordinary", "it was so from the first second to the last: "+r.Whole.describeKind(), "a capture of another day")
	default:
		r.Verdict = Quiet
	}
	r.unread()
	return r.Level()
}

func (r *Report) gap(what, why, need string) {
	r.Undecided = append(r.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// unread notes what was not understood. Where it is much, nothing is quiet.
func (r *Report) unread() {
	odd := uint64(0)
	var which []string
	for _, s := range r.skips() {
		switch s.Name {
		case "not_ip", "not_dns", "tcp_control":
		default:
			odd += s.Count.Value
			which = append(which, fmt.Sprintf("%d %s", s.Count.Value, s.Name))
		}
	}
	if odd > 0 {
		r.gap(fmt.Sprintf("%d of %d packets", odd, r.Frames), strings.Join(which, ", "), "")
	}
	for _, f := range r.Failures {
		r.gap("the rest of a capture", f.String(), "")
	}
	if r.Verdict == Quiet && (odd*50 > r.Queries || len(r.Failures) > 0) {
		r.Verdict = Unknown
	}
	if r.Whole.Sources.V6*20 > r.Queries && r.Queries > 0 {
		r.gap("whether sources of IPv6 are made up", "there is no model of them", "")
	}
	if r.Verdict == Attack || r.Verdict == Surge {
		for _, w := range r.Windows {
			if w.OpenStart || w.OpenEnd {
				r.gap("how long it lasted", "the capture begins or ends in it", "a longer capture")
				break
			}
		}
	}
}

// attack tells the kinds that only an attack is.
func (s *Stretch) attack() bool {
	return s.Kind == KindSpoofed || s.Kind == KindRandomSubdomain || s.Kind == KindReflection
}

// judge derives pattern, kind and remedy. Each rule says in the order of how
// little else could look so.
func (s *Stretch) judge() {
	s.Kind, s.Pattern, s.Remedy = KindUnknown, s.pattern(), ""
	spoofed := s.Sources.Uniform.Low >= mark && s.Sources.Spoofed.Low >= markCount
	few := s.Sources.Ten >= half
	switch {
	case s.Queries+s.Answers == 0:
		return
	case s.unasked():
		s.Kind = KindReflection
		s.Remedy = "answers nobody here asked for: have the network before this one drop UDP from port 53 to " + first(s.Clients)
	case s.Pattern == PatternRandomLabels && s.Names.Lookups < half && (s.Window || spoofed):
		s.Kind = KindRandomSubdomain
		s.Remedy = "limit queries below " + s.Names.Victim + ", whose servers are the target, and not their sources"
		if spoofed {
			s.Remedy = "none: sources look spoofed; those of " + s.Names.Victim + ", whose servers are the target, can be told"
		}
	case spoofed:
		s.Kind = KindSpoofed
		s.Remedy = "none: sources look spoofed"
		if s.Sources.Heavy >= half {
			s.Remedy = fmt.Sprintf("limit the heaviest sources (%.0f%% of the queries come from 200), and not the others, which look spoofed", 100*s.Sources.Heavy)
		}
	case few && s.amplifying() >= 0.6 && s.Mean >= slow:
		s.Kind = KindReflection
		s.Remedy = "limit the rate of answers, and answer ANY minimally (RFC 8482): the sources are the victims"
	case few && s.Window:
		s.Kind = KindTalkers
		s.Remedy = "limit " + first(s.Sources.Top) + ", or ask who runs it"
	case s.Pattern == PatternOne:
		s.Kind = KindOneName
		s.Remedy = "limit the rate of " + first(s.Names.Top) + " while sources are compared with those of other days"
	case s.Pattern == PatternRandomLabels:
		s.Kind = KindMore
	case s.Window:
		s.Kind = KindMore
	case s.Queries > 0:
		s.Kind = KindOrdinary
	}
}

// unasked tells many answers to few clients that asked little, though queries can
// be seen here: the victim's side of a reflection.
func (s *Stretch) unasked() bool {
	return s.Queries > 0 && s.Answers > 10*s.Queries && len(s.Clients) > 0 && s.Clients[0].Share >= half && len(s.Servers) >= 5
}

// amplifying is the share of the types whose answers are large.
func (s *Stretch) amplifying() (share float64) {
	for _, t := range s.Types {
		switch t.Name {
		case "ANY", "TXT", "DNSKEY", "RRSIG":
			share += t.Share
		}
	}
	return share
}

func (s *Stretch) pattern() Pattern {
	n := s.Names
	ten := 0.0
	for _, t := range n.Top {
		ten += t.Share
	}
	switch {
	case s.Queries == 0:
		return PatternUnknown
	case n.Victim != "" && n.Once.Low >= half:
		return PatternRandomLabels
	case len(n.Top) > 0 && n.Top[0].Share >= nearlyAll:
		return PatternOne
	case len(n.Turns) > 1:
		return PatternRotating
	case ten >= nearlyAll:
		return PatternFew
	}
	return PatternMany
}

// first is the name of the first, where there is one.
func first(list []Share) string {
	if len(list) == 0 {
		return "one that is not known"
	}
	return list[0].Name
}
