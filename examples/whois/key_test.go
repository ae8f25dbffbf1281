package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

// teamCymru answers in bulk mode from lines by address. It notes what it was
// told, and when: what had been printed by then.
type teamCymru struct {
	lines   map[string]string
	told    []string
	printed string
}

func (c *teamCymru) serve(conn net.Conn) {
	defer conn.Close()
	for in := bufio.NewScanner(conn); in.Scan() && in.Text() != "end"; {
		if _, err := netip.ParseAddr(in.Text()); err == nil {
			c.told = append(c.told, in.Text())
			if _, err := io.WriteString(conn, c.lines[in.Text()]); err != nil {
				return
			}
		}
	}
}

func TestByAnnouncedAS(t *testing.T) {
	const list = "120 138.0.155.10\n7 190.57.233.170\n1 104.20.75.37\n104.20.76.37\n5 10.0.0.1\n"
	group := func(c *teamCymru, args ...string) (int, string, string) {
		var out, err bytes.Buffer
		client := newServer(t).Client()
		registries := client.Dial
		client.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "whois.cymru.com:43" {
				return registries(ctx, network, address)
			}
			c.printed = err.String()
			near, far := net.Pipe()
			go c.serve(far)
			return near, nil
		}
		code := ask(t.Context(), &bulk.Bulk{Client: client, Every: time.Nanosecond}, strings.NewReader(list), args, &out, &err)
		return code, out.String(), err.String()
	}
	c := &teamCymru{lines: map[string]string{
		"104.20.75.37":   "13335 | 104.20.75.37 | 104.20.64.0/20 | US | arin | 2014-03-28 | CLOUDFLARENET, US\n",
		"104.20.76.37":   "13335 | 104.20.76.37 | 104.20.64.0/20 | US | arin | 2014-03-28 | CLOUDFLARENET, US\n",
		"138.0.155.10":   "64501 | 138.0.155.10 | 138.0.0.0/16 | AR | lacnic | 2014-10-20 | SECOND\n64500 | 138.0.155.10 | 138.0.152.0/22 | AR | lacnic | 2014-10-20 | FIRST\n",
		"190.57.233.170": "NA | 190.57.233.170 | NA | AR | lacnic | NA | NA\n",
	}}
	code, out, stderr := group(c, "-by", "asn", "-announced")
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, `120 requests from 1 addresses: "AS64500 FIRST and AS64501 SECOND" (announced)
  block: 138.0.152.0/22
7 requests from 1 addresses: "not announced" (announced)
  block: 190.57.233.160/28
5 requests from 1 addresses: "special-purpose space, not asked for" (announced)
2 requests from 2 addresses: "AS13335 CLOUDFLARENET, US" (announced)
  block: 104.16.0.0/12
not checked: nothing more
`, out)
	assert.ElementsMatch(t, []string{"138.0.155.10", "190.57.233.170", "104.20.75.37", "104.20.76.37"}, c.told, "private addresses are nobody's business")
	assert.Contains(t, c.printed, "asking whois.cymru.com (Team Cymru, a third party) who announces 4 addresses\n", "named before it is asked")

	_, out, _ = group(c, "-by", "asn", "-announced", "-json")
	assert.Contains(t, out, `"key":"AS13335 CLOUDFLARENET, US","from":"announced"`)
	_, out, _ = group(c, "-by", "asn", "-json")
	assert.Contains(t, out, `"key":"AS13335","from":"registered"`)
	assert.True(t, strings.HasSuffix(out, `{"unseen":[{"what":"which AS announces them","why":"only registered origins were read","need":"-announced, which asks whois.cymru.com"}]}`+"\n"), out)
	_, out, stderr = group(c, "-by", "asn", "-nft")
	assert.NotContains(t, out, "not checked", "nft(8) is to read it")
	assert.Contains(t, stderr, "not checked: which AS announces them (")

	for _, args := range [][]string{{"-by", "asn"}, {"-by", "holder"}, {"-by", "country"}} {
		c := new(teamCymru)
		group(c, args...)
		assert.Empty(t, c.told, "%s: no third party unasked", args)
	}
	code, out, stderr = group(new(teamCymru), "-by", "asn", "-announced")
	assert.Equal(t, 2, code, "no answer is not \"not announced\"")
	assert.Contains(t, out, `129 requests from 4 addresses: "not known" (announced)`)
	assert.Contains(t, stderr, "and no answer for 3 more addresses\n")

	for _, args := range [][]string{{"-by", "holder", "-announced"}, {"-announced", "1.1.1.1"}, {"-nft", "1.1.1.1"}} {
		code, _, _ = group(c, args...)
		assert.Equal(t, 2, code, args)
	}
}

func TestEveryRegisteredOriginCounts(t *testing.T) {
	res := bulk.Result{Record: &whoislookup.Record{Network: &whoislookup.Network{
		Origin: []uint32{64501, 64500}, Routes: []whoislookup.Route{{Origin: 64500}},
	}}}
	require.Equal(t, "AS64500 and AS64501", keyOf(res, "asn"))
	require.Equal(t, "not published", keyOf(bulk.Result{}, "asn"))
}
