// Command rootca looks for root certificates whose private key is public, such
// as the one that Dell shipped in 2015, in files, directories or the system's
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
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach/rootca"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// kind is that of the saved evidence.
const kind = "reach_rootca"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("rootca", "[flags] [FILE|DIRECTORY...]  (none: the system's store)\nexit codes: 0 clean; 1 a compromised root; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, []opskit.Capability{store(ctx)})
	}
	if p.From != "" && p.NArg() > 0 {
		return p.Misused("-from judges what was saved: no files with it")
	}
	earlier, err := load(p, p.Since)
	if err != nil {
		return p.Fail(err)
	}
	report, err := look(ctx, p)
	if report == nil {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := program.SaveEvidence(p.Save, kind, time.Now(), report); err != nil {
			return p.Fail(err)
		}
	}
	code := p.Answer(report)
	if earlier != nil {
		code = program.Worse(code, p.Answer(report.Since(earlier)))
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.Name(), err)
		code = program.Worse(code, program.CannotTell)
	}
	return code
}

// look scans what was asked for, or judges what was saved.
func look(ctx context.Context, p *program.Program) (*rootca.Report, error) {
	switch {
	case p.From != "":
		return load(p, p.From)
	case p.NArg() > 0:
		return rootca.Paths(ctx, p.Args()...)
	}
	return rootca.System(ctx)
}

// load reads a saved report; nil for no file.
func load(p *program.Program, path string) (*rootca.Report, error) {
	if path == "" {
		return nil, nil
	}
	saved, err := program.LoadEvidence[*rootca.Report](p, path, kind)
	if err != nil {
		return nil, err
	}
	return saved[0], nil
}

// store tells whether the system's store can be read.
func store(ctx context.Context) opskit.Capability {
	r, err := rootca.System(ctx)
	unread := slices.DeleteFunc(slices.Clone(r.Unseen), func(g opskit.Gap) bool { return g.What == "stores that programs bring themselves" })
	c := opskit.Capability{Name: "system_store", OK: err == nil && len(unread) == 0}
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
