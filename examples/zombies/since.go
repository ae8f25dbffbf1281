package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/opskit-go/opskit/procstate"
)

// change is what became of the zombies of an earlier report.
type change struct {
	Since     time.Time      `json:"since"`
	Restarted bool           `json:"restarted,omitempty"` // the reports are of two boots
	New       []procstate.ID `json:"new,omitempty"`
	Gone      []procstate.ID `json:"gone,omitempty"`
	Still     []procstate.ID `json:"still,omitempty"`
}

func compare(earlier, now *procstate.Report) change {
	c := change{Since: earlier.At, Restarted: boot(earlier) != boot(now) && boot(earlier) != "" && boot(now) != ""}
	before, after := zombies(earlier), zombies(now)
	for _, id := range after {
		if !c.Restarted && slices.Contains(before, id) {
			c.Still = append(c.Still, id)
		} else {
			c.New = append(c.New, id)
		}
	}
	for _, id := range before {
		if c.Restarted || !slices.Contains(after, id) {
			c.Gone = append(c.Gone, id)
		}
	}
	return c
}

// String returns the change on one line.
func (c change) String() string {
	text := fmt.Sprintf("since %s: %d new, %d gone, %d still there",
		c.Since.Format(time.RFC3339), len(c.New), len(c.Gone), len(c.Still))
	if c.Restarted {
		text += " (the system was restarted meanwhile)"
	}
	return text
}

func boot(report *procstate.Report) string {
	for _, g := range report.Groups {
		return g.BootID
	}
	return ""
}

// zombies returns the identities of a report's zombies in its order.
func zombies(report *procstate.Report) (ids []procstate.ID) {
	for _, g := range report.Groups {
		for _, z := range g.Zombies {
			ids = append(ids, z.ID)
		}
	}
	return ids
}
