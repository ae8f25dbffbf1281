package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// waitFor waits until all snapshots are completed. Everything has been thawed long before.
func (c command) waitFor(ctx context.Context, cloud ebssnap.Cloud, snapshots []ebssnap.Snapshot) int {
	var ids []string
	for _, s := range snapshots {
		ids = append(ids, s.ID)
	}
	w := waited{}
	for s, err := range ebssnap.Progress(ctx, cloud, c.every, ids...) {
		switch {
		case err != nil:
			w.Errors = append(w.Errors, err.Error())
			w.failed = w.failed || errors.Is(err, ebssnap.ErrFailed)
		case s.State == "completed":
			w.Completed = append(w.Completed, s.ID)
		}
		if program.Terminal(c.Stderr) {
			fmt.Fprintf(c.Stderr, "%s: %s %s %s\n", c.Name(), s.ID, s.State, s.Progress)
		}
	}
	switch {
	case w.failed:
		return c.Print(w, program.CannotTell) // there is no snapshot
	case len(w.Completed) < len(ids):
		return c.Print(w, program.Problem)
	}
	return c.Print(w, program.Healthy)
}

// waited is how waiting ended.
type waited struct {
	Completed []string `json:"completed,omitempty"`
	Errors    []string `json:"errors,omitempty"` // of asking, and of snapshots that never will be completed

	failed bool
}

// String says which snapshots are completed, and what went wrong.
func (w waited) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "completed: %s\n", strings.Join(w.Completed, " "))
	for _, text := range w.Errors {
		fmt.Fprintf(&b, "  %q\n", text)
	}
	b.WriteString("not checked: whether it can be restored")
	return b.String()
}
