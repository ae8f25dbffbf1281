package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec/outage"
	"github.com/opskit-go/opskit/reach"
)

// watch turns pings through a tunnel, or a log of some, into outages.
func watch(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel watch", "[flags] ADDRESS behind the tunnel, until interrupted; or -log FILE"+exitCodes, stdout, stderr)
	p.EvidenceFlags()
	interval := p.Duration("i", time.Second, "`TIME` between pings")
	lasts := p.Duration("for", 0, "stop after this `TIME`; 0: when interrupted")
	log := p.String("log", "", "`FILE` with what ping printed (- for standard input), best with its -D and -O")
	state := p.Bool("state", false, "ask the daemon here for the tunnel's state while nothing is answered")
	if code, done := p.Parse(args); done {
		return code
	}
	prober := &reach.Prober{Timeout: time.Second}
	if p.Preflight {
		return program.PrintPreflight(p, reach.Preflight(ctx))
	}
	if n := p.NArg(); *log+p.From != "" && n > 0 || *log+p.From == "" && n != 1 || *log != "" && p.From != "" {
		return p.Misused("name one address, or -log FILE, or -from FILE")
	}
	return judged(p, "ipsec_outages", func() (*outage.Report, error) {
		if *log != "" {
			return fromLog(*log)
		}
		target, err := netip.ParseAddr(p.Arg(0))
		if err != nil {
			return nil, err
		}
		w := outage.Watch{Interval: *interval, Timeout: time.Second, Probe: func(ctx context.Context) (bool, error) {
			ping, err := prober.Ping(ctx, target, 1)
			if gaps := ping.Gaps(); err == nil && ping.Sent == 0 && len(gaps) > 0 {
				err = fmt.Errorf("%s", gaps[0]) // this host sent nothing: that is no loss
			}
			return len(ping.Replies) > 0, err
		}}
		if *state {
			w.State = tunnelState
		}
		w.Observer = func(ph opskit.Phase) {
			fmt.Fprintf(p.Stderr, "%s: %s: %s\n", p.Name(), ph.At.UTC().Format(time.RFC3339), ph.Name)
		}
		if *lasts > 0 {
			bounded, cancel := context.WithTimeout(ctx, *lasts)
			defer cancel()
			return w.Run(bounded)
		}
		return w.Run(ctx)
	})
}

func fromLog(name string) (*outage.Report, error) {
	if name == "-" {
		return outage.ParsePing(os.Stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return outage.ParsePing(file)
}

// tunnelState is the state of the tunnels here in one line.
func tunnelState(ctx context.Context) string {
	h, err := fromHost(ctx, nil)
	if err != nil {
		return "cannot tell: " + err.Error()
	}
	var text strings.Builder
	text.WriteString(h.State.Verdict.String())
	for _, t := range h.State.Tunnels {
		fmt.Fprintf(&text, "; %s %s", t.Conn, t.Verdict)
	}
	return text.String()
}
