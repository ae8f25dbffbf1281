package dnsroot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

// Each fault is set on letter k alone; every other letter must stay healthy.
func TestAssessNamesTheFault(t *testing.T) {
	t.Parallel()
	const tcp, udp = dnsroot.TransportTCP, dnsroot.TransportUDP
	signed := time.Now().Add(-24 * time.Hour)
	current := start(t, dnsroottest.Config{Signed: signed}).Serial()
	tests := []struct {
		name     string
		fault    dnsroottest.Fault
		verdict  dnsroot.Verdict
		evidence string
	}{
		{"silence is unreachable", dnsroottest.Fault{Silence: true}, dnsroot.Unreachable, "no answer over IPv4 UDP: 8 of 8 questions"},
		{"silent UDP alone is degraded", dnsroottest.Fault{Silence: true, Transport: udp}, dnsroot.Degraded, "no answer over IPv4 UDP"},
		{"silent TCP alone is degraded", dnsroottest.Fault{Silence: true, Transport: tcp}, dnsroot.Degraded, "no answer over IPv4 TCP"},
		{"TCP too slow to finish", dnsroottest.Fault{SlowTCP: 100 * time.Millisecond}, dnsroot.Degraded, "no answer over IPv4 TCP"},
		{"another id is no answer", dnsroottest.Fault{WrongID: true}, dnsroot.Suspicious, "other_id"},
		{"another source is no answer", dnsroottest.Fault{SpoofedSource: true, Transport: udp}, dnsroot.Suspicious, "other_address"},
		{"half of the questions lost", dnsroottest.Fault{Loss: 0.5}, dnsroot.Degraded, "questions lost over IPv4 UDP"},
		{"slow over UDP", dnsroottest.Fault{Delay: time.Second}, dnsroot.Degraded, "slow over IPv4 UDP: c 1"},
		{"forged answer before the true", dnsroottest.Fault{Decoy: true}, dnsroot.Suspicious, "other_id"},
		{"truncated over TCP too", dnsroottest.Fault{Truncated: true}, dnsroot.Lame, "what cannot be read"},
		{"garbage", dnsroottest.Fault{Garbage: true}, dnsroot.Lame, "what cannot be read"},
		{"SERVFAIL is lame", dnsroottest.Fault{Rcode: 2}, dnsroot.Lame, "over IPv4 UDP: answers SERVFAIL"},
		{"SERVFAIL over TCP is degraded", dnsroottest.Fault{Rcode: 2, Transport: tcp}, dnsroot.Degraded, "over IPv4 TCP: answers SERVFAIL"},
		{"old serial is stale", dnsroottest.Fault{Serial: current - 5}, dnsroot.Stale, "a day behind"},
		{"unsigned", dnsroottest.Fault{Unsigned: true}, dnsroot.Invalid, "not signed"},
		{"bad signature", dnsroottest.Fault{BadSignature: true}, dnsroot.Invalid, "bad signature"},
		{"signed by another", dnsroottest.Fault{Rogue: true}, dnsroot.Invalid, "no key of the set matches a trust anchor"},
		{"wrong answer", dnsroottest.Fault{WrongAnswer: true}, dnsroot.Invalid, "validate . SOA"},
		{"wrong answer over one family", dnsroottest.Fault{WrongAnswer: true, Family: dnsroottest.FamilyIPv4}, dnsroot.Invalid, "IPv4"},
		{"a resolver in its place", dnsroottest.Fault{Intercepted: true}, dnsroot.Suspicious, "RA is set"},
		{"truncated UDP answers over TCP", dnsroottest.Fault{Truncated: true, Transport: udp}, dnsroot.Healthy, ""},
		{"no identity is no fault", dnsroottest.Fault{NoIdentity: true}, dnsroot.Healthy, ""},
		{"a little slow is no fault", dnsroottest.Fault{Delay: 60 * time.Millisecond}, dnsroot.Healthy, ""},
	}
	// Several letters of one fleet have a fault each, fewer than half: what one
	// does is told for itself. Those that are waited for in vain stand together.
	for group := range slices.Chunk(tests, 6) {
		t.Run(group[0].name, func(t *testing.T) {
			t.Parallel()
			fleet := start(t, dnsroottest.Config{Signed: signed})
			client := fleet.Client()
			client.Timeout = 20 * time.Second
			for i, test := range group {
				require.NoError(t, fleet.Set(string('a'+rune(2*i)), test.fault))
				client.Timeout = min(client.Timeout, patient(fleet, test.fault).Timeout)
			}
			a := dnsroot.Assess(sweep(t, client))
			for range 9 { // where this host was not running, slowness cannot be told
				if !strings.Contains(a.String(), "this host was stalled") {
					break
				}
				a = dnsroot.Assess(sweep(t, client))
			}
			healthy := map[string]bool{}
			for _, r := range a.Servers {
				healthy[r.Server[:1]] = true
			}
			for i, test := range group {
				r := report(t, a, string('a'+rune(2*i)))
				assert.Equal(t, test.verdict, r.Verdict, "%s: %s", test.name, r)
				if test.evidence != "" {
					assert.Contains(t, fmt.Sprint(r.Evidence), test.evidence, test.name)
					assert.Equal(t, dnsroot.Degraded, a.Verdict, a.String())
					delete(healthy, r.Server[:1])
				}
			}
			for _, r := range a.Servers {
				if healthy[r.Server[:1]] {
					assert.Equal(t, dnsroot.Healthy, r.Verdict, r.String())
				}
			}
		})
	}
}

