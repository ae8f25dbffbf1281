package main

import (
	"context"
	"io"
	"net/netip"
	"os"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/esp"
)

// verify tells from a capture whether a tunnel really encrypts.
func verify(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := program.New("tunnel verify", "[flags] TUNNEL.json CAPTURE (- for standard input)"+exitCodes+describing, stdout, stderr)
	p.EvidenceFlags()
	whole := p.Bool("whole", false, "the capture was made without a filter, so that nothing in clear is missing in it")
	if code, done := p.Parse(args); done {
		return code
	}
	if p.Preflight {
		return program.PrintPreflight(p, []opskit.Capability{{Name: "read_capture", OK: true, Why: "a capture needs what tcpdump needs"}})
	}
	if (p.From == "") != (p.NArg() == 2) {
		return p.Misused("name a description and a capture, or -from FILE alone")
	}
	return judged(p, "ipsec_proof", func() (*esp.Proof, error) {
		tunnel, err := readTunnel(p.Arg(0))
		if err != nil {
			return nil, err
		}
		src := io.Reader(os.Stdin)
		if name := p.Arg(1); name != "-" {
			file, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			defer file.Close()
			src = file
		}
		proof, err := esp.ReadCapture(ctx, src, esp.Tunnel{A: end(tunnel.A), B: end(tunnel.B), Whole: *whole})
		if proof.Seen() {
			return proof, nil // it says itself why it was not read whole
		}
		return proof, err
	})
}

// end is what a capture shows of an endpoint.
func end(e ipsec.Endpoint) esp.End {
	out := esp.End{Networks: e.Subnets}
	for _, a := range []netip.Addr{e.Addr, e.Public} {
		if a.IsValid() {
			out.Gateways = append(out.Gateways, a)
		}
	}
	if len(out.Networks) == 0 && e.Addr.IsValid() {
		out.Networks = []netip.Prefix{netip.PrefixFrom(e.Addr, e.Addr.BitLen())}
	}
	return out
}
