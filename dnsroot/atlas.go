package dnsroot

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// atlasResult is one result of a DNS measurement of RIPE Atlas, or one of the set
// that a result has where several servers or questions were asked. Its format is
// published at https://atlas.ripe.net/docs/apis/measurement-result-format.
type atlasResult struct {
	Type      string        `json:"type"`
	Probe     int           `json:"prb_id"`
	Timestamp int64         `json:"timestamp"`
	Time      int64         `json:"time"` // in a set
	Address   string        `json:"dst_addr"`
	Name      string        `json:"dst_name"`
	Port      json.Number   `json:"dst_port"`
	Proto     string        `json:"proto"`
	Query     string        `json:"qbuf"`
	Set       []atlasResult `json:"resultset,omitempty"`
	Result    *struct {
		Answer string  `json:"abuf"`
		RT     float64 `json:"rt"` // milliseconds
	} `json:"result,omitempty"`
	Error map[string]any `json:"error,omitempty"`
}

const maxAtlas = 64 << 20

// ParseAtlas reads the results of DNS measurements of RIPE Atlas, the network of
// probes that anybody may measure with: the JSON of one measurement or of several
// put together, as an array or an object a line. Each of its probes is the host
// of one sweep, named "atlas probe N".
//
// Answers are validated by the anchors where a measurement for DNSKEY, with
// DNSSEC records wanted, is among them. hints name the servers by their
// addresses. Results of other kinds are passed over. It returns what it could
// read together with an error that matches [ErrSyntax].
func ParseAtlas(r io.Reader, hints Hints, anchors []Anchor) ([]*Sweep, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxAtlas+1))
	if err != nil || len(text) > maxAtlas {
		return nil, &opskit.Error{Op: "read Atlas results", Err: cmp.Or(err, fmt.Errorf("%w: longer than %d bytes", ErrSyntax, maxAtlas))}
	}
	var results []atlasResult
	var problems []error
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		var list []atlasResult
		if err == nil && bytes.HasPrefix(raw, []byte("[")) {
			err = json.Unmarshal(raw, &list)
		} else if err == nil {
			list = make([]atlasResult, 1)
			err = json.Unmarshal(raw, &list[0])
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: %w", ErrSyntax, err))
			break
		}
		results = append(results, list...)
	}
	a := atlas{hints: hints, client: &Client{Hints: hints, Anchors: anchors}, sweeps: map[int]*Sweep{}, probes: map[string]*probing{}}
	for i := range results {
		if results[i].Type != "dns" {
			continue
		}
		set := results[i].Set
		if len(set) == 0 {
			set = results[i : i+1]
		}
		for _, one := range set {
			one.Probe = results[i].Probe
			one.Timestamp = cmp.Or(one.Timestamp, one.Time, results[i].Timestamp)
			if err := a.add(&one); err != nil && len(problems) < 20 {
				problems = append(problems, err)
			}
		}
	}
	sweeps := a.done()
	if len(sweeps) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%w: no result of a DNS measurement in it", ErrSyntax))
	}
	if len(problems) > 0 {
		return sweeps, &opskit.Error{Op: "parse Atlas results", Err: joined(problems)}
	}
	return sweeps, nil
}

// atlas gathers results by who measured and what was asked.
type atlas struct {
	hints  Hints
	client *Client
	sweeps map[int]*Sweep
	probes map[string]*probing
	order  []string
}

