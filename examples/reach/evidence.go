package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
)

// evidence is what -save writes and -from judges again.
type evidence struct {
	Connections []reach.Connection `json:"connections,omitempty"`
	Pings       []reach.Ping       `json:"pings,omitempty"`
}

// ask puts the questions. What could not be asked is told on stderr and is in
// the evidence as unknown.
func ask(ctx context.Context, p *program.Program, prober *reach.Prober, targets []netip.AddrPort, ping bool) *evidence {
	e := &evidence{}
	tell := func(err error) {
		if err != nil {
			fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name(), err)
		}
	}
	if ping {
		for _, t := range targets {
			r, err := prober.Ping(ctx, t.Addr(), 0)
			tell(err)
			e.Pings = append(e.Pings, *r)
		}
		return e
	}
	for c, err := range prober.ConnectAll(ctx, slices.Values(targets)) {
		tell(err)
		e.Connections = append(e.Connections, *c)
	}
	// In the order of the arguments, which the answers do not keep.
	place := map[netip.AddrPort]int{}
	for i, t := range targets {
		place[t] = i
	}
	slices.SortStableFunc(e.Connections, func(a, b reach.Connection) int { return place[a.Target] - place[b.Target] })
	return e
}

func (e *evidence) judge() {
	for i := range e.Connections {
		e.Connections[i].Judge()
	}
	for i := range e.Pings {
		e.Pings[i].Judge()
	}
}

func (e *evidence) verdicts() map[string]reach.Verdict {
	out := map[string]reach.Verdict{}
	for i := range e.Connections {
		out[e.Connections[i].Target.String()] = e.Connections[i].Verdict
	}
	for i := range e.Pings {
		out[e.Pings[i].Target.String()] = e.Pings[i].Verdict
	}
	return out
}

// change is what -since prints.
type change struct {
	Changed []string `json:"changed,omitzero"` // "target: before -> now"
	New     []string `json:"new,omitempty"`
	Gone    []string `json:"gone,omitempty"`
}

func compare(earlier, now *evidence) change {
	c := change{Changed: []string{}}
	before, after := earlier.verdicts(), now.verdicts()
	for target, v := range after {
		switch old, ok := before[target]; {
		case !ok:
			c.New = append(c.New, target)
		case old != v:
			c.Changed = append(c.Changed, fmt.Sprintf("%s: %s -> %s", target, old, v))
		}
	}
	for target := range before {
		if _, ok := after[target]; !ok {
			c.Gone = append(c.Gone, target)
		}
	}
	slices.Sort(c.Changed)
	slices.Sort(c.New)
	slices.Sort(c.Gone)
	return c
}

// String returns the change, one target a line, and what it leaves open.
func (c change) String() string {
	s := fmt.Sprintf("since then: %d changed, %d new, %d gone", len(c.Changed), len(c.New), len(c.Gone))
	if len(c.Changed) > 0 {
		s += "\n  " + strings.Join(c.Changed, "\n  ")
	}
	return s + "\n" + program.InBetween
}

func exitCode(v reach.Verdict) int {
	switch v {
	case reach.Open, reach.Answered:
		return program.Healthy
	case reach.Unknown, reach.LocalFailure:
		return program.CannotTell
	}
	return program.Problem
}
