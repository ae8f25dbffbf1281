package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
)

// host is what status saw of one host.
type host struct {
	State     *ipsec.State          `json:"state,omitzero"`
	Listeners *ipsec.ListenerReport `json:"listeners,omitempty"` // absent for saved output
}

// String prints both reports.
func (h host) String() string {
	if h.Listeners == nil {
		return h.State.String()
	}
	return h.State.String() + "\n" + h.Listeners.String()
}

// status tells which tunnels are up.
func status(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel status", "[flags] [FILE...] (- for standard input; none: ask the daemon here)"+exitCodes, stdout, stderr)
	p.EvidenceFlags()
	conns := p.String("conns", "", "`NAMES` of all configured connections, separated by commas")
	source := p.String("command", "", "the `COMMAND` whose output the files hold; an empty trafficstatus is an answer")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, ipsec.Preflight(ctx))
	}
	var names []string
	if *conns != "" {
		names = strings.Split(*conns, ",")
	}
	look := func() (host, error) {
		if p.NArg() > 0 {
			return fromFiles(*source, p.Args(), names)
		}
		return fromHost(ctx, names)
	}
	judge := func(saved host) (fmt.Stringer, int) {
		if saved.State == nil {
			saved.State = &ipsec.State{}
		}
		saved.State = saved.State.Judge()
		if saved.Listeners != nil {
			saved.Listeners.Judge()
		}
		return saved, saved.code()
	}
	return judged(p, look, judge, func(before, now host) fmt.Stringer {
		return difference(before.lines(), now.lines())
	})
}

func fromFiles(source string, files, conns []string) (host, error) {
	var text strings.Builder
	for _, name := range files {
		one, err := readText(name)
		if err != nil {
			return host{}, err
		}
		text.WriteString(one)
		if one != "" && !strings.HasSuffix(one, "\n") {
			text.WriteByte('\n')
		}
	}
	if source == "" {
		source = strings.Join(files, " ")
	}
	s, err := ipsec.ParseStatus(source, text.String())
	if err != nil {
		return host{}, err
	}
	return host{State: s.State(conns...)}, nil
}

// fromHost asks the daemon here, in the words of each, until one answers.
func fromHost(ctx context.Context, conns []string) (host, error) {
	listeners, listenErr := ipsec.Listeners(ctx, nil)
	h := host{Listeners: listeners, State: &ipsec.State{Status: &ipsec.Status{Source: "ipsec"}}}
	var errs []error
	for _, command := range []string{"statusall", "auto --status", "status"} {
		bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
		out, err := exec.CommandContext(bounded, "ipsec", strings.Fields(command)...).Output()
		cancel()
		s, parseErr := ipsec.ParseStatus("ipsec "+command, string(out))
		if parseErr == nil {
			h.State = s.State(conns...)
			return h, nil
		}
		errs = append(errs, fmt.Errorf("ipsec %s: %w", command, errors.Join(err, parseErr)))
		if errors.Is(err, exec.ErrNotFound) || ctx.Err() != nil {
			break
		}
	}
	if listenErr != nil {
		return h, errors.Join(append(errs, listenErr)...)
	}
	why, _, _ := strings.Cut(errors.Join(errs...).Error(), "\n")
	h.State.Status.Unseen = []ipsec.Gap{{What: "the daemon's own status", Why: why, Need: "a running daemon, and root"}}
	return h, nil
}

// code is the exit code: up, and nothing unseen.
func (h host) code() int {
	st := h.State
	switch st.Verdict {
	case ipsec.Stopped, ipsec.Down, ipsec.IKEOnly, ipsec.Partial:
		return program.Problem
	case ipsec.TunnelUnknown:
		return program.CannotTell
	}
	for _, f := range st.Findings {
		if f.Severity >= ipsec.Warning {
			return program.Problem
		}
	}
	if l := h.Listeners; l != nil && l.Verdict != ipsec.Sound && l.Verdict != ipsec.Unknown {
		return program.Problem
	}
	if len(st.Unseen) > 0 || h.Listeners != nil && len(h.Listeners.Unseen) > 0 {
		return program.CannotTell
	}
	return program.Healthy
}

// lines are a host's tunnels for a comparison.
func (h host) lines() []string {
	if h.State == nil {
		return nil
	}
	st := h.State.Judge()
	lines := []string{"verdict " + st.Verdict.String()}
	for _, t := range st.Tunnels {
		lines = append(lines, fmt.Sprintf("tunnel %q %s with %d SAs", t.Conn, t.Verdict, t.Child))
	}
	return lines
}
