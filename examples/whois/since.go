package main

import (
	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
)

// since tells what changed from the records saved earlier, by query.
func since(p *program.Program, records []*whoislookup.Record) int {
	saved, err := program.LoadEvidence[*whoislookup.Record](p, p.Since, kind)
	if err != nil {
		return p.Fail(err)
	}
	code := program.Healthy
	for _, rec := range records {
		r := report{Query: rec.Subject().Text, Changes: opskit.Changes{Unseen: []opskit.Gap{{What: "what changed", Why: "not among what was saved", Need: "-save with this query"}}}}
		for _, old := range saved {
			if old.Subject().Text == r.Query {
				r.Changes, r.Moved = rec.Since(old), rec.Moved(old)
			}
		}
		code = program.Worse(code, p.Answer(r))
	}
	return code
}

// report is what changed for one query.
type report struct {
	Query string             `json:"query"`
	Moved whoislookup.Answer `json:"moved"` // to another holder, network or nameservers
	opskit.Changes
}

func (r report) String() string {
	return opskit.Escape(r.Query) + ": moved: " + r.Moved.String() + "\n" + r.Changes.String()
}
