// Command tunnel shows whether a site-to-site IPsec tunnel is right on both ends
// and up: check a description, render both ends' files from it, mirror the files
// that two ends really have, and read the status of three daemons.
//
//	go run ./examples/tunnel mirror west.conf east.conf
//	go run ./examples/tunnel check tunnel.json
//	go run ./examples/tunnel render -end a tunnel.json
//	sudo go run ./examples/tunnel status
//	sudo go run ./examples/tunnel traffic -ping 10.0.207.203
//	go run ./examples/tunnel why west.log east.log
//	tcpdump -i eth0 -w - | go run ./examples/tunnel verify tunnel.json -
//	go run ./examples/tunnel watch -state 10.0.207.203
//
// The reader learns to keep one description of both ends, and that "2 tunnels
// up" can be one tunnel with two SAs.
//
// Exit codes: 0 right; 1 a problem; 2 cannot tell, or usage. Nothing is written without -yes.
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
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `VERB [flags] [arguments]

  check   TUNNEL.json        judge a description before it is used
  render  TUNNEL.json        one end's files from it; writes only with -yes
  mirror  A.conf B.conf      compare the ipsec.conf of two ends
  status  [FILE...]          which tunnels are up, here or from saved output
  traffic [END.json...]      where packets of a tunnel that is up are lost
  why     LOG [LOG]          why it did not come up, from one end's log or both
  verify  TUNNEL.json FILE   whether a capture shows the tunnel encrypting
  watch   ADDRESS            outages of what is behind the tunnel, live or from a log of ping

tunnel VERB -h tells a verb's flags; these below are common to all.` + exitCodes

const exitCodes = "\nexit codes: 0 right; 1 a problem; 2 cannot tell, or wrong usage"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	verbs := map[string]func(context.Context, []string, io.Writer, io.Writer) int{
		"check": check, "render": render, "mirror": mirror, "status": status,
		"traffic": trafficHere, "why": why, "verify": verify, "watch": watch,
	}
	if len(args) > 0 {
		if verb, ok := verbs[args[0]]; ok {
			return verb(ctx, args[1:], stdout, stderr)
		}
	}
	p := program.New("tunnel", usage, stdout, stderr)
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, ipsec.Preflight(ctx))
	}
	if p.NArg() > 0 {
		return p.Misused("%q is no verb", p.Arg(0))
	}
	return p.Misused("a verb is missing")
}

// evidence is a result that is saved, judged again and compared.
type evidence[E any] interface {
	opskit.Evidence
	Since(earlier E) opskit.Changes
}

// judged runs a verb whose verdict is a pure function of its evidence: looks, or
// reads what was saved, and prints, saves, and compares.
func judged[E evidence[E]](p *program.Program, kind string, look func() (E, error)) int {
	seen, err := first[E](p, p.From, kind, look)
	if err != nil {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := program.SaveEvidence(p.Save, kind, time.Now(), seen); err != nil {
			return p.Fail(err)
		}
	}
	code := p.Answer(seen)
	if p.Since != "" {
		before, err := first[E](p, p.Since, kind, nil)
		if err != nil {
			return p.Fail(err)
		}
		code = program.Worse(code, p.Answer(seen.Since(before)))
	}
	return code
}

// first is what look finds, or with a path what stands saved there.
func first[E opskit.Evidence](p *program.Program, path, kind string, look func() (E, error)) (seen E, err error) {
	if path == "" {
		return look()
	}
	saved, err := program.LoadEvidence[E](p, path, kind)
	if err != nil {
		return seen, err
	}
	return saved[0], nil
}

// dialectOf takes the names of package conf, and no other.
func dialectOf(text string) (conf.Dialect, error) {
	d := conf.Dialect(text)
	if text != "" && !slices.Contains(conf.Dialects(), d) {
		return d, fmt.Errorf("%q is none of %v", text, conf.Dialects())
	}
	return d, nil
}