// add takes one result.
func (a *atlas) add(r *atlasResult) error {
	addr, err := netip.ParseAddr(r.Address)
	if err != nil {
		if r.Address == "" && r.Error != nil {
			return nil // the name could not be looked up: nobody was asked
		}
		return fmt.Errorf("%w: result of probe %d: address %q", ErrSyntax, r.Probe, r.Address)
	}
	port := uint16(53)
	if n, err := r.Port.Int64(); err == nil && n > 0 && n < 65536 {
		port = uint16(n)
	}
	over := TransportUDP
	if strings.EqualFold(r.Proto, "tcp") {
		over = TransportTCP
	}
	at := time.Unix(r.Timestamp, 0).UTC()
	s := a.sweeps[r.Probe]
	if s == nil {
		s = &Sweep{
			Zone: a.hints.zone(), Vantage: fmt.Sprintf("atlas probe %d", r.Probe), Started: at, Lead: a.client.lead(),
			HintsUpdated: a.hints.Updated, Anchors: a.client.anchors(),
		}
		a.sweeps[r.Probe] = s
	}
	if at.Before(s.Started) {
		s.Started = at
	}
	key := fmt.Sprintf("%09d %s %s", r.Probe, addr, over)
	p := a.probes[key]
	if p == nil {
		p = &probing{
			Probe:  &Probe{Server: a.server(addr, r.Name), Addr: netip.AddrPortFrom(addr.Unmap(), port), Transport: over},
			client: a.client, zone: s.Zone, good: map[question]answer{},
		}
		a.probes[key], a.order = p, append(a.order, key)
	}
	answer, q, err := r.read(s.Zone)
	if err != nil {
		return err
	}
	switch {
	case q == askHostname && answer.err == nil:
		p.Identity.HostnameBind = chaosText(answer.msg)
	case q == askServer && answer.err == nil:
		p.Identity.IDServer = chaosText(answer.msg)
	case q != askHostname && q != askServer:
		p.take(q, answer)
	}
	return nil
}

// server is who has the address by the hints.
func (a *atlas) server(addr netip.Addr, name string) string {
	for _, s := range a.hints.Servers {
		if slices.Contains(s.Addrs, addr.Unmap()) {
			return s.Name
		}
	}
	if _, ok := dns.IsDomainName(name); ok && name != "" {
		if _, err := netip.ParseAddr(name); err != nil {
			return dns.CanonicalName(name)
		}
	}
	return addr.String()
}

// read unpacks what was asked and answered.
func (r *atlasResult) read(zone string) (a answer, q question, err error) {
	q = askSmall(zone)
	var asked []byte
	message := r.Query
	if r.Result != nil {
		message = r.Result.Answer
	}
	if asked, err = base64.StdEncoding.DecodeString(message); err != nil {
		return a, q, fmt.Errorf("%w: result of probe %d: %w", ErrSyntax, r.Probe, err)
	}
	m, failed := unpack(asked)
	if failed == nil && len(m.Question) == 1 {
		one := m.Question[0]
		switch {
		case one.Qclass == dns.ClassCHAOS && strings.EqualFold(one.Name, askHostname.name):
			q = askHostname
		case one.Qclass == dns.ClassCHAOS:
			q = askServer
		case one.Qtype == dns.TypeSOA && strings.EqualFold(one.Name, zone):
			q = askSOA(zone)
		default:
			q = question{name: strings.ToLower(one.Name), qtype: one.Qtype}
		}
	}
	switch {
	case r.Result == nil && r.Error["timeout"] == nil && r.Error != nil:
		a.err = fmt.Errorf("%w: %v", ErrNotSent, r.Error)
	case r.Result == nil || len(asked) == 0:
		a.err = ErrNoAnswer
	case failed != nil:
		a.reply.Wire, a.err = asked, failed
	default:
		a.msg, a.reply.Wire = m, asked
	}
	if r.Result != nil {
		a.reply.RTT = time.Duration(r.Result.RT * float64(time.Millisecond))
	}
	return a, q, nil
}

// done validates what came and puts the sweeps in order.
func (a *atlas) done() (sweeps []*Sweep) {
	slices.Sort(a.order)
	for _, key := range a.order {
		p := a.probes[key]
		var number int
		if _, err := fmt.Sscanf(key, "%d", &number); err != nil {
			continue
		}
		s := a.sweeps[number]
		p.validate(s.Started)
		if !slices.Contains(sweeps, s) {
			sweeps = append(sweeps, s)
		}
		s.Probes = append(s.Probes, *p.Probe)
	}
	for _, s := range sweeps {
		s.Unseen = unsent(s.Probes)
	}
	return sweeps
}
