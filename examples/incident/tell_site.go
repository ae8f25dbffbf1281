package main

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cause"
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
		s.unseen(gaps(c.Unseen)...)
	}
	switch list[0].Verdict {
	case reach.Answered:
	case reach.NXDomain, reach.NoData, reach.ServFail, reach.Refused, reach.Disagree:
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
		s.unseen(gaps(c.Unseen)...)
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
	return text + ", says " + r.Server
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

func (s *story) diagnosis(d *reach.Diagnosis) step {
	st := step{Verdict: "cannot tell", Code: program.CannotTell, Result: d}
	var ranks []string
	attack := false
	for i, h := range d.Hypotheses {
		ranks = append(ranks, fmt.Sprintf("%s %+d", h.Cause, h.Score))
		attack = attack || h.Cause == cause.Attack
		if i == 0 {
			for _, reason := range h.For {
				st.Evidence = append(st.Evidence, "for "+h.Cause.String()+": "+reason.Fact)
			}
		}
	}
	if d.Cause != cause.Unknown {
		st.Verdict, st.Code = d.Cause.String(), program.Problem
		if d.Cause == cause.Nothing {
			st.Code = program.Healthy
		}
	}
	if d.Cause == cause.Migration {
		st.Verdict = "migration rather than attack"
		if !attack {
			ranks = append(ranks, "attack: nothing speaks for it")
		}
	}
	st.Evidence = append([]string{"ranked: " + strings.Join(ranks, ", ")}, st.Evidence...)
	s.next(d.Next...)
	s.unseen(gaps(d.Unseen)...)
	return st
}
