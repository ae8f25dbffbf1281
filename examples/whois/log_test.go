package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestEveryGoodLineOfALogIsAnswered: of 10,000 lines one in twenty is none.
func TestEveryGoodLineOfALogIsAnswered(t *testing.T) {
	srv, err := whoistest.NewServer(nil)
	require.NoError(t, err)
	defer srv.Close()
	srv.Handle("whois.ripe.net", func(conn net.Conn, line string) {
		f := strings.Fields(line)
		p, _ := netip.MustParseAddr(f[len(f)-1]).Prefix(24)
		fmt.Fprintf(conn, "inetnum: %s\nnetname: EX\ndescr: Example %d\ncountry: NL\nstatus: ASSIGNED PA\nsource: RIPE\n", p, p.Addr().As4()[2])
	})
	random := rand.New(rand.NewPCG(9, 9))
	rubbish := []string{"-", "GET / HTTP/1.1", "193.0.0.256", "x 193.0.0.1", "3 193.0.0.1 193.0.0.2", "\x1b[2J", "0 193.0.0.1", "::ffff:1:2:3:4:5:6:7:8"}
	var log strings.Builder
	odd, want := 0, map[int]int{}
	for range 10000 {
		if random.IntN(20) == 0 {
			odd++
			fmt.Fprintln(&log, rubbish[random.IntN(len(rubbish))])
			continue
		}
		holder := random.IntN(40)
		want[holder]++
		fmt.Fprintf(&log, "193.0.%d.%d\n", holder, random.IntN(256))
	}
	var out, stderr bytes.Buffer
	code := ask(t.Context(), &bulk.Bulk{Client: srv.Client(), Every: time.Nanosecond}, strings.NewReader(log.String()), []string{"-by", "holder"}, &out, &stderr)
	assert.Equal(t, 2, code, "some lines are not understood")
	for holder, requests := range want {
		assert.Regexp(t, fmt.Sprintf(`(?m)^%d requests from \d+ addresses: "Example %d"$`, requests, holder), out.String())
	}
	assert.NotContains(t, out.String(), "not known")
	assert.Contains(t, out.String(), fmt.Sprintf("%d lines of the list", odd))
	assert.LessOrEqual(t, strings.Count(stderr.String(), "\n"), 5)
}
