package dnsroot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Assessment is what sweeps mean: of one host, or of several that looked at the
// same zone. The sweeps are the evidence; all else is derived by Judge.
type Assessment struct {
	Sweeps    []*Sweep       `json:"sweeps,omitempty"`    // what was seen
	Zone      string         `json:"zone,omitempty"`      // which they are about
	Verdict   Verdict        `json:"verdict"`             // of the zone's servers together
	Serial    *uint32        `json:"serial,omitempty"`    // the newest validated one; nil if none was
	Servers   []ServerReport `json:"servers,omitempty"`   // by name
	Troubles  []Trouble      `json:"troubles,omitempty"`  // what is wrong, a kind each, the worst first
	Evidence  []string       `json:"evidence,omitempty"`  // what the verdict rests on besides, a sentence each
	Next      []string       `json:"next,omitempty"`      // what to do now, where that is known
	Undecided []opskit.Gap   `json:"undecided,omitempty"` // what could not be told, and what would decide
}

// ServerReport is one server's verdict and what it rests on.
type ServerReport struct {
	Server   string   `json:"server"`             // its name
	Verdict  Verdict  `json:"verdict"`            // as seen from the sweeps' hosts
	Evidence []string `json:"evidence,omitempty"` // what the verdict rests on, a sentence each
}

// Limits that verdicts rest on.
const (
	// RSSAC047v2 section 5.2: response latency of UDP and TCP.
	latencyUDP = 250 * time.Millisecond
	latencyTCP = 500 * time.Millisecond
	// staleAfter is when a server must have the zone whose signature begins that
	// long ago: the root is published within about an hour of it, and RSSAC047
	// allows 65 minutes more.
	staleAfter = 3 * time.Hour
	// oldAfter is when the root zone must have been renewed: it is published
	// twice a day.
	oldAfter = 48 * time.Hour
	// agedHints is when hints should be asked anew: addresses of root servers
	// change every few years.
	agedHints = 4 * 365 * 24 * time.Hour
	// agedAnchors is when a resolver's key file is old: RFC 5011 section 2.3 has
	// the keys looked at every 15 days at least.
	agedAnchors = 45 * 24 * time.Hour
)

// Assess judges sweeps of the same zone, by one host or by several.
//
// What hits a whole path alike (a family, a transport, large answers) is judged
// before any server, and a server only by what others on the same path do not
// show. No answer from any, loss on most, answers of most that do not
// validate have their cause near the sweep's host as likely as at all
// operators, and are Unknown; where most answer as a resolver does, or as one
// machine, one thing between here and them is Suspicious. A server that is behind the newest serial is Stale only
// when that zone must have arrived: while it is being published, nobody can tell.
// Nor can anybody when at least half of the servers are behind a zone that is old
// by this host's clock alone, or when signatures are sound but not valid at this
// host's time, unless another server's zone was signed after they expired.
//
// With several hosts a server that none of them reaches is down, one that some of
// them reach is down from the others.
func Assess(sweeps ...*Sweep) *Assessment {
	a := &Assessment{}
	for _, s := range sweeps {
		if s != nil {
			a.Sweeps = append(a.Sweeps, s)
		}
	}
	a.Judge()
	return a
}

// Judge derives everything but the sweeps anew.
func (a *Assessment) Judge() opskit.Level {
	*a = Assessment{Sweeps: slices.DeleteFunc(slices.Clone(a.Sweeps), func(s *Sweep) bool { return s == nil })}
	if len(a.Sweeps) == 0 {
		a.Undecided = []opskit.Gap{{What: "the servers", Why: "there is no sweep to judge", Need: "a sweep"}}
		return a.Level()
	}
	a.Zone = a.Sweeps[0].zone()
	var judges []*judge
	for i, s := range a.Sweeps {
		if s.zone() != a.Zone {
			a.Undecided = append(a.Undecided, opskit.Gap{What: fmt.Sprintf("the sweep of %s", s.zone()), Why: "it is of another zone than the first"})
			continue
		}
		j := newJudge(s)
		j.name = cmp.Or(s.Vantage, fmt.Sprintf("sweep %d", i+1))
		judges = append(judges, j)
		if j.haveNewest && (a.Serial == nil || serialLess(*a.Serial, j.newest)) {
			a.Serial = new(j.newest)
		}
	}
	a.servers(judges)
	a.troubles(judges)
	a.system(judges)
	return a.Level()
}

