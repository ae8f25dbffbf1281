package dnsroottest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit/dnsroot"
)

// Config says how a fleet is made. The zero value is a healthy fleet of
// thirteen root servers; hints of another zone make it that zone's.
type Config struct {
	// Hints are the servers, their addresses and the zone. Zero: 192.0.2.1 to .13 and
	// 2001:db8:53::1 to ::d, which are for documentation.
	Hints dnsroot.Hints
	// Listen has the letters listen on the addresses of Hints themselves, which
	// this host must have, on one port. Otherwise they listen on 127.0.0.1 and
	// [::1], each on a port of its own, and are reached through the fleet.
	Listen bool
	Port   uint16 // with Listen; 0: any that is free on all addresses
	// Signed is when the zone was signed, for 14 days. Zero: a day ago.
	Signed time.Time
	Serial uint32 // of the zone; 0: the day of Signed, as YYYYMMDD00
	NoIPv6 bool   // have no IPv6, as on a host without it
}

// Fleet is the servers of a zone on loopback. It is safe for concurrent use.
// Close it: it holds sockets and goroutines.
type Fleet struct {
	config  Config
	servers map[string]*server            // by name
	real    map[netip.Addr]netip.AddrPort // where the address of a letter really is
	zone    *zone
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	closers []func() error
}

// server is one of them.
type server struct {
	name string

	mu      sync.Mutex
	faults  []scripted
	queries int
	zone    *zone
	rogue   *zone
}

type scripted struct {
	Fault
	zone *zone   // with Fault.Serial or Fault.Until
	owed float64 // part of a question that Fault.Loss has yet to drop
}

// Start starts a fleet. It returns an error if a socket is not to be had.
func Start(config Config) (*Fleet, error) {
	if len(config.Hints.Servers) == 0 {
		config.Hints = documentation()
	}
	if config.Signed.IsZero() {
		config.Signed = time.Now().Add(-24 * time.Hour)
	}
	if config.Serial == 0 {
		y, m, d := config.Signed.UTC().Date()
		config.Serial = uint32(y*1000000 + int(m)*10000 + d*100)
	}
	z, err := newZone(config.Hints, config.Serial, config.Signed)
	if err != nil {
		return nil, fmt.Errorf("start fleet: %w", err)
	}
	rogue, err := newZone(config.Hints, config.Serial, config.Signed)
	if err != nil {
		return nil, fmt.Errorf("start fleet: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &Fleet{config: config, zone: z, cancel: cancel, servers: map[string]*server{}, real: map[netip.Addr]netip.AddrPort{}}
	for _, s := range config.Hints.Servers {
		f.servers[s.Name] = &server{name: s.Name, zone: z, rogue: rogue}
	}
	if err := f.listen(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start fleet: %w", err), f.Close())
	}
	return f, nil
}

func documentation() dnsroot.Hints {
	var h dnsroot.Hints
	n := byte(0)
	for l := range dnsroot.Letters() {
		n++
		h.Servers = append(h.Servers, dnsroot.Server{Name: l.Name(), Addrs: []netip.Addr{
			netip.AddrFrom4([4]byte{192, 0, 2, n}),
			netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0x53, 15: n}),
		}})
	}
	return h
}

// Close ends the fleet and waits until nothing of it is left.
func (f *Fleet) Close() error {
	f.cancel()
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c())
	}
	f.wg.Wait()
	return errors.Join(errs...)
}

// find returns a server by its name, or by its letter; nil if there is none.
func (f *Fleet) find(name string) *server {
	if s := f.servers[name]; s != nil {
		return s
	}
	if l, err := dnsroot.ParseLetter(name); err == nil {
		return f.servers[l.Name()]
	}
	return nil
}

