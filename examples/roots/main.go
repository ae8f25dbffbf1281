// Command roots asks the thirteen root servers how they are, on every address,
// over UDP and TCP, and validates what they answer.
//
//	go run ./examples/roots
//	go run ./examples/roots -hints fleet.hints -anchor fleet.ds -port 5300   # a fleet of one's own
//
// The reader learns the two calls that matter, Client.Sweep for evidence and
// Assess for the verdict, and how the verdict of saved evidence (-from) stays
// the same.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/examples/internal/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// evidence is what -save writes.
type evidence struct {
	Sweep   *dnsroot.Sweep   `json:"sweep,omitzero"`
	Priming *dnsroot.Priming `json:"priming,omitempty"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("roots", "[flags]\nexit codes: 0 healthy; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	client := &dnsroot.Client{}
	hints := p.String("hints", "", "hints `FILE` of another set of letters")
	anchor := p.String("anchor", "", "`FILE` with their trust anchors, as DS or DNSKEY records or IANA's root-anchors.xml")
	port := p.Uint("port", 53, "`PORT` that they listen on")
	only4 := p.Bool("4", false, "ask over IPv4 only")
	prime := p.Bool("prime", false, "also ask one of them for the current list of letters")
	verbose := p.Bool("v", false, "print the evidence too")
	p.DurationVar(&client.Timeout, "timeout", 2*time.Second, "how long to wait for an answer")
	p.IntVar(&client.Tries, "tries", 3, "how often to ask for RTT and loss")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, dnsroot.Preflight(ctx))
	}
	if p.NArg() > 0 || *port == 0 || *port > 65535 {
		return p.Misused("no arguments, and a port from 1 to 65535")
	}
	client.Port = uint16(*port)
	if err := configure(client, *hints, *anchor, *only4); err != nil {
		return p.Fail(err)
	}

	e, err := look(ctx, p, client, *prime)
	if err != nil {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := program.Write(p.Save, e); err != nil {
			return p.Fail(err)
		}
	}
	if *verbose {
		p.Print(e.Sweep, 0)
	}
	a := dnsroot.Assess(e.Sweep)
	code := p.Print(a, exit(a.Verdict, len(a.Unseen)))
	if e.Priming != nil {
		code = program.Worse(code, p.Print(e.Priming, primingExit(e.Priming)))
	}
	if p.Since != "" {
		code = program.Worse(code, since(p, a))
	}
	return code
}

// configure takes a fleet of the caller's own.
func configure(client *dnsroot.Client, hints, anchor string, only4 bool) error {
	client.Hints = dnsroot.DefaultHints()
	if hints != "" {
		f, err := os.Open(hints)
		if err != nil {
			return err
		}
		defer f.Close()
		if client.Hints, err = dnsroot.ParseHints(f); err != nil {
			return fmt.Errorf("%s: %w", hints, err)
		}
	}
	if only4 {
		client.Hints = ipv4(client.Hints)
	}
	if anchor != "" {
		f, err := os.Open(anchor)
		if err != nil {
			return err
		}
		defer f.Close()
		if client.Anchors, err = dnsroot.ParseAnchors(f); err != nil {
			return fmt.Errorf("%s: %w", anchor, err)
		}
	}
	return nil
}

// look gathers the evidence, or reads what was saved.
func look(ctx context.Context, p *program.Program, client *dnsroot.Client, prime bool) (e evidence, err error) {
	if p.From != "" {
		return read(p.From)
	}
	if e.Sweep, err = client.Sweep(ctx); err != nil {
		return e, err
	}
	if prime {
		e.Priming, err = client.Prime(ctx)
	}
	return e, err
}
