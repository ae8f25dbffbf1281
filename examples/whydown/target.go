package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/opskit-go/opskit/reach"
)

// address reads an address with or without a port.
func address(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 0), nil
	}
	return netip.ParseAddrPort(s)
}

// page returns the URL to ask for, its host name and the ports to try.
func page(arg string) (*url.URL, []uint16, error) {
	if !strings.Contains(arg, "://") {
		arg = "http://" + arg + "/"
	}
	u, err := url.Parse(arg)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, nil, &reach.Error{Op: "read name", Target: arg, Err: fmt.Errorf("want a name or an http URL: %w", reach.ErrTarget)}
	}
	if u.Port() == "" {
		return u, []uint16{80, 443}, nil
	}
	a, err := netip.ParseAddrPort("127.0.0.1:" + u.Port())
	if err != nil {
		return nil, nil, &reach.Error{Op: "read name", Target: arg, Err: fmt.Errorf("%w: %w", reach.ErrTarget, err)}
	}
	return u, []uint16{a.Port()}, nil
}
