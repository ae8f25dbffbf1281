package main

import (
	"context"
	"io"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec/explain"
)

// why tells at which step a tunnel failed to come up.
func why(_ context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel why", "[flags] LOG [LOG] (- for standard input; text, or journalctl -o json)"+exitCodes, stdout, stderr)
	p.EvidenceFlags()
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, []opskit.Capability{{Name: "read_logs", OK: true, Why: "the logs need what journalctl needs"}})
	}
	if p.From == "" && p.NArg() != 1 && p.NArg() != 2 {
		return p.Misused("name the log of one end, or those of both")
	}
	return judged(p, "ipsec_answer", func() (*explain.Answer, error) {
		var logs []explain.Log
		for _, name := range p.Args() {
			text, err := readText(name)
			if err != nil {
				return nil, err
			}
			logs = append(logs, explain.ReadLog(name, text))
		}
		return explain.Why(logs...), nil
	})
}
