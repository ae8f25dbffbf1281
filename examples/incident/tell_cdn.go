package main

import (
	"net/netip"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach/cdn"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/whoislookup"
)

// noNetwork is all that lists can say of an address that is in none.
const noNetwork = "in no list of a content delivery network"

func (s *story) cdn(e *evidence) step {
	st := step{Verdict: noNetwork, Code: program.Healthy}
	records := e.Now
	if e.Network != nil {
		records = []*whoislookup.Record{e.Network}
	}
	for _, r := range records {
		addr, err := netip.ParseAddr(r.Query.Text)
		if err != nil {
			continue
		}
		for _, match := range cdn.Lookup(addr) {
			st.Verdict = "behind " + match.Provider
			st.Evidence = append(st.Evidence, addr.String()+": "+match.String())
		}
		if e.Network != nil {
			st.Evidence = append(st.Evidence, holder(r))
		}
	}
	if st.Verdict == noNetwork {
		s.unseen("whether a network that no list has serves it (the oldest list is of " + cdn.AsOf() + ")")
	}
	return st
}

func (s *story) origin(e *origin.Exposure) step {
	code := program.CannotTell
	switch e.Verdict {
	case origin.Exposed:
		code = program.Problem
	case origin.Shielded:
		code = program.Healthy
	}
	s.next(e.Next...)
	s.unseen(gaps(e.Gaps())...)
	return step{Verdict: e.Verdict.String(), Evidence: []string{e.Origin.String() + " " + e.Why}, Code: code, Result: e}
}
