// Command tunnel shows whether a site-to-site IPsec tunnel is right on both ends
// and up: check a description, render both ends' files from it, mirror the files
// that two ends really have, and read the status of three daemons.
//
//	go run ./examples/tunnel mirror west.conf east.conf
//	go run ./examples/tunnel check tunnel.json
//	go run ./examples/tunnel render -end a tunnel.json
//	sudo go run ./examples/tunnel status
//
// The reader learns to keep one description of both ends, and that "2 tunnels
// up" can be one tunnel with two SAs.
//
// Exit codes: 0 right, and nothing unseen that could hide a problem; 1 a problem;
// 2 cannot tell, or usage. Nothing is written without -yes.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
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

tunnel VERB -h tells a verb's flags; these below are common to all.` + exitCodes

const exitCodes = "\nexit codes: 0 right, and nothing unseen that could hide a problem; 1 a problem; 2 cannot tell, or wrong usage"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	verbs := map[string]func(context.Context, []string, io.Writer, io.Writer) int{
		"check": check, "render": render, "mirror": mirror, "status": status,
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

// judged runs a verb whose verdict is a pure function of its evidence: looks,
// or reads what was saved, judges, prints, saves, and compares.
func judged[T any](p *program.Program, look func() (T, error), judge func(T) (fmt.Stringer, int), changed func(before, now T) fmt.Stringer) int {
	if p.From != "" {
		look = func() (T, error) { return program.Read[T](p.From) }
	}
	seen, err := look()
	if err != nil {
		return p.Fail(err)
	}
	if p.Save != "" {
		if err := program.Write(p.Save, seen); err != nil {
			return p.Fail(err)
		}
	}
	result, code := judge(seen)
	code = p.Print(result, code)
	if p.Since != "" {
		before, err := program.Read[T](p.Since)
		if err != nil {
			return p.Fail(err)
		}
		code = p.Print(changed(before, seen), code)
	}
	return code
}

// reportCode is the exit code of a report.
func reportCode(r *ipsec.Report) int {
	switch {
	case r.Verdict == ipsec.Flawed || r.Verdict == ipsec.Broken:
		return program.Problem
	case r.Verdict == ipsec.Sound && r.Complete():
		return program.Healthy
	}
	return program.CannotTell
}
