package reach

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Sample is what many connections to the addresses of one name came to, as
// counts. Its Verdict is Open, Lossy, Slow, what all addresses share (NoAnswer,
// Refused, ...), PartlyOpen where the failures follow an address, and Unknown.
type Sample struct {
	Name      string          `json:"name"`                // as it was given
	Verdict   Verdict         `json:"verdict"`             // set by Judge
	Addresses []SampleAddress `json:"addresses,omitempty"` // in their order

	At        time.Time     `json:"at"`                  // when it began
	Took      time.Duration `json:"took_ns"`             // for all of it
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// SampleAddress is what the connections to one address came to.
type SampleAddress struct {
	Target netip.AddrPort  `json:"target"`              // one of the addresses
	Tried  int             `json:"tried"`               // how many connections
	Opened int             `json:"opened"`              // how many of them opened
	Resent int             `json:"resent,omitempty"`    // how many of those after a SYN was sent again
	Failed map[Verdict]int `json:"failed,omitempty"`    // what the others came to
	Median time.Duration   `json:"median_ns,omitempty"` // of the time until one opened
	Bound  time.Duration   `json:"bound_ns,omitempty"`  // 95 of 100 were no slower; the slowest of fewer than 20
}

// slowOpen is the time until a connection opens that somebody should look at: by
// then the kernel has sent its SYN again, though nothing was lost.
const slowOpen = time.Second

// fewSamples is how many connections say something about a habit.
const fewSamples = 20

// Sample connects n times to every address of a target such as
// "www.example.org:443", in turn, at most 16 at once. It tells one dead address
// of several, lost packets and a slow way apart. The error is that of
// [Prober.Dial].
func (p *Prober) Sample(ctx context.Context, target string, n int) (*Sample, error) {
	s := &Sample{Name: target, At: now()}
	targets, err := p.resolve(ctx, target)
	if err != nil {
		s.Judge()
		return s, err
	}
	probe := *p
	if probe.Window <= 0 {
		probe.Window = 16
	}
	took := map[netip.AddrPort][]time.Duration{}
	for _, t := range targets {
		s.Addresses = append(s.Addresses, SampleAddress{Target: t.at})
	}
	all := func(yield func(netip.AddrPort) bool) {
		for range n {
			for _, t := range targets {
				if !yield(t.at) {
					return
				}
			}
		}
	}
	done := 0
	for c, err := range probe.ConnectAll(ctx, all) {
		if err != nil && c.Verdict == Unknown {
			continue // given up, which is no observation
		}
		a := &s.Addresses[slices.IndexFunc(s.Addresses, func(a SampleAddress) bool { return a.Target == c.Target })]
		a.Tried++
		done++
		p.Observer.Report(opskit.Phase{Op: "sample", Target: target, Name: "answer", Done: done, Total: n * len(targets)})
		if c.Verdict != Open {
			if a.Failed == nil {
				a.Failed = map[Verdict]int{}
			}
			a.Failed[c.Verdict]++
			continue
		}
		a.Opened++
		took[c.Target] = append(took[c.Target], c.Took)
		if c.SYNRetransmits != nil && *c.SYNRetransmits > 0 {
			a.Resent++
		}
	}
	for i := range s.Addresses {
		if times := slices.Sorted(slices.Values(took[s.Addresses[i].Target])); len(times) > 0 {
			s.Addresses[i].Median = times[len(times)/2]
			s.Addresses[i].Bound = times[min(len(times)-1, int(math.Ceil(0.95*float64(len(times)))))]
		}
	}
	s.Took = time.Since(s.At)
	s.Judge()
	return s, ctx.Err()
}

// asked is how many connections say something of the other side.
func (a SampleAddress) asked() int { return a.Tried - a.Failed[LocalFailure] - a.Failed[Unknown] }

// dead tells an address of which nothing opened though it was asked often.
func (a SampleAddress) dead() bool { return a.Opened == 0 && a.Tried > 0 && a.worst() != Unknown }

// slow: each SYN had to be sent again because the answer takes so long, not
// because one was lost.
func (a SampleAddress) slow() bool {
	return a.Opened > 0 && a.Median >= slowOpen && 10*a.Resent >= 9*a.Opened
}

// lost is how many connections lost a packet.
func (a SampleAddress) lost() int {
	n := a.Failed[NoAnswer]
	if !a.slow() {
		n += a.Resent
	}
	return n
}

// worst is what most of the failures came to; Unknown for this host's own.
func (a SampleAddress) worst() Verdict {
	out := Unknown
	for v, n := range a.Failed {
		if v != LocalFailure && (out == Unknown || n > a.Failed[out] || n == a.Failed[out] && v < out) {
			out = v
		}
	}
	return out
}

// Judge sets Verdict and Undecided from the other fields; it is pure.
func (s *Sample) Judge() opskit.Level {
	s.Verdict, s.Undecided = Unknown, nil
	gap := func(what, why, need string) {
		s.Undecided = append(s.Undecided, opskit.Gap{What: what, Why: why, Need: need})
	}
	var dead, slow, lost, opened, tried int
	for _, a := range s.Addresses {
		tried, opened, lost = tried+a.asked(), opened+a.Opened, lost+a.lost()
		if a.dead() {
			dead++
		} else if a.slow() {
			slow++
		}
		if a.asked() < a.Tried || a.Tried == 0 {
			gap("whether "+a.Target.String()+" answers", "this host did not ask, or not often enough", "room here, and a new sample")
		}
	}
	switch {
	case tried == 0:
		gap("whether it answers", "nothing was asked", "at least one connection")
		return s.Level()
	case dead == len(s.Addresses) && len(s.Undecided) == 0:
		s.Verdict = s.Addresses[0].worst()
		for _, a := range s.Addresses {
			if a.worst() != s.Verdict {
				s.Verdict = NoAnswer // none opens, each in its way
			}
		}
	case dead > 0:
		s.Verdict = PartlyOpen
	case opened < tried || lost > 0:
		s.Verdict = Lossy
	case slow > 0:
		s.Verdict = Slow
	case len(s.Undecided) == 0:
		s.Verdict = Open
	}
	if tried < fewSamples*len(s.Addresses) {
		gap("whether that is a habit", fmt.Sprintf("%d connections are few", tried), fmt.Sprintf("%d to each address", fewSamples))
	}
	return s.Level()
}

// Level is OK for Open, Warning for Lossy and Slow, Problem for an address or all
// of them that do not open, and else Unknown.
func (s *Sample) Level() opskit.Level { return level(s.Verdict) }

// Gaps returns Unseen and Undecided.
func (s *Sample) Gaps() []opskit.Gap { return gaps(s.Level(), s.Unseen, s.Undecided) }

// Seen tells whether anything was observed.
func (s *Sample) Seen() bool {
	return s != nil && slices.ContainsFunc(s.Addresses, func(a SampleAddress) bool { return a.Tried > 0 })
}

// String returns the verdict, a line for each address and what was not checked.
func (s *Sample) String() string {
	var ev []string
	for _, a := range s.Addresses {
		var line strings.Builder
		line.WriteString(fmt.Sprintf("%s: %d of %d opened", a.Target, a.Opened, a.Tried))
		for _, v := range slices.Sorted(maps.Keys(a.Failed)) {
			line.WriteString(fmt.Sprintf(", %d %s", a.Failed[v], v))
		}
		if a.Opened > 0 {
			line.WriteString(fmt.Sprintf("; median %s, 95 of 100 within %s", a.Median.Round(time.Microsecond), a.Bound.Round(time.Microsecond)))
		}
		switch low, high := interval(a.lost(), a.Tried); {
		case a.slow():
			line.WriteString("; each opened only after its SYN was sent again: a slow way, or one that always drops the first")
		case a.dead():
		case a.lost() > 0:
			line.WriteString(fmt.Sprintf("; lost a packet: %d (%.1f to %.1f %%)", a.lost(), 100*low, 100*high))
		}
		ev = append(ev, line.String())
	}
	if s.Verdict == PartlyOpen {
		ev = append(ev, "the failures follow an address: "+strings.Join(s.deadOnes(), ", "))
	}
	return report(s, "sample "+short(s.Name)+": "+s.Verdict.String(), ev)
}

func (s *Sample) deadOnes() (out []string) {
	for _, a := range s.Addresses {
		if a.dead() {
			out = append(out, a.Target.String())
		}
	}
	return out
}

// interval is that of Wilson at 95 %: what share may lie behind k of n.
func interval(k, n int) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	const z = 1.96
	p, m := float64(k)/float64(n), float64(n)
	middle, spread := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (middle-spread)/(1+z*z/m)), min(1, (middle+spread)/(1+z*z/m))
}
