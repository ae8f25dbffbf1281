package main

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
)

// since tells what changed from the records saved earlier, by query.
func since(p *program.Program, records []*whoislookup.Record) int {
	saved, err := program.Read[[]*whoislookup.Record](p.Since)
	if err != nil {
		return p.Fail(err)
	}
	code := program.Healthy
	for _, rec := range records {
		for _, old := range saved {
			if rec == nil || old == nil || old.Query.Text != rec.Query.Text {
				continue
			}
			if c := changes(whoislookup.Diff(old, rec)); len(c) > 0 {
				code = p.Print(report{rec.Query.Text, c}, program.Problem)
			} else {
				p.Print(report{rec.Query.Text, c}, program.Healthy)
			}
		}
	}
	return code
}

type changes []whoislookup.Change

// report is what changed for one query.
type report struct {
	Query   string  `json:"query"`
	Changes changes `json:"changes"`
}

func (r report) String() string {
	if len(r.Changes) == 0 {
		return r.Query + ": nothing changed"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: changed", r.Query)
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "\n  %s", c)
	}
	return b.String()
}
