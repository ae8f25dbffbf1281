// Command whydown tells what can be behind a site that does not work: it asks
// several resolvers, the addresses, the site itself and this host's own gateway,
// strikes out what is excluded, and names the question that separates the rest.
//
//	go run ./examples/whydown www.example.org
//	go run ./examples/whydown -control https://known.example/ -save today.json www.example.org
//	go run ./examples/whydown -since today.json www.example.org
//
// The reader learns how probes become one Case, and how a diagnosis strikes causes out.
package main

import (
	"cmp"
	"context"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/reach/why"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// kind is that of the saved evidence.
const kind = "reach_diagnosis"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("whydown", "[flags] NAME|URL\nexit codes: 0 nothing wrong; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	var prober reach.Prober
	var q why.Question
	var server netip.AddrPort
	p.DurationVar(&prober.Timeout, "timeout", 4*time.Second, "time for each question; with less than 4s silence cannot be judged")
	p.Func("resolver", "ask the resolver at this `ADDRESS[:PORT]`; may be given again (default: the system's)", func(s string) error {
		a, err := address(s)
		prober.Resolvers = append(prober.Resolvers, reach.Resolver{Addr: a})
		return err
	})
	p.Func("control", "another target that is known to be up, as `HOST:PORT` or the URL of a page; may be given again", func(s string) error {
		q.Controls = append(q.Controls, s)
		return nil
	})
	p.Func("origin", "tell whether the server at this `ADDRESS[:PORT]` serves the site to anybody", func(s string) (err error) {
		server, err = address(s)
		return err
	})
	status := p.Bool("server-status", false, "with -origin: ask it for its status page too")
	p.Func("down-since", "when the trouble began, as a `DATE` like 2015-12-08", func(s string) (err error) {
		q.DownSince, err = time.Parse(time.DateOnly, s)
		return err
	})
	if code, done := p.Parse(args); done {
		return code
	}
	if *status && !server.IsValid() {
		return p.Misused("-server-status is asked of the -origin")
	}
	if p.Preflight {
		return program.PrintPreflight(p, reach.Preflight(ctx))
	}
	earlier, err := load(p, p.Since)
	if err != nil {
		return p.Fail(err)
	}
	var d *why.Diagnosis
	switch {
	case p.From != "" && p.NArg() == 0:
		d, err = load(p, p.From)
	case p.From == "" && p.NArg() == 1:
		q.Target = p.Arg(0)
		d, err = why.Look(ctx, &prober, q)
	default:
		return p.Misused("want one NAME or URL, or -from FILE")
	}
	if err != nil {
		return p.Fail(err)
	}
	if earlier != nil && p.From == "" {
		d.Case.Changed(&earlier.Case)
		d.Judge()
	}
	if p.Save != "" {
		if err := program.SaveEvidence(p.Save, kind, d.Case.At, d); err != nil {
			return p.Fail(err)
		}
	}
	code := p.Answer(d)
	if server.Addr().IsValid() {
		code = program.Worse(code, exposed(ctx, p, &prober, d, origin.Question{Origin: server, StatusPage: *status}))
	}
	if earlier != nil {
		code = program.Worse(code, p.Answer(d.Since(earlier)))
	}
	return code
}

// load reads a saved diagnosis; nil for no file.
func load(p *program.Program, path string) (*why.Diagnosis, error) {
	if path == "" {
		return nil, nil
	}
	saved, err := program.LoadEvidence[*why.Diagnosis](p, path, kind)
	if err != nil {
		return nil, err
	}
	return saved[0], nil
}

// exposed tells whether a server answers behind the back of a delivery network.
func exposed(ctx context.Context, p *program.Program, prober *reach.Prober, d *why.Diagnosis, question origin.Question) int {
	question.URL = cmp.Or(d.Case.URL, "http://"+d.Case.Name+"/")
	for i := range d.Case.DNS {
		for _, a := range d.Case.DNS[i].Addrs() {
			if len(cdn.Lookup(a)) > 0 && !question.Edge.IsValid() { // an edge to compare with
				question.Edge = netip.AddrPortFrom(a, 0)
			}
		}
	}
	e, err := origin.Check(ctx, prober, question)
	if err != nil {
		return p.Fail(err)
	}
	return p.Answer(e)
}

// address reads an address with or without a port.
func address(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 0), nil
	}
	return netip.ParseAddrPort(s)
}
