package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/traffic"
)

// host is what status saw of one host.
type host struct {
	State     *ipsec.State          `json:"state,omitzero"`
	Listeners *ipsec.ListenerReport `json:"listeners,omitempty"` // absent for saved output
	Differing ipsec.Sysctls         `json:"differing,omitempty"` // settings that are not as a gateway needs them; absent for saved output
}

// String prints both reports, and the settings that differ between them.
func (h *host) String() string {
	var text strings.Builder
	text.WriteString(h.State.String())
	for _, s := range h.Differing {
		fmt.Fprintf(&text, "\ndiffers: %s is %s and should be %s: %s", s.Key, cmp.Or(s.Have, "not readable"), s.Want, s.Why)
	}
	if h.Listeners != nil {
		text.WriteString("\n" + h.Listeners.String())
	}
	return text.String()
}

// status tells which tunnels are up.
func status(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel status", "[flags] [FILE...] (- for standard input; none: ask the daemon here)"+exitCodes, stdout, stderr)
	p.EvidenceFlags()
	conns := p.String("conns", "", "`NAMES` of all configured connections, separated by commas")
	etc := p.String("etc", "", "`FILE` with this host's connections, such as /etc/ipsec.conf: one that it loads and the daemon has not is told")
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
		if *etc != "" {
			end, err := (&endFlags{}).read("", *etc)
			if err != nil {
				return nil, err
			}
			names = append(names, end.Conf.TunnelNames()...)
		}
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

// fromHost asks the daemon here, and reads which settings differ.
func fromHost(ctx context.Context, conns []string) (*host, error) {
	s, err := askDaemon(ctx)
	seen := traffic.Look{Status: s}
	hostErr := seen.ReadHost(ctx, nil)
	h := &host{Listeners: seen.Listeners, Differing: seen.Sysctls.Differing()}
	if err == nil {
		h.State = s.State(conns...)
		return h, nil
	}
	h.State = &ipsec.State{Status: &ipsec.Status{Source: "ipsec"}}
	if hostErr != nil {
		return h, errors.Join(err, hostErr)
	}
	why, _, _ := strings.Cut(err.Error(), "\n")
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
