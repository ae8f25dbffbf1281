package main

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// exit is the code for a verdict: healthy only if nothing was left unseen.
func exit(v dnsroot.Verdict, unseen int) int {
	switch {
	case v == dnsroot.Healthy && unseen == 0:
		return program.Healthy
	case v == dnsroot.Healthy || v == dnsroot.Unknown:
		return program.CannotTell
	}
	return program.Problem
}

func primingExit(p *dnsroot.Priming) int {
	switch {
	case p.NS.Security == dnsroot.Bogus || p.NS.Security == dnsroot.Unsigned || len(p.Changes)+len(p.Others) > 0:
		return program.Problem
	case p.NS.Security != dnsroot.Secure || len(p.Unseen) > 0:
		return program.CannotTell
	}
	return program.Healthy
}

func ipv4(h dnsroot.Hints) dnsroot.Hints {
	only := dnsroot.Hints{Updated: h.Updated, Serial: h.Serial}
	for _, s := range h.Servers {
		kept := dnsroot.Server{Letter: s.Letter}
		for _, a := range s.Addrs {
			if a.Is4() {
				kept.Addrs = append(kept.Addrs, a)
			}
		}
		only.Servers = append(only.Servers, kept)
	}
	return only
}

func read(path string) (evidence, error) {
	e, err := program.Read[evidence](path)
	if err == nil && e.Sweep == nil {
		err = fmt.Errorf("read %s: no sweep in it", path)
	}
	return e, err
}

// since tells whose verdict differs from that of a sweep saved earlier. The exit
// code stays that of the verdict now.
func since(p *program.Program, now *dnsroot.Assessment) int {
	saved, err := read(p.Since)
	if err != nil {
		return p.Fail(err)
	}
	c := changes{Since: saved.Sweep.Started.Format("2006-01-02T15:04:05Z")}
	before := map[dnsroot.Letter]dnsroot.Verdict{}
	for _, l := range dnsroot.Assess(saved.Sweep).Letters {
		before[l.Letter] = l.Verdict
	}
	for _, l := range now.Letters {
		if was, there := before[l.Letter]; there && was != l.Verdict {
			c.Letters = append(c.Letters, change{l.Letter, was, l.Verdict})
		}
	}
	return p.Print(c, program.Healthy)
}

// changes is what became different between two sweeps.
type changes struct {
	Since   string   `json:"since"`
	Letters []change `json:"changes,omitempty"`
}

type change struct {
	Letter dnsroot.Letter  `json:"letter"`
	Was    dnsroot.Verdict `json:"was"`
	Is     dnsroot.Verdict `json:"is"`
}

func (c changes) String() string {
	if len(c.Letters) == 0 {
		return "since " + c.Since + ": every verdict the same\n" + program.InBetween
	}
	var b strings.Builder
	fmt.Fprintf(&b, "since %s:", c.Since)
	for _, l := range c.Letters {
		fmt.Fprintf(&b, "\n  %s: was %s, is %s", l.Letter, l.Was, l.Is)
	}
	return b.String() + "\n" + program.InBetween
}
