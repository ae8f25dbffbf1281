package reach

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/reach/cause"
)

// Diagnosis ranks what can be behind a [Case]. Cause is the first hypothesis,
// or cause.Unknown if the evidence is too little or the margin too small to
// tell: that is an answer, and better than a confident wrong one.
type Diagnosis struct {
	Name  string      `json:"name"`        // of the case
	At    time.Time   `json:"at,omitzero"` // of the case
	Cause cause.Cause `json:"cause"`       // the first hypothesis, or cause.Unknown
	// Margin is how far the first hypothesis is before the second.
	Margin     int          `json:"margin"`
	Hypotheses []Hypothesis `json:"hypotheses,omitempty"` // best first; only those with evidence for them
	Next       []string     `json:"next,omitempty"`       // what to do now
	Unseen     []Gap        `json:"unseen,omitempty"`     // what the case did not hold
}

// Hypothesis is one explanation with what speaks for and against it.
type Hypothesis struct {
	Cause cause.Cause `json:"cause"` // never cause.Unknown
	// Score is the sum of the weights for it less those against it. It orders
	// hypotheses and is no probability.
	Score   int      `json:"score"`
	For     []Reason `json:"for,omitempty"`     // what speaks for it
	Against []Reason `json:"against,omitempty"` // what speaks against it
}

// Reason is one fact as a hypothesis uses it.
type Reason struct {
	Fact   string `json:"fact"`             // one sentence
	Source string `json:"source,omitempty"` // empty for what this package observed
	Weight int    `json:"weight"`           // from 1, a hint, to 8, as good as proof
}

const (
	leastScore  = 3 // below it there is too little evidence for anything
	leastMargin = 2 // below it the first two cannot be told apart
)

// Diagnose weighs everything in c. It is pure: it asks nobody, reads no clock,
// and the same case gives the same diagnosis. The weights are a fixed table,
// of which every line used appears as a Reason.
//
// It cannot prove an attack or a migration, which are not visible from
// outside; it says which of the known facts fit which explanation.
func Diagnose(c Case) *Diagnosis {
	d := &Diagnosis{Name: c.Name, At: c.At}
	facts, unseen := c.facts()
	d.Unseen = unseen
	for _, k := range cause.All() {
		h := Hypothesis{Cause: k}
		for _, e := range facts {
			r := Reason{Fact: e.Fact, Source: e.Source, Weight: e.Weight}
			if slices.Contains(e.For, k) {
				h.Score += e.Weight
				h.For = append(h.For, r)
			}
			if slices.Contains(e.Against, k) {
				h.Score -= e.Weight
				h.Against = append(h.Against, r)
			}
		}
		if len(h.For) > 0 {
			d.Hypotheses = append(d.Hypotheses, h)
		}
	}
	slices.SortStableFunc(d.Hypotheses, func(a, b Hypothesis) int { return b.Score - a.Score })
	if len(d.Hypotheses) == 0 {
		d.Next = next(cause.Unknown, c.Name)
		return d
	}
	first, second := d.Hypotheses[0], 0
	if len(d.Hypotheses) > 1 {
		second = max(0, d.Hypotheses[1].Score)
	}
	d.Margin = max(0, first.Score-second)
	if first.Score >= leastScore && d.Margin >= leastMargin {
		d.Cause = first.Cause
	}
	d.Next = next(d.Cause, c.Name)
	return d
}

// String returns the cause, the hypotheses with their evidence, what to do and
// what was not checked.
func (d *Diagnosis) String() string {
	head := printable(d.Name) + ": " + d.Cause.String()
	switch {
	case d.Cause == cause.Unknown && len(d.Hypotheses) > 1:
		head = fmt.Sprintf("%s: cannot tell: %s (%d) and %s (%d) are too close", printable(d.Name),
			d.Hypotheses[0].Cause, d.Hypotheses[0].Score, d.Hypotheses[1].Cause, d.Hypotheses[1].Score)
		if d.Hypotheses[0].Score < leastScore {
			head = printable(d.Name) + ": cannot tell: too little evidence"
		}
	case d.Cause == cause.Unknown:
		head = printable(d.Name) + ": cannot tell: too little evidence"
	case len(d.Hypotheses) > 1:
		head += fmt.Sprintf(" (%d, then %s %d)", d.Hypotheses[0].Score, d.Hypotheses[1].Cause, d.Hypotheses[1].Score)
	}
	var ev []string
	for _, h := range d.Hypotheses {
		ev = append(ev, fmt.Sprintf("%s %d", h.Cause, h.Score))
		for _, r := range h.For {
			ev = append(ev, fmt.Sprintf("  +%d %s", r.Weight, r.text()))
		}
		for _, r := range h.Against {
			ev = append(ev, fmt.Sprintf("  -%d %s", r.Weight, r.text()))
		}
	}
	lines := make([]string, len(d.Next))
	for i, n := range d.Next {
		lines[i] = printable(n)
	}
	return report(head, ev, lines, d.Unseen)
}

func (r Reason) text() string {
	if r.Source == "" {
		return printable(r.Fact)
	}
	return printable(r.Fact) + " [" + printable(r.Source) + "]"
}

// next says what to do about a cause.
func next(c cause.Cause, name string) []string {
	switch c {
	case cause.Unknown:
		return []string{"probe from another network, and bring what changed lately (address, name servers, owner)"}
	case cause.Nothing:
		return nil
	case cause.ThisHost:
		return []string{"look at this host first: ip route get ADDRESS; nft list ruleset; cat /etc/resolv.conf"}
	case cause.Resolution:
		return []string{"ask the zone's own servers: dig +trace " + strings.TrimSuffix(name, ".")}
	case cause.Path:
		return []string{"show the last router that answers to whoever runs it: mtr -T ADDRESS"}
	case cause.Filtered:
		return []string{"ask whoever runs the router or host named above for its rule"}
	case cause.HostDown:
		return []string{"ask whoever runs the machine for its console"}
	case cause.ServiceDown:
		return []string{"on the machine: ss -ltnp, then the service's log"}
	case cause.Application:
		return []string{"the network from here to it is fine: look at the service's own log, its backends and the way to them"}
	case cause.Certificate:
		return []string{"compare it with the one on the server: renew that, or find who answers in the server's place"}
	case cause.Migration:
		return []string{
			"ask the owner about the move before speaking of an attack",
			"ask again after the old records' TTL; compare several resolvers",
		}
	case cause.Attack:
		return []string{"ask the owner's provider for traffic figures: they alone can show it"}
	}
	return nil
}