// patient is a client that waits long unless the fault means waiting in vain, so
// that nothing but the fault is lost on a busy machine.
func patient(fleet *dnsroottest.Fleet, fault dnsroottest.Fault) *dnsroot.Client {
	client := fleet.Client()
	if !fault.Silence && fault.Loss == 0 && fault.SlowTCP == 0 && !fault.WrongID && !fault.SpoofedSource {
		client.Timeout = 20 * time.Second
	}
	return client
}

func setAll(t *testing.T, fleet *dnsroottest.Fleet, faults ...dnsroottest.Fault) {
	t.Helper()
	for l := range dnsroot.Letters() {
		require.NoError(t, fleet.Set(l.Name(), faults...))
	}
}

// What hits all letters alike may as well be this host's own network.
func TestOneVantagePointCannotTell(t *testing.T) {
	t.Parallel()
	lab.NeedIf(t, "ipv6", missingIPv6(start(t, dnsroottest.Config{})))
	for name, test := range map[string]struct {
		fault   dnsroottest.Fault
		letters dnsroot.Verdict
		says    string
	}{
		"nobody answers":             {dnsroottest.Fault{Silence: true}, dnsroot.Unknown, "path IPv4 TCP, IPv4 UDP, IPv6 TCP, IPv6 UDP: 13 servers: no answer (8 of 8 questions)"},
		"nobody answers over IPv6":   {dnsroottest.Fault{Silence: true, Family: dnsroottest.FamilyIPv6}, dnsroot.Healthy, "path IPv6 TCP, IPv6 UDP: 13 servers: no answer"},
		"nobody answers over TCP":    {dnsroottest.Fault{Silence: true, Transport: dnsroot.TransportTCP}, dnsroot.Healthy, "path IPv4 TCP, IPv6 TCP: 13 servers: no answer"},
		"all lose a third":           {dnsroottest.Fault{Loss: 0.34}, dnsroot.Healthy, "13 servers: questions lost"},
		"nobody validates":           {dnsroottest.Fault{Rogue: true}, dnsroot.Unknown, "next: compare the trust anchors"},
		"all are slow: the path":     {dnsroottest.Fault{Delay: time.Second, Transport: dnsroot.TransportUDP}, dnsroot.Healthy, "13 of 13"},
		"a resolver answers for all": {dnsroottest.Fault{Intercepted: true, Rogue: true}, dnsroot.Suspicious, "a resolver answers in its place"},
		"one that passes signatures": {dnsroottest.Fault{Intercepted: true}, dnsroot.Suspicious, "suspicious: a b c d e f g h i j k l m"},
		"all refuse":                 {dnsroottest.Fault{Rcode: 5}, dnsroot.Unknown, "13 servers: answers, but not with the zone (answers REFUSED)"},
		"all refuse over UDP":        {dnsroottest.Fault{Rcode: 5, Transport: dnsroot.TransportUDP}, dnsroot.Healthy, "path IPv4 UDP, IPv6 UDP: 13 servers: answers, but not with the zone"},
		"UDP loses all signatures":   {dnsroottest.Fault{Unsigned: true, Transport: dnsroot.TransportUDP}, dnsroot.Unknown, "path IPv4 UDP, IPv6 UDP: 13 servers: no signatures"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleet := start(t, dnsroottest.Config{})
			faults := []dnsroottest.Fault{test.fault}
			if test.fault.Loss > 0 { // each way loses as much as the others, whichever is asked first
				faults = nil
				for _, over := range []dnsroot.Transport{dnsroot.TransportUDP, dnsroot.TransportTCP} {
					for _, family := range []dnsroottest.Family{dnsroottest.FamilyIPv4, dnsroottest.FamilyIPv6} {
						faults = append(faults, dnsroottest.Fault{Loss: test.fault.Loss, Transport: over, Family: family})
					}
				}
			}
			setAll(t, fleet, faults...)
			a := dnsroot.Assess(sweep(t, patient(fleet, test.fault)))
			for _, r := range a.Servers {
				if name == "all lose a third" && r.Verdict == dnsroot.Unknown {
					continue // a letter that lost its proof in the general loss
				}
				assert.Equal(t, test.letters, r.Verdict, "%s: %v", r.Server, r.Evidence)
			}
			want := dnsroot.Unknown
			switch name {
			case "all are slow: the path":
				want = dnsroot.Healthy
			case "a resolver answers for all", "one that passes signatures":
				want = dnsroot.Suspicious
			}
			assert.Equal(t, want, a.Verdict, a.String())
			assert.Contains(t, a.String(), test.says)
		})
	}
}
