package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/ipsec/suite"
	"github.com/opskit-go/opskit/ipsec/traffic"
)

// pings is what is sent between two looks.
const pings = 5

// trafficHere looks twice at this end, or judges what was saved at both.
func trafficHere(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel traffic", "[flags] [END.json...] (what -save wrote at each end, of the same minute; none: look twice here)"+exitCodes, stdout, stderr)
	p.EvidenceFlags()
	var end traffic.End
	p.StringVar(&end.Name, "name", "this end", "how to call this end")
	p.StringVar(&end.Conn, "conn", "", "`NAME` of the connection; none: all of this host")
	p.StringVar(&end.ESP, "esp", "", "the `PROPOSAL` in use, such as aes128-sha1: tells MTU and MSS, and pings in the largest size too")
	to := p.String("ping", "", "`ADDRESS` of a host behind the other end to ping between the looks")
	wait := p.Duration("wait", 10*time.Second, "how long to wait between the looks; longer at the end that is begun first")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, ipsec.Preflight(ctx))
	}
	return judged(p, "ipsec_traffic", func() (*traffic.Report, error) {
		if p.NArg() > 0 {
			return ofEnds(p)
		}
		var err error
		if end.Before, err = lookHere(ctx); err != nil {
			return nil, err
		}
		if *to != "" {
			if end.Pings, err = pingInside(ctx, *to, end.ESP); err != nil {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(*wait):
		}
		if end.After, err = lookHere(ctx); err != nil {
			return nil, err
		}
		return traffic.Check(end), nil
	})
}

// lookHere looks at this host once; a daemon that does not answer is a fact too.
func lookHere(ctx context.Context) (traffic.Look, error) {
	l := traffic.Look{Time: time.Now()}
	l.Status, _ = askDaemon(ctx)
	err := l.ReadHost(ctx, nil)
	return l, err
}

// askDaemon asks the daemon here, in the words of each, until one answers.
func askDaemon(ctx context.Context) (*ipsec.Status, error) {
	var errs []error
	for _, command := range []string{"statusall", "auto --status", "status"} {
		bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
		out, err := exec.CommandContext(bounded, "ipsec", strings.Fields(command)...).Output()
		cancel()
		s, parseErr := ipsec.ParseStatus("ipsec "+command, string(out))
		if parseErr == nil {
			return s, nil
		}
		errs = append(errs, fmt.Errorf("ipsec %s: %w", command, errors.Join(err, parseErr)))
		if errors.Is(err, exec.ErrNotFound) || ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// ofEnds puts together what was saved at each end. Pings count for both only if
// the other end was looked at before them and after them.
func ofEnds(p *program.Program) (*traffic.Report, error) {
	var ends []traffic.End
	for _, name := range p.Args() {
		saved, err := program.LoadEvidence[*traffic.Report](p, name, "ipsec_traffic")
		if err != nil {
			return nil, err
		}
		ends = append(ends, saved[0].Ends...)
	}
	for i := range ends {
		for _, other := range ends {
			if other.Before.Time.After(ends[i].Before.Time) || other.After.Time.Before(ends[i].After.Time) {
				ends[i].Pings = nil
			}
		}
	}
	return traffic.Check(ends...), nil
}

var received = regexp.MustCompile(`(\d+) (?:packets )?received`)

// pingInside pings in the usual size, and with a known suite in the largest that
// fits a link of 1500 bytes.
func pingInside(ctx context.Context, to, esp string) ([]traffic.Pings, error) {
	addr, err := netip.ParseAddr(to)
	if err != nil {
		return nil, fmt.Errorf("read address to ping: %w", err)
	}
	sizes := []int{84}
	if offer := suite.Parse(esp, suite.ProtocolESP, conf.DialectStrongSwan); esp != "" && len(offer.Proposals) > 0 {
		if cost, ok := offer.Proposals[0].Sizes(); ok {
			sizes = append(sizes, cost.InnerMTU(1500, 20, true))
		}
	}
	var list []traffic.Pings
	for _, size := range sizes {
		out, err := exec.CommandContext(ctx, "ping", "-n", "-M", "do", "-c", strconv.Itoa(pings), "-i", "0.2", "-W", "1", "-s", strconv.Itoa(size-28), to).Output()
		m := received.FindStringSubmatch(string(out))
		if m == nil {
			return nil, fmt.Errorf("ping %s: %w", to, cmp.Or(err, fmt.Errorf("it printed no summary")))
		}
		answered, _ := strconv.Atoi(m[1]) // digits
		list = append(list, traffic.Pings{To: addr, Size: size, Sent: pings, Answered: answered})
	}
	return list, nil
}
