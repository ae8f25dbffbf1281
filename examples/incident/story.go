package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
)

// step is one question of the story and its answer; with -json one object a line.
type step struct {
	Step     string   `json:"step"`
	Verdict  string   `json:"verdict"`
	Evidence []string `json:"evidence,omitempty"`
	Code     int      `json:"code"` // 0 healthy, 1 problem, 2 cannot tell
	Result   any      `json:"result,omitempty"`
}

func (s step) String() string {
	text := s.Step + ": " + s.Verdict
	if len(s.Evidence) > 0 {
		text += ": " + strings.Join(s.Evidence, "; ")
	}
	return text
}

// story is the whole: its first line is the verdict. With -json it is the last
// object printed.
type story struct {
	Verdict string   `json:"verdict"`
	Code    int      `json:"code"`
	Next    []string `json:"next,omitempty"`
	Unseen  []string `json:"unseen,omitempty"`
	Since   []string `json:"since,omitempty"` // what an earlier story told otherwise

	steps  []step
	failed []failure
}

func (s *story) String() string {
	lines := []string{"verdict: " + s.Verdict}
	for _, st := range s.steps {
		lines = append(lines, st.String())
	}
	for _, change := range s.Since {
		lines = append(lines, "since: "+change)
	}
	for _, next := range s.Next {
		lines = append(lines, "next: "+next)
	}
	unseen := "nothing more"
	if len(s.Unseen) > 0 {
		unseen = strings.Join(s.Unseen, "; ")
	}
	return strings.Join(append(lines, "not checked: "+unseen), "\n")
}

func (s *story) print(p *program.Program) int {
	if p.JSON {
		for _, st := range s.steps {
			if code := p.Print(st, s.Code); code != s.Code {
				return code
			}
		}
	}
	return p.Print(s, s.Code)
}

// add appends a step, unless its evidence is missing: then it says why.
func (s *story) add(name string, there bool, tell func() step) {
	if there {
		st := tell()
		st.Step = name
		s.steps = append(s.steps, st)
		return
	}
	for _, f := range s.failed {
		if f.Step == name {
			s.steps = append(s.steps, step{Step: name, Verdict: "cannot tell", Evidence: []string{f.Why}, Code: program.CannotTell})
			return
		}
	}
	s.unseen(name + " (not part of this run)")
}

func (s *story) next(lines ...string) {
	for _, line := range lines {
		if !slices.Contains(s.Next, line) {
			s.Next = append(s.Next, line)
		}
	}
}

func (s *story) unseen(gaps ...string) {
	for _, gap := range gaps {
		if !slices.Contains(s.Unseen, gap) {
			s.Unseen = append(s.Unseen, gap)
		}
	}
}

// gaps turns the Unseen of any package into text.
func gaps[G fmt.Stringer](list []G) []string {
	var text []string
	for _, gap := range list {
		text = append(text, gap.String())
	}
	return text
}

// compare notes which steps an earlier story told otherwise.
func (s *story) compare(earlier *story) {
	before := map[string]string{}
	for _, st := range earlier.steps {
		before[st.Step] = st.Verdict
	}
	for _, st := range s.steps {
		if old, ok := before[st.Step]; ok && old != st.Verdict {
			s.Since = append(s.Since, fmt.Sprintf("%s: was %q, is %q", st.Step, old, st.Verdict))
		}
	}
}
