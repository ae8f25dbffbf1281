package reachtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Zone is what a fake resolver knows: "name type", as in "www.example.org A",
// to its answer. A name that is in no entry does not exist; one that is there
// for another type only has no data. A Zone must not be changed once it is
// being served.
type Zone map[string]Reply

// Reply is how the fake resolver answers one question. The zero value is
// NOERROR without records.
type Reply struct {
	Rcode   string   // such as "SERVFAIL"; "NOERROR" if empty
	Records []string // in zone file format: "www.example.org. 300 IN A 192.0.2.1"
	Drop    bool     // no answer at all
	Cut     bool     // over UDP only the TC bit comes; over TCP everything
	Raw     []byte   // sent as it is behind the query's two bytes of id
}

// DNS is a fake resolver on 127.0.0.1, over UDP and TCP on one port. It is
// also an Exchanger for reach.Resolver. It is safe for concurrent use.
type DNS struct {
	zone     Zone
	udp, tcp *dns.Server
	all      sync.WaitGroup

	mu      sync.Mutex
	queries []string
}

// StartDNS starts a fake resolver. It fails on a record or rcode that cannot
// be read, and where loopback has no port to give.
func StartDNS(zone Zone) (*DNS, error) {
	d := &DNS{zone: Zone{}}
	for k, r := range zone {
		name, kind, ok := strings.Cut(k, " ")
		if _, known := dns.StringToType[strings.ToUpper(kind)]; !ok || !known {
			return nil, fmt.Errorf("start dns: %q is not \"name type\"", k)
		}
		if _, known := dns.StringToRcode[r.Rcode]; !known && r.Rcode != "" {
			return nil, fmt.Errorf("start dns: %s: no rcode %q", k, r.Rcode)
		}
		for _, rr := range r.Records {
			if _, err := dns.NewRR(rr); err != nil {
				return nil, fmt.Errorf("start dns: %s: %w", k, err)
			}
		}
		d.zone[question(name, strings.ToUpper(kind))] = r
	}
	var udp net.PacketConn
	var tcp net.Listener
	var err error
	for range 20 { // both protocols need the same port
		if tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start dns: %w", err)
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			break
		}
		_ = tcp.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("start dns: %w", err)
	}
	d.udp = &dns.Server{PacketConn: udp, Handler: d.handler(false)}
	d.tcp = &dns.Server{Listener: tcp, Handler: d.handler(true)}
	for _, server := range []*dns.Server{d.udp, d.tcp} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		d.all.Go(func() { _ = server.ActivateAndServe() })
		<-started
	}
	return d, nil
}

// handler answers over one of the two transports.
func (d *DNS) handler(whole bool) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		if query, err := q.Pack(); err == nil {
			if answer := d.answer(query, whole); answer != nil {
				_, _ = w.Write(answer)
			}
		}
	}
}

func question(name, kind string) string { return dns.CanonicalName(name) + " " + kind }

// Addr returns where the resolver listens.
func (d *DNS) Addr() netip.AddrPort { return netip.MustParseAddrPort(d.tcp.Listener.Addr().String()) }

// Queries returns the questions asked so far, as "name. type", over whatever
// transport, in their order.
func (d *DNS) Queries() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.queries)
}

// Exchange answers a query in wire format without a socket. A dropped one
// waits for ctx to end.
func (d *DNS) Exchange(ctx context.Context, query []byte) ([]byte, error) {
	answer := d.answer(query, true)
	if answer == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return answer, nil
}

// Close stops the resolver and waits until nothing of it runs.
func (d *DNS) Close() error {
	err := errors.Join(d.udp.Shutdown(), d.tcp.Shutdown())
	d.all.Wait()
	return err
}

// answer returns the answer to a query, or nil to drop it.
func (d *DNS) answer(query []byte, whole bool) []byte {
	q := new(dns.Msg)
	if err := q.Unpack(query); err != nil || q.Response || len(q.Question) != 1 {
		return nil
	}
	asked := question(q.Question[0].Name, dns.TypeToString[q.Question[0].Qtype])
	d.mu.Lock()
	d.queries = append(d.queries, asked)
	d.mu.Unlock()
	r, ok := d.zone[asked]
	if !ok {
		r.Rcode = "NXDOMAIN"
		name, _, _ := strings.Cut(asked, " ")
		for k := range d.zone {
			if strings.HasPrefix(k, name+" ") {
				r.Rcode = ""
			}
		}
	}
	if r.Drop {
		return nil
	}
	if r.Raw != nil {
		return append(slices.Clone(query[:2]), r.Raw...)
	}
	m := new(dns.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	m.Rcode = dns.StringToRcode[r.Rcode] // 0 for ""
	if r.Cut && !whole {
		m.Truncated = true
	} else {
		for _, s := range r.Records {
			if rr, err := dns.NewRR(s); err == nil {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}