// servers takes together what each host saw of each server.
func (a *Assessment) servers(judges []*judge) {
	var all []string
	for _, j := range judges {
		all = append(all, j.servers...)
	}
	slices.Sort(all)
	for _, server := range slices.Compact(all) {
		r := ServerReport{Server: server}
		by := map[Verdict][]string{}
		for _, j := range judges {
			if slices.Contains(j.servers, server) {
				v, evidence := j.server(server)
				by[v] = append(by[v], j.name)
				r.Evidence = append(r.Evidence, evidence...)
			}
		}
		answered := append(slices.Clone(by[Healthy]), by[Degraded]...)
		down := by[Unreachable]
		switch {
		case len(down) > 0 && len(answered) > 0:
			r.Verdict = Degraded
			r.Evidence = append(r.Evidence, fmt.Sprintf("down from %s, and answers %s", strings.Join(down, ", "), strings.Join(answered, ", ")))
		case len(down) > 0 && len(judges) > 1:
			r.Verdict = Unreachable
			text := fmt.Sprintf("down: no answer to %s", strings.Join(down, ", "))
			if len(by[Unknown]) > 0 {
				text += "; " + strings.Join(by[Unknown], ", ") + " cannot tell"
			}
			r.Evidence = append(r.Evidence, text)
		}
		for _, v := range []Verdict{Suspicious, Invalid, Lame, Stale, Unreachable, Degraded, Healthy} {
			if len(by[v]) > 0 && (r.Verdict == Unknown || v != Unreachable && v != Healthy && v != Degraded) {
				r.Verdict = v
				break
			}
		}
		if r.Verdict == Unknown && len(r.Evidence) == 0 {
			r.Evidence = append(r.Evidence, "could not be asked from here")
		}
		a.Servers = append(a.Servers, r)
	}
}

// system judges the servers together.
func (a *Assessment) system(judges []*judge) {
	by := map[Verdict][]string{}
	for _, r := range a.Servers {
		by[r.Verdict] = append(by[r.Verdict], r.Server)
	}
	problems := len(a.Servers) - len(by[Healthy]) - len(by[Unknown])
	old := slices.ContainsFunc(judges, func(j *judge) bool { return j.old })
	switch {
	case slices.ContainsFunc(a.Troubles, func(t Trouble) bool {
		return t.Path && t.Makes == Suspicious && 2*len(t.Servers) > len(a.Servers)
	}):
		a.Verdict = Suspicious // one thing in place of them, whether its answers validate or not
	case problems > 0:
		a.Verdict = Degraded
	case len(by[Unknown]) > 0 || len(a.Undecided) > 0 || len(a.Servers) == 0 || old:
		a.Verdict = Unknown
	default:
		a.Verdict = Healthy
	}
	excluded := 0.0
	for _, j := range judges {
		excluded = max(excluded, j.excluded(by[Healthy]))
	}
	from := "from here"
	if len(judges) > 1 {
		from = fmt.Sprintf("from %d hosts", len(judges))
	}
	text := fmt.Sprintf("%d of %d %s healthy %s", len(by[Healthy]), len(a.Servers), a.noun(), from)
	if len(by[Healthy]) > 0 && excluded > 0 {
		text += fmt.Sprintf("; on each of their paths loss above %.0f %% is excluded", 100*excluded)
	}
	lead := []string{text}
	for _, v := range []Verdict{Suspicious, Invalid, Stale, Lame, Unreachable, Degraded} {
		if len(by[v]) > 0 {
			lead = append(lead, fmt.Sprintf("%s: %s", v, names(by[v])))
		}
	}
	if len(by[Unknown]) > 0 {
		lead = append(lead, "cannot tell: "+names(by[Unknown]))
		a.Undecided = append(a.Undecided, opskit.Gap{What: "whether " + names(by[Unknown]) + " are all right", Why: "what was seen from here cannot tell", Need: "a sweep from another network"})
	}
	if a.Serial != nil {
		lead = append(lead, fmt.Sprintf("newest validated serial %d", *a.Serial))
	}
	if len(judges) > 1 {
		for _, r := range a.Servers {
			for _, evidence := range r.Evidence {
				if strings.HasPrefix(evidence, "down") {
					lead = append(lead, label(r.Server)+": "+evidence)
				}
			}
		}
	}
	a.Evidence = append(lead, a.Evidence...)
	for _, j := range judges {
		j.remarks(a)
	}
	if slices.ContainsFunc(a.Servers, func(r ServerReport) bool { return r.Verdict == Unreachable || r.Verdict == Degraded }) && len(judges) == 1 {
		a.next(nextElsewhere)
	}
}

