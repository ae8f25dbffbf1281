package traffic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
)

type verdictKind struct{}

// Verdict is what becomes of the packets of a tunnel, as two looks show it.
type Verdict = opskit.Enum[verdictKind]

// What becomes of packets: they enter the tunnel at one end, arrive at the other,
// are answered into it, and return.
const (
	Unknown      Verdict = ""
	Passes       Verdict = "passes"        // they go through, both ways
	Partly       Verdict = "partly"        // some do, and some that were sent do not
	NotEntering  Verdict = "not_entering"  // they were sent, and no SA took them
	NotArriving  Verdict = "not_arriving"  // one end sends ESP of which the other decrypts nothing
	NotAnswered  Verdict = "not_answered"  // they arrive, and nothing is sent back into the tunnel
	NotReturning Verdict = "not_returning" // the answers are sent, and do not arrive
	NoReply      Verdict = "no_reply"      // they leave and nothing comes: the other end's looks tell where they are lost
	Beside       Verdict = "beside"        // they are answered, and did not go through the tunnel
)

// Look is what one end shows at one moment. Status is what Check judges by; the
// rest, which ReadHost adds, tells causes apart.
type Look struct {
	Time       time.Time             `json:"time"`                 // when Status was asked for
	Status     *ipsec.Status         `json:"status,omitzero"`      // with the SAs and their counters; nil: the daemon did not answer
	Sysctls    ipsec.Sysctls         `json:"sysctls,omitempty"`    // that were read
	Listeners  *ipsec.ListenerReport `json:"listeners,omitempty"`  // who listens on UDP 500 and 4500
	Routes     *[]netip.Prefix       `json:"routes,omitempty"`     // destinations in the main table; nil: not read
	Translated []string              `json:"translated,omitempty"` // flows between the tunnel's networks whose addresses a NAT changes here
	Unseen     []opskit.Gap          `json:"unseen,omitempty"`     // what could not be read
}

// End are two looks at one end.
type End struct {
	Name   string  `json:"name"`            // how the report calls the end
	Conn   string  `json:"conn,omitempty"`  // its connection or child; empty: all SAs of the host
	Before Look    `json:"before"`          // the first look
	After  Look    `json:"after"`           // the second one
	Pings  []Pings `json:"pings,omitempty"` // from a host of this end's networks, after every first look and before every second
	ESP    string  `json:"esp,omitempty"`   // the proposal in use, "aes128-sha1": for MTU and MSS; empty: not known
}

// Pings are echo requests of one size, and how many were answered.
type Pings struct {
	To       netip.Addr `json:"to"`       // in the other end's networks
	Size     int        `json:"size"`     // bytes of the IP packet; 0: not known
	Sent     int        `json:"sent"`     // how many
	Answered int        `json:"answered"` // of these
}

// Report tells whether packets go through a tunnel, and else where they
// are lost. It holds its evidence and is safe for concurrent reading.
type Report struct {
	Verdict   Verdict         `json:"verdict"`             // the leg that loses, if one does
	Ends      []End           `json:"ends,omitempty"`      // evidence: one end, or both
	Findings  []ipsec.Finding `json:"findings,omitempty"`  // the leg and what causes it, worst first
	Undecided []opskit.Gap    `json:"undecided,omitempty"` // what the looks do not show
}

// Check tells from two looks at one end, or at each of both, where the packets
// of a tunnel are lost. Counters that did not grow prove nothing unless something
// was sent: Pings, or what the other end's counters show. Of a wire between two
// ends it judges only what was sent while the receiver was watched: by Pings, or
// by the times of the looks, for which the clocks must agree. It is pure; saved
// looks of two ends give the same report.
func Check(ends ...End) *Report {
	r := &Report{Ends: ends}
	r.Judge()
	return r
}

// Level is that of the verdict.
func (r *Report) Level() opskit.Level {
	switch r.Verdict {
	case Passes:
		return opskit.OK
	case Partly:
		return opskit.Warning
	case NotArriving, NotReturning, NotEntering, Beside:
		return opskit.Problem
	case NotAnswered, NoReply:
		if serious(r.Findings) {
			return opskit.Problem
		}
		return opskit.Warning // traffic of one direction may be meant
	}
	return opskit.Unknown
}

// Gaps returns what could not be read and what the looks do not show.
func (r *Report) Gaps() []opskit.Gap {
	var gaps []opskit.Gap
	for _, e := range r.Ends {
		for _, l := range []Look{e.Before, e.After} {
			if l.Status != nil {
				gaps = append(gaps, l.Status.Unseen...)
			}
			gaps = append(gaps, l.Unseen...)
		}
	}
	gaps = append(gaps, r.Undecided...)
	seen := map[opskit.Gap]bool{}
	gaps = slices.DeleteFunc(gaps, func(g opskit.Gap) bool {
		again := seen[g]
		seen[g] = true
		return again
	})
	if len(gaps) == 0 && r.Level() == opskit.Unknown {
		return []opskit.Gap{{What: "everything", Why: "nothing was looked at", Need: "two looks at one end, or at both"}}
	}
	return gaps
}

// Seen tells whether an end was looked at twice: a daemon that does not run shows
// in its listeners.
func (r *Report) Seen() bool {
	return r != nil && slices.ContainsFunc(r.Ends, func(e End) bool {
		return e.Before.Status != nil && e.After.Status != nil || e.After.Listeners.Seen()
	})
}

// Since tells what changed from an earlier report.
func (r *Report) Since(earlier *Report) opskit.Changes {
	var c opskit.Changes
	if !r.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two reports holds no evidence"}}
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	messages := func(r *Report, code string) string {
		var list []string
		for _, f := range r.Findings {
			if f.Code == code {
				list = append(list, f.Message)
			}
		}
		return strings.Join(list, "; ")
	}
	said := map[string]bool{}
	for _, f := range append(slices.Clone(earlier.Findings), r.Findings...) {
		if !said[f.Code] {
			c.Compare(f.Code, messages(earlier, f.Code), messages(r, f.Code))
		}
		said[f.Code] = true
	}
	return c
}

// String prints the verdict, the findings, and what each end's counters gained.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: looked twice at %d ends\n", r.Verdict, len(r.Ends))
	for i, e := range r.Ends {
		in, out := e.growth()
		fmt.Fprintf(&b, "  %s: %s in, %s out in %s\n", opskit.Escape(e.label(i)), in, out, e.After.Time.Sub(e.Before.Time).Round(time.Millisecond))
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Severity, opskit.Escape(f.Code), opskit.Escape(f.Message))
		if f.Fix != "" {
			fmt.Fprintf(&b, "    next: %s\n", opskit.Escape(f.Fix))
		}
	}
	return b.String() + opskit.NotChecked(r)
}

// serious tells whether one of them is a problem.
func serious(findings []ipsec.Finding) bool {
	return slices.ContainsFunc(findings, func(f ipsec.Finding) bool { return f.Severity == ipsec.SeverityProblem })
}

func (l End) label(i int) string {
	if l.Name != "" {
		return l.Name
	}
	return [...]string{"this end", "the other end"}[min(i, 1)]
}
