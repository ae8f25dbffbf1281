package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// captures characterises captures, or puts parts together that -save wrote of
// them, on this machine or others.
func captures(ctx context.Context, p *program.Program, merge bool) int {
	var a traffic.Analyzer
	for _, name := range p.Args() {
		read := capture
		if merge {
			read = part
		}
		err := read(ctx, &a, name)
		if errors.Is(err, traffic.ErrTruncated) || errors.Is(err, traffic.ErrDamaged) {
			fmt.Fprintf(p.Stderr, "%s: %s: %v\n", p.Name(), name, err) // what was read counts, and the report says so
		} else if err != nil {
			return p.Fail(fmt.Errorf("%s: %w", name, err))
		}
	}
	if p.Save != "" {
		state, err := a.MarshalBinary()
		if err == nil {
			err = os.WriteFile(p.Save, state, 0o600)
		}
		if err != nil {
			return p.Fail(err)
		}
	}
	return p.Answer(a.Report())
}

// capture takes in a file, or standard input for "-".
func capture(ctx context.Context, a *traffic.Analyzer, name string) error {
	var src io.Reader = os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		src = file
	}
	return a.ReadCapture(ctx, src)
}

// part takes in what -save wrote.
func part(_ context.Context, a *traffic.Analyzer, name string) error {
	state, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var b traffic.Analyzer
	if err := b.UnmarshalBinary(state); err != nil {
		return err
	}
	return a.Merge(&b)
}
