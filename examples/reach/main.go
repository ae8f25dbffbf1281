// Command reach shows whether TCP ports can be reached and, if not, who says
// so: the target itself, a router with its ICMP code, this host, or nobody.
//
//	go run ./examples/reach www.example.org:443 192.0.2.1:22
//	go run ./examples/reach -ping 192.0.2.1
//	go run ./examples/reach - < targets.txt
//
// The reader learns that one probe gives one Verdict with its evidence, and that
// a wait too short to judge is "unknown" and never "filtered".
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("reach", "[-ping] [flags] HOST:PORT... | -\nexit codes: 0 everything answers; 1 a problem; 2 cannot tell, or wrong usage", stdout, stderr)
	p.EvidenceFlags()
	var prober reach.Prober
	ping := p.Bool("ping", false, "send echo requests to HOST arguments instead of connecting")
	p.DurationVar(&prober.Timeout, "timeout", 4*time.Second, "time for each target; with less than 4s silence cannot be judged")
	p.IntVar(&prober.Window, "window", 0, "connections open at once (default 256)")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, reach.Preflight(ctx))
	}
	var earlier *evidence
	if p.Since != "" {
		var err error
		if earlier, err = program.Read[*evidence](p.Since); err != nil {
			return p.Fail(err)
		}
	}
	var now *evidence
	switch {
	case p.From != "" && p.NArg() > 0:
		return p.Misused("-from judges what was saved: no targets with it")
	case p.From != "":
		var err error
		if now, err = program.Read[*evidence](p.From); err != nil {
			return p.Fail(err)
		}
		now.judge()
	case p.NArg() == 0:
		return p.Misused("want HOST:PORT arguments, or - for a list on stdin")
	default:
		targets, err := resolve(ctx, p.Args(), os.Stdin, *ping)
		if err != nil {
			return p.Fail(err)
		}
		now = ask(ctx, p, &prober, targets, *ping)
	}
	if p.Save != "" {
		if err := program.Write(p.Save, now); err != nil {
			return p.Fail(err)
		}
	}
	code := program.Healthy
	print := func(r fmt.Stringer, v reach.Verdict) { code = program.Worse(code, p.Print(r, exitCode(v))) }
	for i := range now.Connections {
		print(&now.Connections[i], now.Connections[i].Verdict)
	}
	for i := range now.Pings {
		print(&now.Pings[i], now.Pings[i].Verdict)
	}
	if len(now.Connections)+len(now.Pings) == 0 || ctx.Err() != nil { // not every target was asked
		code = program.Worse(code, program.CannotTell)
	}
	if earlier != nil {
		code = program.Worse(code, p.Print(compare(earlier, now), program.Healthy))
	}
	return code
}

// resolve turns arguments, or the lines of stdin for "-", into targets: every
// address of a name, since one family can hide the other's trouble.
func resolve(ctx context.Context, args []string, stdin io.Reader, ping bool) ([]netip.AddrPort, error) {
	var words []string
	for _, arg := range args {
		if arg != "-" {
			words = append(words, arg)
			continue
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			if w := strings.TrimSpace(lines.Text()); w != "" && !strings.HasPrefix(w, "#") {
				words = append(words, w)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read targets: %w", err)
		}
	}
	var targets []netip.AddrPort
	for _, w := range words {
		host, port := w, uint64(0)
		if !ping {
			h, service, err := net.SplitHostPort(w)
			if err == nil {
				host = h
				port, err = strconv.ParseUint(service, 10, 16)
			}
			if err != nil || port == 0 {
				return nil, &reach.Error{Op: "read target", Target: w, Err: fmt.Errorf("want HOST:PORT: %w", reach.ErrTarget)}
			}
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			targets = append(targets, netip.AddrPortFrom(a.Unmap(), uint16(port)))
		}
	}
	return targets, nil
}
