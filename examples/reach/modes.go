package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/reach"
)

// samples counts what becomes of many connections to each target.
func samples(ctx context.Context, p *program.Program, prober *reach.Prober, targets []string, n int) int {
	code := program.Healthy
	for _, t := range targets {
		s, err := prober.Sample(ctx, t, n)
		if err != nil {
			code = program.Worse(code, p.Fail(err))
			continue
		}
		code = program.Worse(code, p.Answer(s))
	}
	return code
}

// keep saves what was seen, and tells what changed.
func keep(p *program.Program, now, earlier *reach.Survey) int {
	if p.Save != "" && now.Seen() {
		if err := program.SaveEvidence(p.Save, kind, now.At(), now); err != nil {
			return p.Fail(err)
		}
	}
	if earlier == nil {
		return program.Healthy
	}
	return p.Answer(now.Since(earlier))
}

// traces follows the way to each target.
func traces(ctx context.Context, p *program.Program, prober *reach.Prober, targets []string) int {
	asked, err := prober.Dial(ctx, targets...)
	if err != nil {
		return p.Fail(err)
	}
	code := program.Healthy
	for i := range asked.Connections {
		t, err := prober.Trace(ctx, asked.Connections[i].Target)
		if err != nil {
			return program.Worse(code, p.Fail(err))
		}
		code = program.Worse(code, p.Answer(t))
	}
	return code
}

// load reads a saved survey; nil for no file.
func load(p *program.Program, path string) (*reach.Survey, error) {
	if path == "" {
		return nil, nil
	}
	saved, err := program.LoadEvidence[*reach.Survey](p, path, kind)
	if err != nil {
		return nil, err
	}
	return saved[0], nil
}

// progress tells on a terminal how far a long list is.
func progress(p *program.Program) opskit.Observer {
	if !program.Terminal(p.Stderr) {
		return nil
	}
	return func(phase opskit.Phase) {
		if phase.Total > 100 && phase.Done%100 == 0 {
			fmt.Fprintf(p.Stderr, "\r%d of %d", phase.Done, phase.Total)
		}
	}
}

// words are the arguments, or the lines of stdin for "-".
func words(args []string, stdin io.Reader) (out []string, err error) {
	for _, arg := range args {
		if arg != "-" {
			out = append(out, arg)
			continue
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			if w := strings.TrimSpace(lines.Text()); w != "" && !strings.HasPrefix(w, "#") {
				out = append(out, w)
			}
		}
		err = errors.Join(err, lines.Err())
	}
	return out, err
}