// Set replaces what a server does wrong by these faults; the first that applies
// to a question counts. Without faults the server is healthy again. It is named
// by its name or its letter, and the call fails if the fleet does not have it.
func (f *Fleet) Set(name string, faults ...Fault) error {
	server := f.find(name)
	if server == nil {
		return fmt.Errorf("set fault: the fleet has no server %s", name)
	}
	list := make([]scripted, len(faults))
	for i, fault := range faults {
		list[i].Fault = fault
		if fault.Serial != 0 || !fault.Until.IsZero() {
			z, err := f.zone.with(cmp.Or(fault.Serial, f.config.Serial), fault.Until)
			if err != nil {
				return fmt.Errorf("set fault: %w", err)
			}
			list[i].zone = z
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	server.faults = list
	return nil
}

// fault returns what applies to the next question and whether to drop it.
func (l *server) fault(over dnsroot.Transport, family Family, query []byte) (f Fault, drop bool) {
	question := ""
	if m := new(dns.Msg); m.Unpack(query) == nil && len(m.Question) == 1 {
		question = dns.TypeToString[m.Question[0].Qtype]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queries++
	for i := range l.faults {
		s := &l.faults[i]
		if !s.applies(over, family, question, func() int { return len(l.answer(query, Fault{}, over)) }) {
			continue
		}
		if s.owed += s.Loss; s.owed >= 1-1e-9 {
			s.owed--
			drop = true
		}
		return s.Fault, drop || s.Silence
	}
	return Fault{}, false
}

func (l *server) zoneFor(f Fault) *zone {
	if f.Rogue {
		return l.rogue
	}
	if f.Serial == 0 && f.Until.IsZero() {
		return l.zone
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.faults {
		if l.faults[i].Fault == f {
			return l.faults[i].zone
		}
	}
	return l.zone
}

// Queries returns how many questions a server has got so far.
func (f *Fleet) Queries(name string) int {
	server := f.find(name)
	if server == nil {
		return 0
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	return server.queries
}

// Hints returns the addresses of the letters.
func (f *Fleet) Hints() dnsroot.Hints { return f.config.Hints }

// Anchors returns the trust anchor of the fleet's zone.
func (f *Fleet) Anchors() []dnsroot.Anchor { return []dnsroot.Anchor{f.zone.anchor()} }

// Serial returns the serial of the fleet's zone.
func (f *Fleet) Serial() uint32 { return f.config.Serial }

// HasIPv6 reports whether the letters can be reached over IPv6.
func (f *Fleet) HasIPv6() bool {
	for a := range f.real {
		if a.Is6() {
			return true
		}
	}
	return false
}

// AddrPort returns the socket address that really serves an address of the
// hints; it is not valid if nothing does.
func (f *Fleet) AddrPort(a netip.Addr) netip.AddrPort { return f.real[a.Unmap()] }

// Client returns a client for the fleet, with a timeout of two seconds, which
// a busy machine does not exceed on loopback. The caller may change its fields.
func (f *Fleet) Client() *dnsroot.Client {
	c := &dnsroot.Client{Exchanger: f, Hints: f.Hints(), Anchors: f.Anchors(), Timeout: 2 * time.Second}
	if f.config.Listen {
		c.Port = f.port()
	}
	return c
}

func (f *Fleet) port() uint16 {
	for _, to := range f.real {
		return to.Port()
	}
	return 0
}

// Exchange implements [dnsroot.Exchanger]: it carries the query to the socket
// of the letter that has the address, whatever the port.
func (f *Fleet) Exchange(ctx context.Context, query dnsroot.Query) (dnsroot.Reply, error) {
	really, ok := f.real[query.To.Addr().Unmap()]
	if !ok {
		return dnsroot.Reply{}, fmt.Errorf("%w: no route to %s", dnsroot.ErrNotSent, query.To.Addr())
	}
	query.To = really
	return dnsroot.Sockets{}.Exchange(ctx, query)
}

// HintsFile returns the hints in the master format of named.root.
func (f *Fleet) HintsFile() string {
	var b strings.Builder
	for _, s := range f.config.Hints.Servers {
		fmt.Fprintf(&b, "%s 3600000 NS %s\n", f.zone.name, s.Name)
		for _, a := range s.Addrs {
			kind := "AAAA"
			if a.Unmap().Is4() {
				kind = "A"
			}
			fmt.Fprintf(&b, "%s 3600000 %s %s\n", s.Name, kind, a.Unmap())
		}
	}
	return b.String()
}

// AnchorsFile returns the trust anchor as a DS record.
func (f *Fleet) AnchorsFile() string {
	a := f.zone.anchor()
	return fmt.Sprintf("%s IN DS %d %d %d %s\n", f.zone.name, a.KeyTag, a.Algorithm, a.DigestType, a.Digest)
}
