package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
)

// again judges a saved record by its answers, and those inside it by theirs.
func again(saved *whoislookup.Record) (*whoislookup.Record, error) {
	rec, err := whoislookup.Assemble(saved.Query, saved.Hops)
	for _, inner := range saved.Embedded {
		if inner == nil {
			continue
		}
		in, innerErr := again(inner)
		rec.Embedded = append(rec.Embedded, in)
		if innerErr != nil {
			rec.Unseen = append(rec.Unseen, whoislookup.Gap{What: "the holder of " + in.Query.Text + " inside", Why: innerErr.Error()})
		}
	}
	return rec, err
}

// plain makes text that a saved file may have from anybody safe for a terminal.
func plain(s string) string { return strings.Trim(strconv.QuoteToGraphic(s), `"`) }

// since tells what changed from the records saved earlier, by query.
func since(p *program.Program, records []*whoislookup.Record) int {
	saved, err := program.Read[[]*whoislookup.Record](p.Since)
	if err != nil {
		return p.Fail(err)
	}
	code := program.Healthy
	for _, rec := range records {
		if rec == nil {
			continue
		}
		r := report{Query: rec.Query.Text, Unseen: []whoislookup.Gap{{What: "what changed", Why: "not among what was saved", Need: "-save with this query"}}}
		for _, old := range saved {
			if old != nil && old.Query.Text == rec.Query.Text {
				r.Changes, r.Unseen = whoislookup.Diff(old, rec)
			}
		}
		code = program.Worse(code, p.Print(r, r.code()))
	}
	return code
}

// report is what changed for one query.
type report struct {
	Query   string               `json:"query"`
	Changes []whoislookup.Change `json:"changes,omitempty"`
	Unseen  []whoislookup.Gap    `json:"unseen,omitempty"`
}

// code is Problem for a change, whatever else there may be.
func (r report) code() int {
	switch {
	case len(r.Changes) > 0:
		return program.Problem
	case len(r.Unseen) > 0:
		return program.CannotTell
	}
	return program.Healthy
}

func (r report) String() string {
	var b strings.Builder
	switch b.WriteString(plain(r.Query)); r.code() {
	case program.Healthy:
		b.WriteString(": nothing changed")
	case program.CannotTell:
		b.WriteString(": cannot tell whether it changed")
	default:
		b.WriteString(": changed")
	}
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "\n  %s", c)
	}
	return b.String() + "\n" + rest{r.Unseen}.String()
}
