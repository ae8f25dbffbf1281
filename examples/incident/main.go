// Command incident tells the whole story of one outage with the calls of all
// six packages: root servers, the site, its addresses and their holders, the
// move, the content delivery network, the tunnel, the zombies and the snapshot.
//
//	go run ./examples/incident                  # the newspaper of December 2015, on loopback
//	go run ./examples/incident www.example.org  # the real world; prints first what it will contact
//
// The reader learns how evidence travels between packages that do not know one
// another: look gathers it, tell judges it and is pure, so -save and -from give
// the same story later and elsewhere.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/whoislookup"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("incident", "[flags] [HOST]\nexit codes: 0 nothing wrong, or without HOST the story came out as it did; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	plan := p.Bool("plan", false, "with HOST: print what would be contacted, and stop")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return preflight(ctx, p)
	}
	if p.NArg() > 1 || p.From != "" && p.NArg() > 0 || *plan && p.NArg() == 0 {
		return p.Misused("want one HOST, or none for the demonstration")
	}
	var earlier *evidence
	if p.Since != "" {
		var err error
		if earlier, err = program.Read[*evidence](p.Since); err != nil {
			return p.Fail(err)
		}
	}
	e, err := gather(ctx, p, *plan, earlier)
	if err != nil {
		return p.Fail(err)
	}
	if e == nil { // only the plan was asked for
		return program.Healthy
	}
	if p.Save != "" {
		if err := program.Write(p.Save, e); err != nil {
			return p.Fail(err)
		}
	}
	s := tell(e)
	if earlier != nil {
		s.compare(tell(earlier))
	}
	return s.print(p)
}

// gather finds the evidence: saved, on the embedded world, or in the real one.
func gather(ctx context.Context, p *program.Program, planOnly bool, earlier *evidence) (*evidence, error) {
	switch {
	case p.From != "":
		return program.Read[*evidence](p.From)
	case p.NArg() == 0:
		w, err := newWorld()
		if err != nil {
			return nil, err
		}
		defer w.Close()
		return w.look(ctx)
	}
	r := reality{host: p.Arg(0), earlier: earlier}
	out := p.Stderr
	if planOnly {
		out = p.Stdout
	}
	for _, line := range r.plan() {
		fmt.Fprintln(out, line)
	}
	if planOnly {
		return nil, nil
	}
	return r.look(ctx)
}

// preflight asks all six packages what they may do here. ebssnap's answer is of
// use only to those who will take a snapshot, so all are shown side by side.
func preflight(ctx context.Context, p *program.Program) int {
	return slices.Max([]int{
		program.PrintPreflight(p, of("dnsroot", dnsroot.Preflight(ctx))),
		program.PrintPreflight(p, of("reach", reach.Preflight(ctx))),
		program.PrintPreflight(p, of("whoislookup", whoislookup.Preflight(ctx))),
		program.PrintPreflight(p, of("ipsec", ipsec.Preflight(ctx))),
		program.PrintPreflight(p, of("procstate", procstate.Preflight(ctx))),
		program.PrintPreflight(p, of("ebssnap", ebssnap.Preflight(ctx))),
	})
}

// of puts the package before each capability's name: several have one of the
// same name.
func of[C ~struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
	Fix  string `json:"fix,omitempty"`
}](name string, list []C,
) []opskit.Capability {
	out := make([]opskit.Capability, len(list))
	for i := range list {
		out[i] = opskit.Capability(list[i])
		out[i].Name = name + "/" + out[i].Name
	}
	return out
}
