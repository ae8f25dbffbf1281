// Command roots asks the thirteen root servers how they are, or the servers of
// another zone, on every address, over UDP and TCP, and validates what they
// answer.
//
//	go run ./examples/roots
//	go run ./examples/roots -zone example.org                                # its servers, found from the root down
//	go run ./examples/roots -hints fleet.hints -anchor fleet.ds -port 5300   # a fleet of one's own
//	go run ./examples/roots -from here.json there.json                       # what several hosts saved with -save
//	go run ./examples/roots -atlas results.json                              # what RIPE Atlas measured
//	go run ./examples/roots -resolver 192.0.2.53                             # does this resolver reach the root, validate, trust the keys?
//
// The reader learns the two calls that matter, Client.Sweep for evidence and
// Assess for the verdict, and how the verdict of saved evidence (-from) stays
// the same.
package main

import (
	"context"
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("roots", "[flags]\n  roots -from FILE [FILE...]   the saved sweeps of several hosts, together\nexit codes: 0 healthy; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	client := &dnsroot.Client{}
	hints := p.String("hints", "", "hints `FILE` of another set of servers, of the root or of another zone")
	anchor := p.String("anchor", "", "`FILE` with the zone's trust anchors, as DS or DNSKEY records or IANA's root-anchors.xml")
	zone := p.String("zone", "", "ask the servers of this `ZONE`, which are found from the root's down, or from those of -hints")
	port := p.Uint("port", 53, "`PORT` that they listen on")
	only4 := p.Bool("4", false, "ask over IPv4 only")
	prime := p.Bool("prime", false, "also ask three of them for the current list of servers")
	verbose := p.Bool("v", false, "print the evidence too")
	resolver := p.String("resolver", "", "check this recursive resolver instead: `ADDRESS` or ADDRESS:PORT")
	atlas := p.String("atlas", "", "judge the results of RIPE Atlas in this `FILE` instead of asking")
	p.DurationVar(&client.Timeout, "timeout", 2*time.Second, "how long to wait for an answer")
	p.DurationVar(&client.Within, "within", 0, "when to end at the latest, with what there is by then; 0: no bound")
	p.DurationVar(&client.Linger, "linger", 0, "how long to wait for a second answer to each question; 0: only where the first does not validate")
	p.DurationVar(&client.Lead, "lead", 0, "tell signatures that end sooner than this; 0: 24h")
	p.IntVar(&client.Tries, "tries", 0, "how often to ask each address for RTT and loss at first; 0: 16")
	p.StringVar(&client.Vantage, "vantage", "", "what this host is called in the saved sweep")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, dnsroot.Preflight(ctx))
	}
	if p.NArg() > 0 && p.From == "" || *port == 0 || *port > 65535 {
		return p.Misused("no arguments without -from, and a port from 1 to 65535")
	}
	client.Port = uint16(*port)
	if err := configure(client, *hints, *anchor, *only4); err != nil {
		return p.Fail(err)
	}
	if *zone != "" && p.From == "" {
		hints, anchors, err := client.Delegation(ctx, *zone)
		if err != nil {
			return p.Fail(err)
		}
		client.Hints, client.Anchors = only(*only4, hints), append(client.Anchors, anchors...)
	}
	if *resolver != "" {
		return check(ctx, p, client, *resolver)
	}
	a, err := look(ctx, p, client, *atlas)
	if err != nil {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := save(p.Save, a); err != nil {
			return p.Fail(err)
		}
	}
	for _, s := range a.Sweeps {
		if *verbose {
			p.Print(s, 0)
		}
	}
	code := p.Answer(a)
	if *prime && p.From == "" {
		priming, err := client.Prime(ctx)
		if err != nil {
			code = program.Worse(code, p.Fail(err)) // the sweep has been told, and saved
		} else {
			code = program.Worse(code, p.Answer(priming))
		}
	}
	if p.Since != "" {
		earlier, err := load(p, p.Since)
		if err != nil {
			return program.Worse(code, p.Fail(err))
		}
		p.Answer(a.Since(earlier)) // the exit code stays that of the verdict now
	}
	return code
}

// configure takes a fleet of the caller's own.
func configure(client *dnsroot.Client, hints, anchor string, only4 bool) (err error) {
	client.Hints = dnsroot.DefaultHints()
	if hints != "" {
		if client.Hints, err = read(hints, dnsroot.ParseHints); err != nil {
			return err
		}
	}
	client.Hints = only(only4, client.Hints)
	if anchor != "" {
		client.Anchors, err = read(anchor, dnsroot.ParseAnchors)
	}
	return err
}

// look gathers the evidence, or reads what was saved.
func look(ctx context.Context, p *program.Program, client *dnsroot.Client, atlas string) (*dnsroot.Assessment, error) {
	if atlas != "" {
		sweeps, err := read(atlas, func(r io.Reader) ([]*dnsroot.Sweep, error) {
			return dnsroot.ParseAtlas(r, client.Hints, client.Anchors)
		})
		return dnsroot.Assess(sweeps...), err
	}
	if p.From != "" {
		return load(p, append([]string{p.From}, p.Args()...)...)
	}
	s, err := client.Sweep(ctx)
	return dnsroot.Assess(s), err
}
