package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
)

// host is what status saw of one host.
type host struct {
	State     *ipsec.State          `json:"state,omitzero"`
	Listeners *ipsec.ListenerReport `json:"listeners,omitempty"` // absent for saved output
}

// String prints both reports.
func (h *host) String() string {
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
	look := func() (*host, error) {
		if p.NArg() > 0 {
			return fromFiles(*source, p.Args(), names)
		}
		return fromHost(ctx, names)
	}
	return judged(p, "ipsec_host", look)
}

func fromFiles(source string, files, conns []string) (*host, error) {
	var text strings.Builder
	for _, name := range files {
		one, err := readText(name)
		if err != nil {
			return nil, err
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
		return nil, err
	}
	return &host{State: s.State(conns...)}, nil
}

// fromHost asks the daemon here, in the words of each, until one answers.
func fromHost(ctx context.Context, conns []string) (*host, error) {
	listeners, listenErr := ipsec.Listeners(ctx, nil)
	h := &host{Listeners: listeners, State: &ipsec.State{Status: &ipsec.Status{Source: "ipsec"}}}
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
	h.State.Status.Unseen = []opskit.Gap{{What: "the daemon's own status", Why: why, Need: "a running daemon, and root"}}
	h.State.Judge()
	return h, nil
}

// Level is the worse one of both reports.
func (h *host) Level() opskit.Level {
	if h.Listeners == nil {
		return h.State.Level()
	}
	return opskit.Worst(h.State.Level(), h.Listeners.Level())
}

// Gaps returns those of both reports.
func (h *host) Gaps() []opskit.Gap {
	if h.Listeners == nil {
		return h.State.Gaps()
	}
	return append(h.State.Gaps(), h.Listeners.Gaps()...)
}

// Seen tells whether a status was read.
func (h *host) Seen() bool { return h != nil && h.State.Seen() }

// Judge judges both reports again.
func (h *host) Judge() opskit.Level {
	if h.State == nil {
		h.State = &ipsec.State{}
	}
	h.State.Judge()
	if h.Listeners != nil {
		h.Listeners.Judge()
	}
	return h.Level()
}

// Since tells what changed with the tunnels.
func (h *host) Since(earlier *host) opskit.Changes { return h.State.Since(earlier.State) }
