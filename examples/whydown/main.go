// Command whydown tells what can be behind a site that does not work: it asks
// several resolvers, the addresses, the site itself and, where it knows an
// earlier run, what changed since, and ranks the explanations.
//
//	go run ./examples/whydown www.example.org
//	go run ./examples/whydown -origin 192.0.2.80 -save today.json http://www.example.org/
//	go run ./examples/whydown -since today.json www.example.org
//
// The reader learns how probes become one Case, and how Diagnose ranks the causes.
package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cause"
	"github.com/opskit-go/opskit/reach/origin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line asks for.
type options struct {
	*program.Program
	prober    reach.Prober
	resolvers []reach.Resolver
	origin    netip.AddrPort
	since     time.Time
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := &options{Program: program.New("whydown", "[flags] NAME|URL\nexit codes: 0 nothing wrong; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)}
	p.EvidenceFlags()
	p.DurationVar(&p.prober.Timeout, "timeout", 4*time.Second, "time for each question; with less than 4s silence cannot be judged")
	p.Func("resolver", "ask the resolver at this `ADDRESS[:PORT]`; may be given again (default: the system's)", func(s string) error {
		a, err := address(s)
		p.resolvers = append(p.resolvers, reach.Resolver{Addr: a})
		return err
	})
	p.Func("origin", "tell whether the server at this `ADDRESS[:PORT]` serves the site to anybody", func(s string) (err error) {
		p.origin, err = address(s)
		return err
	})
	p.Func("down-since", "when the trouble began, as a `DATE` like 2015-12-08", func(s string) (err error) {
		p.since, err = time.Parse(time.DateOnly, s)
		return err
	})
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p.Program, reach.Preflight(ctx))
	}
	var earlier *evidence
	if p.Since != "" {
		var err error
		if earlier, err = program.Read[*evidence](p.Since); err != nil {
			return p.Fail(err)
		}
	}
	var now *evidence
	var err error
	switch {
	case p.From != "" && p.NArg() == 0:
		now, err = program.Read[*evidence](p.From)
	case p.From == "" && p.NArg() == 1:
		now, err = p.look(ctx, p.Arg(0))
	default:
		return p.Misused("want one NAME or URL, or -from FILE")
	}
	if err != nil {
		return p.Fail(err)
	}
	if earlier != nil && p.From == "" {
		now.changes(earlier)
	}
	if p.Save != "" {
		if err := program.Write(p.Save, now); err != nil {
			return p.Fail(err)
		}
	}
	return p.tell(now, earlier)
}

// tell judges the evidence and prints what it means.
func (p *options) tell(now, earlier *evidence) int {
	d := reach.Diagnose(now.Case)
	code := program.Problem
	switch d.Cause {
	case cause.Unknown:
		code = program.CannotTell
	case cause.Nothing:
		code = program.Healthy
		if slices.ContainsFunc(d.Unseen, func(g reach.Gap) bool {
			return strings.HasPrefix(g.What, "its addresses over ") || g.What == "whether the certificate is valid"
		}) {
			code = program.CannotTell // what was not seen may be dead
		}
	}
	code = p.Print(d, code)
	if now.Origin != nil {
		now.Origin.Judge()
		switch now.Origin.Verdict {
		case origin.Exposed:
			code = program.Problem
		case origin.Unknown:
			code = max(code, program.CannotTell)
			if d.Cause != cause.Unknown && d.Cause != cause.Nothing {
				code = program.Problem
			}
		}
		if p.Print(now.Origin, code) != code {
			return program.CannotTell
		}
	}
	if earlier != nil && p.Print(compare(reach.Diagnose(earlier.Case), d), code) != code {
		return program.CannotTell
	}
	return code
}

// change is what -since prints.
type change struct {
	Before cause.Cause `json:"before"`
	Now    cause.Cause `json:"now"`
	At     time.Time   `json:"at,omitzero"` // of the earlier run
}

func compare(earlier, now *reach.Diagnosis) change {
	return change{Before: earlier.Cause, Now: now.Cause, At: earlier.At}
}

// String returns the change, and what it leaves open.
func (c change) String() string {
	return fmt.Sprintf("since %s: %s -> %s\n%s", c.At.Format(time.RFC3339), c.Before, c.Now, program.InBetween)
}
