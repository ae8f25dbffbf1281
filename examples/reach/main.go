// Command reach shows whether TCP ports can be reached and, if not, who says
// so: the target itself, a router with its ICMP code, this host, or nobody.
//
//	go run ./examples/reach www.example.org:443 192.0.2.1:22,80,8000-8010
//	go run ./examples/reach -ping 192.0.2.1
//	go run ./examples/reach -trace 192.0.2.1:443
//	go run ./examples/reach -sample 100 www.example.org:https
//	go run ./examples/reach - < targets.txt
//
// The reader learns that one probe gives one Verdict with its evidence, and that
// a wait too short to judge is "unknown" and never "filtered".
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// kind is that of the saved evidence.
const kind = "reach_survey"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("reach", "[-ping|-trace|-sample N] [flags] HOST:PORTS... | -\nexit codes: 0 everything answers; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	var prober reach.Prober
	ping := p.Bool("ping", false, "send echo requests to HOST arguments instead of connecting")
	trace := p.Bool("trace", false, "tell where the way to each HOST:PORT ends")
	sample := p.Int("sample", 0, "connect `N` times to every address of each HOST:PORT, and count")
	p.DurationVar(&prober.Timeout, "timeout", 4*time.Second, "time for each target; with less than 4s silence cannot be judged")
	p.IntVar(&prober.Window, "window", 0, "connections open at once (default 1024, or half the limit of open files)")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, reach.Preflight(ctx))
	}
	if p.From != "" && p.NArg() > 0 {
		return p.Misused("-from judges what was saved: no targets with it")
	}
	if (*trace || *sample > 0) && p.Save+p.From+p.Since != "" {
		return p.Misused("-trace and -sample are not saved")
	}
	targets, err := words(p.Args(), os.Stdin)
	if err != nil {
		return p.Fail(err)
	}
	earlier, err := load(p, p.Since)
	if err != nil {
		return p.Fail(err)
	}
	var now *reach.Survey
	switch {
	case p.From != "":
		now, err = load(p, p.From)
	case len(targets) == 0:
		return p.Misused("want HOST:PORT arguments, or - for a list on stdin")
	case *trace:
		return traces(ctx, p, &prober, targets)
	case *sample > 0:
		return samples(ctx, p, &prober, targets, *sample)
	case *ping:
		now, err = prober.PingAll(ctx, 0, targets...)
	default:
		prober.Observer = progress(p)
		now, err = prober.Dial(ctx, targets...)
	}
	if err != nil && now == nil {
		return p.Fail(err)
	}
	code := program.Healthy
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.Name(), err)
		code = program.CannotTell
	}
	n := 0
	for r := range now.Results() {
		code = program.Worse(code, p.Answer(r))
		n++
	}
	if n > 3 && !p.JSON {
		p.Print(now, program.Healthy)
	}
	return program.Worse(code, keep(p, now, earlier))
}