func (a *Assessment) noun() string {
	if a.Zone == "." {
		return "letters"
	}
	return "servers"
}

func (a *Assessment) next(text string) {
	if text != "" && !slices.Contains(a.Next, text) {
		a.Next = append(a.Next, text)
	}
}

// Level is what the verdict means to a monitor: the table stands in the package
// documentation.
func (a *Assessment) Level() opskit.Level { return level(a.Verdict, len(a.Gaps())) }

// Gaps returns what the sweeps could not see, and what judging could not tell.
func (a *Assessment) Gaps() (gaps []opskit.Gap) {
	for _, s := range a.Sweeps {
		if s == nil {
			continue
		}
		for _, gap := range s.Unseen {
			if s.Vantage != "" && len(a.Sweeps) > 1 {
				gap.What = "from " + s.Vantage + ": " + gap.What
			}
			gaps = append(gaps, gap)
		}
	}
	gaps = append(gaps, a.Undecided...)
	if len(gaps) == 0 && level(a.Verdict, 0) == opskit.Unknown {
		gaps = append(gaps, opskit.Gap{What: "the servers", Why: "the sweeps were not judged"})
	}
	return gaps
}

// Seen reports whether there is anything that was seen.
func (a *Assessment) Seen() bool {
	return a != nil && slices.ContainsFunc(a.Sweeps, func(s *Sweep) bool { return s != nil && len(s.Probes) > 0 })
}

// String prints the verdict, its evidence, a line for each kind of trouble, what
// to do next and what was not checked.
func (a *Assessment) String() string {
	head := "root servers: "
	if a.Zone != "." && a.Zone != "" {
		head = "servers of " + a.Zone + ": "
	}
	lines := []string{opskit.Escape(head + a.Verdict.String())}
	for _, e := range a.Evidence {
		lines = append(lines, "  "+opskit.Escape(e))
	}
	for _, t := range a.Troubles {
		lines = append(lines, "  "+t.String())
	}
	for _, n := range a.Next {
		lines = append(lines, "next: "+opskit.Escape(n))
	}
	return strings.Join(append(lines, opskit.NotChecked(a)), "\n")
}

// Since tells whose verdict differs from that of an earlier assessment, and
// whether the zone went on.
func (a *Assessment) Since(earlier *Assessment) (c opskit.Changes) {
	c.Compare("verdict", earlier.Verdict.String(), a.Verdict.String())
	before := map[string]Verdict{}
	for _, r := range earlier.Servers {
		before[r.Server] = r.Verdict
	}
	for _, r := range a.Servers {
		if was, there := before[r.Server]; there {
			c.Compare(r.Server+" verdict", was.String(), r.Verdict.String())
		} else {
			c.List = append(c.List, opskit.Change{What: r.Server, New: r.Verdict.String()})
		}
		delete(before, r.Server)
	}
	for _, r := range earlier.Servers {
		if was, gone := before[r.Server]; gone {
			c.List = append(c.List, opskit.Change{What: r.Server, Old: was.String()})
		}
	}
	return c
}

// Level is what the verdict means to a monitor.
func (r ServerReport) Level() opskit.Level { return level(r.Verdict, 0) }

// Gaps returns why a verdict is unknown.
func (r ServerReport) Gaps() []opskit.Gap {
	if r.Level() != opskit.Unknown {
		return nil
	}
	return []opskit.Gap{{What: "whether " + cmp.Or(label(r.Server), "the server") + " is all right", Why: cmp.Or(strings.Join(r.Evidence, "; "), "it was not asked"), Need: "a sweep from another network"}}
}

// String prints the verdict and its evidence.
func (r ServerReport) String() string {
	lines := []string{opskit.Escape(r.Server + ": " + r.Verdict.String())}
	for _, e := range r.Evidence {
		lines = append(lines, "  "+opskit.Escape(e))
	}
	return strings.Join(append(lines, opskit.NotChecked(r)), "\n")
}
