package main

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/why"
	"github.com/opskit-go/opskit/whoislookup"
)

func (s *story) dns(list []*reach.Comparison) step {
	st := step{Verdict: list[0].Verdict.String(), Code: program.Healthy, Result: list}
	for _, c := range list {
		var said strings.Builder
		said.WriteString(fmt.Sprintf("%s %s %s by %d resolvers", c.Name, c.Type, c.Verdict, len(c.Answers)))
		for _, a := range c.Answers {
			if len(a.Data) > 0 {
				said.WriteString(": " + strings.Join(a.Data, " "))
				break
			}
		}
		st.Evidence = append(st.Evidence, said.String())
		s.unseen(gaps(c.Gaps())...)
	}
	switch list[0].Verdict {
	case reach.DNSAnswered:
	case reach.DNSNXDomain, reach.DNSNoData, reach.DNSServFail, reach.DNSRefused, reach.DNSDisagree:
		st.Code = program.Problem
	default:
		st.Code = program.CannotTell
	}
	return st
}

func (s *story) site(list []*reach.Connection) step {
	st := step{Verdict: "unreachable", Code: program.Problem, Result: list}
	unknown := true
	for _, c := range list {
		st.Evidence = append(st.Evidence, c.Target.String()+" "+c.Verdict.String())
		s.unseen(gaps(c.Gaps())...)
		if c.Verdict == reach.Open {
			st.Verdict, st.Code = "reachable", program.Healthy
		}
		unknown = unknown && (c.Verdict == reach.Unknown || c.Verdict == reach.LocalFailure)
	}
	if unknown {
		st.Verdict, st.Code = "cannot tell", program.CannotTell
	}
	return st
}

// holder writes whose an address is: network, holder, and the network around it.
func holder(r *whoislookup.Record) string {
	if r.Verdict != whoislookup.VerdictFound || r.Network == nil {
		return fmt.Sprintf("%s: %s", r.Query.Text, r.Verdict)
	}
	var prefixes, around []string
	for _, p := range r.Network.Prefixes {
		prefixes = append(prefixes, p.String())
	}
	text := fmt.Sprintf("%s is in %s of %s", r.Query.Text, strings.Join(prefixes, "+"), r.Holder.Name)
	if r.Country != "" {
		text += " (" + r.Country + ")"
	}
	if r.Network.Parent.IsValid() {
		for p := range r.Network.Parent.Prefixes() {
			around = append(around, p.String())
		}
		text += " under " + strings.Join(around, "+")
	}
	text += ", says " + r.Server
	if len(r.Abuse) > 0 {
		text += "; call them: " + r.Abuse[0].Email
	}
	return text
}

func (s *story) holders(e *evidence) step {
	st := step{Verdict: "known", Code: program.Healthy, Result: e.Now}
	for _, r := range e.Now {
		st.Evidence = append(st.Evidence, holder(r))
		s.unseen(gaps(r.Gaps())...)
		if r.Verdict != whoislookup.VerdictFound {
			st.Verdict, st.Code = "cannot tell", program.CannotTell
		}
	}
	if e.Before != nil {
		st.Evidence = append(st.Evidence, "before: "+holder(e.Before))
		s.unseen(gaps(e.Now[0].Since(e.Before).Unseen)...)
		if e.Now[0].Moved(e.Before) == whoislookup.AnswerYes {
			st.Verdict = "it moved"
		}
	}
	return st
}

func (s *story) diagnosis(d *why.Diagnosis) step {
	st := step{Verdict: "cannot tell", Code: program.CannotTell, Result: d}
	if d.Cause != why.CauseUnknown {
		st.Verdict, st.Code = d.Cause.String(), program.Problem
	}
	if d.Cause == why.CauseNothing {
		st.Code = program.Healthy
	}
	attack := false
	for _, f := range d.Findings {
		if f.State == why.StateWorks {
			continue
		}
		var left []string
		for _, cause := range f.Left {
			left = append(left, cause.String())
			attack = attack || cause == why.CauseAttack
		}
		st.Evidence = append(st.Evidence, f.Scope+": left are "+strings.Join(left, ", "))
		st.Evidence = append(st.Evidence, f.Seen...)
	}
	if d.Cause == why.CauseMigration {
		st.Verdict = "migration rather than attack"
		if !attack {
			st.Evidence = append(st.Evidence, "attack: nothing speaks for it")
		}
	}
	s.next(d.Next...)
	s.unseen(gaps(d.Gaps())...)
	return st
}
