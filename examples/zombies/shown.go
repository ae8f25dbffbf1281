package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/limits"
)

// shown is a report with the limit that binds each of its parents, the largest
// groups first.
type shown struct {
	*procstate.Report

	Parent  int       `json:"parent,omitempty"` // the one that alone was asked for
	Binding []binding `json:"binding,omitempty"`
}

// binding is the limit that stops a parent's next fork.
type binding struct {
	Parent procstate.ID `json:"parent"`
	Limit  limits.Limit `json:"limit"`
}

// look looks at the host, or at what was saved.
func (p *options) look(ctx context.Context) (seen shown, err error) {
	if p.From == "" {
		if err := p.parentThere(); err != nil {
			return seen, err
		}
		seen.Report, err = p.scanner.Zombies(ctx)
		if err == nil && seen.Verdict == procstate.Problem && !p.apply {
			seen.Binding = p.bindingOf(ctx, seen.Report)
		}
		return seen, err
	}
	if seen, err = program.Read[shown](p.From); err == nil && seen.Report == nil {
		seen.Report = &procstate.Report{}
	}
	if err == nil {
		seen.Verdict = seen.Judge()
	}
	return seen, err
}

// parentThere returns an error for a -parent that cannot be seen: that it has no
// zombies would be true of any number.
func (p *options) parentThere() error {
	if p.parent == 0 {
		return nil
	}
	_, err := os.Stat(filepath.Join(cmp.Or(p.scanner.Root, "/proc"), strconv.Itoa(p.parent)))
	if err != nil {
		return fmt.Errorf("parent %d is not there, or hidden from this user: %w", p.parent, err)
	}
	return nil
}

// bindingOf reads the limits of the largest groups' parents: each costs a walk
// over all processes. A parent that has gone meanwhile has none.
func (p *options) bindingOf(ctx context.Context, report *procstate.Report) (found []binding) {
	const most = 3
	for _, g := range report.Stuck() {
		if g.Parent.Start == 0 || len(found) == most {
			continue
		}
		r, err := limits.Read(ctx, limits.Query{PID: g.Parent.PID, Root: p.scanner.Root})
		if err == nil && r.For == g.Parent.ID && len(r.Limits) > 0 {
			found = append(found, binding{g.Parent.ID, r.Limits[0]})
		}
	}
	return found
}

// String is the report's text with the limits before its last line, and the flag
// that asks the BPF source.
func (s shown) String() string {
	text := strings.ReplaceAll(s.Report.String(), "only visible to the BPF source", "only visible to -source bpf, which needs CAP_BPF and CAP_PERFMON")
	if s.Parent != 0 {
		text = strings.Replace(text, "healthy: no zombies among", fmt.Sprintf("healthy: no zombies of parent %d among", s.Parent), 1)
	}
	end := strings.LastIndexByte(text, '\n') + 1
	var lines strings.Builder
	for _, b := range s.Binding {
		fmt.Fprintf(&lines, "  limit that stops the next fork of %d: %s\n", b.Parent.PID, b.Limit)
	}
	return text[:end] + lines.String() + text[end:]
}
