// Command rootca looks for root certificates whose private key is public, such
// as the one that Dell shipped in 2015, in files, folders or the system's
// store.
//
//	go run ./examples/rootca
//	go run ./examples/rootca /etc/ssl/certs ~/company-ca.pem
//
// The reader learns that a root is known by its key and not by its name, and
// that what cannot be read keeps a store from being called clean.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/rootca"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("rootca", "[flags] [FILE|FOLDER...]  (none: the system's store)\nexit codes: 0 clean; 1 a compromised root; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, []reach.Capability{store(ctx)})
	}
	var earlier *rootca.Report
	if p.Since != "" {
		var err error
		if earlier, err = program.Read[*rootca.Report](p.Since); err != nil {
			return p.Fail(err)
		}
	}
	report, err := look(ctx, p)
	if report == nil {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := program.Write(p.Save, report); err != nil {
			return p.Fail(err)
		}
	}
	codes := map[rootca.Verdict]int{rootca.Clean: program.Healthy, rootca.Compromised: program.Problem, rootca.Unknown: program.CannotTell}
	code := p.Print(report, codes[report.Verdict])
	if earlier != nil {
		if printed := p.Print(compare(earlier, report), program.Healthy); code == program.Healthy {
			code = printed
		}
	}
	if err != nil && code == program.Healthy {
		code = program.CannotTell
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.Name(), err)
	}
	return code
}

// look scans what was asked for, or judges what was saved.
func look(ctx context.Context, p *program.Program) (*rootca.Report, error) {
	switch {
	case p.From != "" && p.NArg() > 0:
		return nil, &reach.Error{Op: "read arguments", Err: fmt.Errorf("-from judges what was saved, no files with it: %w", reach.ErrTarget)}
	case p.From != "":
		report, err := program.Read[*rootca.Report](p.From)
		if err != nil {
			return nil, err
		}
		report.Judge()
		return report, nil
	case p.NArg() > 0:
		return rootca.Paths(ctx, p.Args()...)
	}
	return rootca.System(ctx)
}

// store tells whether the system's store can be read.
func store(ctx context.Context) reach.Capability {
	r, err := rootca.System(ctx)
	unread := slices.DeleteFunc(slices.Clone(r.Unseen), func(g reach.Gap) bool { return g.What == "stores that programs bring themselves" })
	c := reach.Capability{Name: "system_store", OK: err == nil && len(unread) == 0}
	switch {
	case err != nil:
		c.Why, c.Fix = err.Error(), "rootca FILE"
	case len(unread) > 0:
		c.Why, c.Fix = unread[0].String(), "sudo rootca"
	default:
		c.Why = fmt.Sprintf("%d certificates in %d files", r.Certificates, r.Files)
	}
	return c
}

// change is what -since prints.
type change struct {
	New  []string `json:"new,omitzero"`
	Gone []string `json:"gone,omitzero"`
}

func compare(earlier, now *rootca.Report) change {
	found := func(r *rootca.Report) (out []string) {
		for _, f := range r.Findings {
			out = append(out, fmt.Sprintf("%s in %q", f.Root.Name, f.File))
		}
		return out
	}
	c := change{New: []string{}, Gone: []string{}}
	before, after := found(earlier), found(now)
	for _, f := range after {
		if !slices.Contains(before, f) {
			c.New = append(c.New, f)
		}
	}
	for _, f := range before {
		if !slices.Contains(after, f) {
			c.Gone = append(c.Gone, f)
		}
	}
	return c
}

// String returns the change.
func (c change) String() string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("since then: %d new, %d gone", len(c.New), len(c.Gone)))
	for _, f := range append(slices.Clone(c.New), c.Gone...) {
		s.WriteString("\n  " + strings.TrimSpace(f))
	}
	return s.String() + "\n" + program.InBetween
}
