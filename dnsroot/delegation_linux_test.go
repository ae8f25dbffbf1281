//go:build linux

package dnsroot_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/internal/lab"
)

// delegated is a root server that delegates example. to six servers, two of each
// kind of program, of which four have a fault.
func delegated(t *testing.T) (*dnsroot.Client, map[string]netip.Addr) {
	f := &realFleet{dir: t.TempDir(), zone: "example.", files: map[string]string{}}
	require.NoError(t, os.Chmod(f.dir, 0o755))
	faulty := map[string]netip.Addr{}
	var glue strings.Builder
	for i := range 6 {
		s := dnsroot.Server{Name: fmt.Sprintf("ns%d.example.", i+1), Addrs: addresses(t, 11+i)}
		f.hints.Servers = append(f.hints.Servers, s)
		fmt.Fprintf(&glue, "example. NS %s\n%s A %s\n%s AAAA %s\n", s.Name, s.Name, s.Addrs[0], s.Name, s.Addrs[1])
	}
	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format("20060102150405") }
	keys := f.keys(t, "example.")
	version := func(server int, name string, day time.Time, from, until time.Duration) {
		text := fmt.Sprintf("$TTL 3600\nexample. SOA ns1.example. hostmaster.example. %s00 3600 900 604800 300\n", day.Format("20060102")) + glue.String() + keys
		file := filepath.Join(f.dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		command(t, "dnssec-signzone", "-P", "-K", f.dir, "-d", f.dir, "-o", "example.", "-s", at(from), "-e", at(until), "-f", file+".signed", file)
		if server >= 0 {
			s := f.hints.Servers[server]
			f.files[s.Name], faulty[name] = file+".signed", s.Addrs[0]
		}
	}
	const hour, day = time.Hour, 24 * time.Hour
	version(-1, "current", now, -6*hour, 10*day)
	version(1, "lagging", now.Add(-3*day), -3*day, 10*day)
	version(2, "expired", now, -10*day, -day)
	version(4, "ending", now, -6*hour, 2*hour)
	faulty["lame"] = f.hints.Servers[3].Addrs[0]
	current := filepath.Join(f.dir, "current.signed")

	ds, err := os.ReadFile(filepath.Join(f.dir, "dsset-example."))
	require.NoError(t, err)
	root := startReal(t, 1, 1, glue.String()+string(ds))
	for i, s := range f.hints.Servers {
		if f.files[s.Name] == "" {
			f.files[s.Name] = current
		}
		if i == 3 {
			f.zone = "other." // it answers, and has another zone
		}
		[]func(*testing.T, dnsroot.Server){f.nsd, f.knot, f.bind}[i%3](t, s)
		f.zone = "example."
	}
	return &dnsroot.Client{Hints: root.hints, Anchors: root.anchors, Timeout: 2 * time.Second}, faulty
}

// The servers of a zone, found from the root down: each offender is named by its
// address, and dig sees the same there.
func TestBarZone(t *testing.T) {
	needDaemons(t)
	lab.Need(t, "program:dig")
	if lab.Bars() == lab.Small {
		lab.Bar(t, "dnsroot_zone", "small")
		return
	}
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	client, faulty := delegated(t)
	hints, anchors, err := client.Delegation(t.Context(), "Example")
	require.NoError(t, err)
	require.Len(t, hints.Servers, 6)
	require.NotEmpty(t, anchors, "the parent's signature proves the DS records")
	client.Hints, client.Anchors = hints, append(client.Anchors, anchors...)
	var a *dnsroot.Assessment
	lab.Eventually(t, time.Minute, "all six answer", func() bool {
		a = dnsroot.Assess(sweep(t, client))
		return !strings.Contains(a.String(), "no answer") && !strings.Contains(a.String(), "refused") && !strings.Contains(a.String(), "lost")
	})
	named := 0
	for name, test := range map[string]struct {
		verdict   dnsroot.Verdict
		says, dig string
	}{
		"lagging": {dnsroot.Stale, "3 days behind", `SOA\s+ns1`},
		"expired": {dnsroot.Invalid, "expired signatures, which another server's zone proves", `SOA\s+ns1`},
		"lame":    {dnsroot.Lame, "answers, but not with the zone", `status: REFUSED`},
		"ending":  {dnsroot.Degraded, "signatures that end soon (in ", `SOA\s+ns1`},
	} {
		line := ""
		for _, trouble := range a.Troubles {
			if strings.Contains(trouble.String(), test.says) && strings.Contains(trouble.String(), ": at "+faulty[name].String()) {
				line = trouble.String()
			}
		}
		if assert.NotEmpty(t, line, "%s\n%s", name, a) {
			assert.True(t, strings.HasPrefix(line, test.verdict.String()+": "), line)
			named++
		}
		out := command(t, "dig", "+norec", "+dnssec", "@"+faulty[name].String(), "example.", "SOA")
		assert.Regexp(t, test.dig, out)
		if end := regexp.MustCompile(`RRSIG\s+SOA \d+ \d+ \d+ (\d{14})`).FindStringSubmatch(out); name != "lame" {
			require.NotNil(t, end, out)
			until, err := time.Parse("20060102150405", end[1])
			require.NoError(t, err)
			assert.Equal(t, name == "expired", until.Before(time.Now()), "%s by dig until %s", name, until)
		}
	}
	for _, r := range a.Servers {
		if r.Server == "ns1.example." || r.Server == "ns6.example." {
			assert.Equal(t, dnsroot.Healthy, r.Verdict, r.String())
		}
	}
	lab.Bar(t, "dnsroot_zone", "%d of 4 offenders named by address, dig agrees", named)
	assert.Equal(t, 4, named)
}
