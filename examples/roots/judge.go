package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// kind is that of the saved evidence.
const kind = "dnsroot_assessment"

// only leaves the addresses of IPv6 out where that is asked for.
func only(ipv4 bool, h dnsroot.Hints) dnsroot.Hints {
	if !ipv4 {
		return h
	}
	servers := h.Servers
	h.Servers = nil
	for _, s := range servers {
		s.Addrs = slices.DeleteFunc(slices.Clone(s.Addrs), func(a netip.Addr) bool { return !a.Is4() })
		h.Servers = append(h.Servers, s)
	}
	return h
}

// load reads the sweeps of one or several hosts that were saved.
func load(p *program.Program, files ...string) (*dnsroot.Assessment, error) {
	var sweeps []*dnsroot.Sweep
	for _, file := range files {
		saved, err := program.LoadEvidence[*dnsroot.Assessment](p, file, kind)
		if err != nil {
			return nil, err
		}
		for _, a := range saved {
			sweeps = append(sweeps, a.Sweeps...)
		}
	}
	return dnsroot.Assess(sweeps...), nil
}

// save writes the sweeps, as of the time of the first.
func save(path string, a *dnsroot.Assessment) error {
	at := time.Now()
	if len(a.Sweeps) > 0 {
		at = a.Sweeps[0].Started
	}
	return program.SaveEvidence(path, kind, at, a)
}

// read opens a file and has it parsed.
func read[T any](path string, parse func(io.Reader) (T, error)) (value T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return value, err
	}
	defer f.Close()
	if value, err = parse(f); err != nil {
		return value, fmt.Errorf("%s: %w", path, err)
	}
	return value, nil
}

// check asks a recursive resolver about the root.
func check(ctx context.Context, p *program.Program, client *dnsroot.Client, resolver string) int {
	addr, err := netip.ParseAddrPort(resolver)
	if err != nil {
		ip, err := netip.ParseAddr(resolver)
		if err != nil {
			return p.Misused("-resolver wants an address, or an address and a port")
		}
		addr = netip.AddrPortFrom(ip, 53)
	}
	r, err := client.CheckResolver(ctx, addr)
	if err != nil {
		return p.Fail(err)
	}
	return p.Answer(r)
}
