package opskit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Observer is told of the phases of a long call, one at a time for each call and in the middle of the
// work: it returns at once, above all while a filesystem is frozen. Nil is nobody.
type Observer func(Phase)

// Phase is one step of a long call.
type Phase struct {
	Op, Target  string    // the call, and of what it is a step: "sweep", "a.root-servers.net."
	Name        string    // the step, snake_case: "freeze", "request", "answer", "thaw"
	Done, Total int       // how many steps are done of how many; zero where they cannot be counted
	At          time.Time // when it was reached; Report sets it where it is zero
}

// Report hands the phase over.
func (o Observer) Report(p Phase) {
	if p.At.IsZero() {
		p.At = time.Now()
	}
	if o != nil {
		o(p)
	}
}

// Change is one fact that differs between two looks: an empty Old was not there, an empty New is gone.
type Change struct {
	What string `json:"what"`          // "a.root-servers.net. verdict", "holder"
	Old  string `json:"old,omitempty"` // as it is printed
	New  string `json:"new,omitempty"` // as it is printed
}

// Changes are what differs between two looks at the same thing: a Result. A change is a Warning; OK
// means that all facts could be compared and were alike.
type Changes struct {
	Compared int      `json:"compared"`         // how many facts both looks have
	List     []Change `json:"list,omitempty"`   // in the order of the looks
	Unseen   []Gap    `json:"unseen,omitempty"` // the facts that only one of the looks could see
}

// Compare notes a fact that both looks have.
func (c *Changes) Compare(what, earlier, now string) {
	c.Compared++
	if earlier != now {
		c.List = append(c.List, Change{what, earlier, now})
	}
}

// Level is Warning, OK or Unknown.
func (c Changes) Level() Level {
	if len(c.List) > 0 {
		return Warning
	}
	if c.Compared == 0 || len(c.Unseen) > 0 {
		return Unknown
	}
	return OK
}

// Gaps returns Unseen, or that nothing was compared.
func (c Changes) Gaps() []Gap {
	if c.Level() == Unknown && len(c.Unseen) == 0 {
		return []Gap{{"what changed", "nothing could be compared", "two looks at the same thing"}}
	}
	return c.Unseen
}

// String returns the verdict, then a line for each change.
func (c Changes) String() string {
	text := map[Level]string{OK: "unchanged", Warning: "changed", Unknown: "cannot tell whether it changed"}[c.Level()]
	lines := []string{fmt.Sprintf("%s: facts compared: %d", text, c.Compared)}
	for _, change := range c.List {
		text := change.What + ": " + cmp.Or(change.Old, "(nothing)") + " -> " + cmp.Or(change.New, "(nothing)")
		lines = append(lines, "  "+Escape(text))
	}
	return strings.Join(append(lines, NotChecked(c)), "\n")
}

// What [Load] refuses.
var (
	ErrNotEvidence = Sentinel("opskit_not_evidence", "not the evidence that was asked for") // another program or kind
	ErrNewerSchema = Sentinel("opskit_newer_schema", "written by a newer program")          // its form is not known here
	ErrNothingSeen = Sentinel("opskit_nothing_seen", "nothing was seen in it")              // which proves nothing
)

// Evidence is what can be saved and judged again. Seen tells whether anything was observed at all.
type Evidence interface {
	Judged
	Seen() bool // of a nil pointer too
}

// Saved is a file of evidence: what one program saw of one kind of thing.
type Saved[E any] struct {
	Program  string    `json:"program"`            // who saw it
	Kind     string    `json:"kind"`               // what was asked: "dnsroot_sweep"
	Schema   int       `json:"schema"`             // from 1; raised where older programs would misread it
	At       time.Time `json:"at"`                 // when it was seen, not when it was written
	Evidence []E       `json:"evidence,omitempty"` // at least one item
}

// Save writes s as indented JSON.
func Save[E Evidence](w io.Writer, s Saved[E]) error {
	s.At = s.At.UTC()
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err != nil {
		return &Error{"save evidence", s.Kind, err}
	}
	return nil
}

// Load reads evidence of that program and kind, up to that schema, and judges it. Errors match
// [ErrNotEvidence], [ErrNewerSchema] and [ErrNothingSeen], or are those of r.
func Load[E Evidence](r io.Reader, program, kind string, schema int) (*Saved[E], error) {
	saved, seen := &Saved[E]{}, false
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, &Error{"load evidence", kind, err}
	}
	refuse := func(condition error, format string, args ...any) (*Saved[E], error) {
		return nil, &Error{"load evidence", kind + ": " + fmt.Sprintf(format, args...), condition}
	}
	var head Saved[any] // what its items are is told by program and kind
	switch err := json.Unmarshal(text, &head); {
	case err != nil:
		return refuse(ErrNotEvidence, "%v", err)
	case head.Program != program || head.Kind != kind || head.Schema < 1 || head.At.IsZero():
		return refuse(ErrNotEvidence, "program %q, kind %q, schema %d, of %v", head.Program, head.Kind, head.Schema, head.At)
	case head.Schema > schema:
		return refuse(ErrNewerSchema, "schema %d, read up to %d", head.Schema, schema)
	}
	if err := json.Unmarshal(text, saved); err != nil {
		return refuse(ErrNotEvidence, "%v", err)
	}
	for i, item := range saved.Evidence {
		if head.Evidence[i] == nil {
			return refuse(ErrNotEvidence, "item %d is null", i+1)
		}
		item.Judge()
		seen = seen || item.Seen()
	}
	if !seen {
		return refuse(ErrNothingSeen, "items: %d", len(saved.Evidence))
	}
	return saved, nil
}
