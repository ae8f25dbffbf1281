package main

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/procstate"
)

// tell makes the story of the evidence. It is pure: saved evidence gives the
// same story.
func tell(e *evidence) *story {
	s := &story{failed: e.Failed}
	s.add("roots", e.Roots != nil, func() step { return s.roots(e.Roots) })
	s.add("dns", len(e.DNS) > 0, func() step { return s.dns(e.DNS) })
	s.add("site", len(e.Connections) > 0, func() step { return s.site(e.Connections) })
	s.add("holders", len(e.Now) > 0, func() step { return s.holders(e) })
	s.add("diagnosis", len(e.Connections) > 0 || len(e.DNS) > 0, func() step { return s.diagnosis(e.diagnosis()) })
	s.add("cdn", len(e.Now) > 0 || e.Network != nil, func() step { return s.cdn(e) })
	s.add("origin", e.Exposure != nil, func() step { return s.origin(e.Exposure) })
	s.add("tunnel", e.Tunnel != nil, func() step { return s.tunnel(e.Tunnel) })
	s.add("zombies", e.Zombies != nil, func() step { return s.zombies(e.Zombies) })
	s.add("snapshot", e.Snapshot != nil, func() step { return s.snapshot(e.Snapshot) })
	s.conclude(e)
	return s
}

// conclude writes the first line and the exit code. The demonstration's code
// says whether the story came out as it did in December 2015.
func (s *story) conclude(e *evidence) {
	var parts []string
	for _, st := range s.steps {
		switch {
		case st.Step == "diagnosis" && st.Code != program.Healthy:
			parts = append([]string{st.Verdict}, parts...)
		case st.Code == program.Problem:
			parts = append(parts, st.Step+" "+st.Verdict)
		case st.Code == program.CannotTell && st.Verdict == dnsroot.Healthy.String():
			parts = append(parts, st.Step+" healthy as far as seen")
		case st.Code == program.CannotTell:
			parts = append(parts, st.Step+" unknown")
		}
		if st.Code == program.Problem || st.Code == program.CannotTell && s.Code != program.Problem {
			s.Code = st.Code
		}
	}
	switch {
	case len(s.steps) == 0:
		parts, s.Code = []string{"cannot tell, nothing was looked at"}, program.CannotTell
	case len(parts) == 0:
		parts = []string{"nothing wrong seen"}
	}
	s.Verdict = e.Host + ": " + strings.Join(parts, "; ")
	if e.Demo {
		s.unseen("the real world (this is the demonstration of December 2015 on loopback)")
		if s.Code = program.Problem; s.asExpected() {
			s.Code = program.Healthy
		}
	}
}

// asExpected tells whether the demonstration came out as the story goes; a step
// that this system cannot take at all is no fault.
func (s *story) asExpected() bool {
	want := map[string]string{
		"roots": "healthy", "dns": "answered", "site": "unreachable", "holders": "it moved", "diagnosis": "migration rather than attack",
		"cdn": "behind Cloudflare", "origin": "exposed", "tunnel": "flawed", "zombies": "problem", "snapshot": "consistent",
	}
	for _, f := range s.failed {
		if f.Unsupported {
			delete(want, f.Step)
		}
	}
	for _, st := range s.steps {
		if want[st.Step] == st.Verdict {
			delete(want, st.Step)
		}
	}
	return len(want) == 0
}

func (s *story) roots(sweep *dnsroot.Sweep) step {
	a := dnsroot.Assess(sweep)
	s.next(a.Next...)
	s.unseen(gaps(a.Gaps())...)
	return step{Verdict: a.Verdict.String(), Evidence: a.Evidence, Code: opskit.ExitCode(a.Level()), Result: a}
}

func (s *story) tunnel(r *ipsec.Report) step {
	st := step{Verdict: r.Verdict.String(), Code: program.CannotTell, Result: r}
	for _, f := range r.Findings {
		if f.Severity != ipsec.SeverityNote {
			st.Evidence = append(st.Evidence, f.Code+" ("+f.Message+")")
			s.next("tunnel: " + f.Fix)
		}
	}
	s.unseen(gaps(r.Gaps())...)
	if r.Verdict == ipsec.Flawed || r.Verdict == ipsec.Broken {
		st.Code = program.Problem
	} else if r.Verdict == ipsec.Sound {
		st.Code = program.Healthy
	}
	return st
}

func (s *story) zombies(r *procstate.Report) step {
	st := step{Verdict: r.Verdict.String(), Code: opskit.ExitCode(r.Level()), Result: r}
	for _, g := range r.Groups {
		st.Evidence = append(st.Evidence, fmt.Sprintf("%d of parent %d %q: %s", len(g.Zombies), g.Parent.PID, g.Parent.Comm.String(), g.Explain()))
		s.unseen(gaps(g.Unseen)...)
	}
	if len(r.Groups) > 0 {
		s.next("zombies: only their parent can reap them; kill -9 of a zombie does nothing (examples/zombies -plan)")
	}
	s.unseen(gaps(r.Unseen)...)
	return st
}

func (s *story) snapshot(r *ebssnap.Result) step {
	code := program.CannotTell
	if r.Verdict == ebssnap.VerdictConsistent {
		code = program.Healthy
	}
	evidence := append([]string{}, r.Reasons...)
	for _, snapshot := range r.Snapshots() {
		evidence = append(evidence, snapshot.ID+" of "+snapshot.Volume)
	}
	s.unseen(gaps(r.Unseen)...)
	return step{Verdict: r.Verdict.String(), Evidence: evidence, Code: code, Result: r}
}
