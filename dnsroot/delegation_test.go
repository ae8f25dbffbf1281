package dnsroot_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
)

// delegations answers as the servers of some zones: for the address of each, the
// records of its answers to a question, "answer" or "refer".
type delegations map[string]map[string][]string

func (d delegations) Exchange(_ context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
	var m dns.Msg
	if err := m.Unpack(q.Wire); err != nil {
		return dnsroot.Reply{}, err
	}
	asked := m.Question[0].Name + " " + dns.TypeToString[m.Question[0].Qtype]
	m.SetReply(&m)
	found := false
	server := d[q.To.Addr().String()]
	for suffix, records := range server {
		pattern := strings.HasPrefix(suffix, "*") && server[asked] == nil && strings.HasSuffix(m.Question[0].Name, suffix[1:])
		if suffix != asked && !pattern || found {
			continue
		}
		found = true
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				return dnsroot.Reply{}, err
			}
			switch h := rr.Header(); {
			case h.Name+" "+dns.TypeToString[h.Rrtype] == asked && suffix == asked:
				m.Answer, m.Authoritative = append(m.Answer, rr), true
			case h.Rrtype == dns.TypeNS:
				m.Ns = append(m.Ns, rr)
			default:
				m.Extra = append(m.Extra, rr)
			}
		}
	}
	if !found {
		m.Rcode = dns.RcodeNameError
	}
	wire, err := m.Pack()
	return dnsroot.Reply{Wire: wire}, err
}

// The parent's view of a zone is found from the root down, whatever it leaves
// out, and a loop of delegations ends.
func TestDelegation(t *testing.T) {
	world := delegations{
		"192.0.2.1": {
			"*example.": {"example. NS ns.example.", "ns.example. A 192.0.2.2"},
			"*test.":    {"test. NS ns.test.", "ns.test. A 192.0.2.3"},
			"*loop.":    {"loop. NS a.loop."},
			"*ring.":    {"ring. NS a.gnir."},
			"*gnir.":    {"gnir. NS a.ring."},
			"*up.":      {". NS a.root-servers.net."},
			"*aside.":   {"other. NS a.root-servers.net."},
		},
		"192.0.2.2": {
			"*glued.example.":      {"glued.example. NS ns1.glued.example.", "glued.example. NS NS2.glued.example.", "ns1.glued.example. A 192.0.2.11", "ns2.glued.example. AAAA 2001:db8::12", "ns9.example. A 192.0.2.99"},
			"*b.example.":          {"b.example. NS ns.b.example.", "ns.b.example. A 192.0.2.2"},
			"c.b.example. NS":      {"c.b.example. NS ns.b.example.", "ns.b.example. A 192.0.2.2"},
			"*bare.example.":       {"bare.example. NS ns.host.test.", "bare.example. NS gone.host.test."},
			"*deep.er.example.":    {"er.example. NS ns.er.example.", "ns.er.example. A 192.0.2.4"},
			"together.example. NS": {"together.example. NS ns.example.", "ns.example. A 192.0.2.2"},
		},
		"192.0.2.3": {
			"ns.host.test. A":    {"ns.host.test. A 192.0.2.31"},
			"ns.host.test. AAAA": {"ns.host.test. AAAA 2001:db8::31"},
		},
		"192.0.2.4": {"*deep.er.example.": {"deep.er.example. NS ns.er.example."}, "ns.er.example. A": {"ns.er.example. A 192.0.2.4"}},
	}
	for zone, want := range map[string]string{
		"glued.example.":   "ns1.glued.example. [192.0.2.11] ns2.glued.example. [2001:db8::12]",
		"GLUED.example":    "ns1.glued.example. [192.0.2.11] ns2.glued.example. [2001:db8::12]",
		"example.":         "ns.example. [192.0.2.2]",
		"c.b.example.":     "ns.b.example. [192.0.2.2]",
		"bare.example.":    "ns.host.test. [192.0.2.31 2001:db8::31] gone.host.test. []",
		"deep.er.example.": "ns.er.example. [192.0.2.4]",
		"together.example": "ns.example. [192.0.2.2]",
		".":                "a.root-servers.net. [192.0.2.1]",
		"loop.":            "a.loop. []",
		"ring.":            "a.gnir. []",
		"up.":              "error",
		"aside.":           "error",
		"nothing.":         "error",
		"no.example.":      "error",
	} {
		client := &dnsroot.Client{Exchanger: world, Hints: dnsroot.Hints{Servers: []dnsroot.Server{{Name: "a.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}}}
		client.Anchors = []dnsroot.Anchor{} // the worlds here are not signed
		hints, anchors, err := client.Delegation(t.Context(), zone)
		assert.Empty(t, anchors)
		if want == "error" {
			require.ErrorIs(t, err, dnsroot.ErrRcode, zone)
			continue
		}
		require.NoError(t, err, zone)
		var got []string
		for _, s := range hints.Servers {
			var addrs []string
			for _, a := range s.Addrs {
				addrs = append(addrs, a.String())
			}
			got = append(got, s.Name+" ["+strings.Join(addrs, " ")+"]")
		}
		assert.Equal(t, want, strings.Join(got, " "), zone)
	}
}
