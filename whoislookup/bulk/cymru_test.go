package bulk_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

// cymru answers in bulk mode, one line per address as soon as it has come.
type cymru struct {
	lines   map[string]string // by address; an address without one ends the connection
	batches [][]string
	dialed  []string
}

func (c *cymru) dial(_ context.Context, _, address string) (net.Conn, error) {
	c.dialed = append(c.dialed, address)
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		io.WriteString(far, "Bulk mode; whois.cymru.com [2026-11-22 10:00:00 +0000]\n")
		var batch []string
		for in := bufio.NewScanner(far); in.Scan(); {
			batch = append(batch, in.Text())
			if in.Text() == "end" {
				break
			}
			if line, ok := c.lines[in.Text()]; ok {
				io.WriteString(far, line)
			} else if _, err := netip.ParseAddr(in.Text()); err == nil {
				return
			}
		}
		c.batches = append(c.batches, batch)
	}()
	return near, nil
}

func TestOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cymru{lines: map[string]string{
			"104.20.75.37": "13335   | 104.20.75.37     | 104.20.64.0/20      | US | arin     | 2014-03-28 | CLOUDFLARENET, US\n",
			"138.0.155.10": "52308   | 138.0.155.10     | 138.0.152.0/22      | AR | lacnic   | 2014-10-20 | Gigared | S.A., AR\n64500 | 138.0.155.10 | 138.0.0.0/16 | AR | lacnic | 2014-10-20 | SECOND\n",
			"10.0.0.1":     "NA      | 10.0.0.1         | NA                  | NA | NA       | NA         | NA\n6 | 9.9.9.9 | NA | NA | NA | NA | nobody asked\n",
		}}
		b := &bulk.Bulk{Client: &whoislookup.Client{Dial: c.dial}, Every: time.Second}
		var got []bulk.Origin
		for o, err := range b.Origins(t.Context(), each("104.20.75.37", "138.0.155.10", "10.0.0.1")) {
			require.NoError(t, err)
			got = append(got, o)
		}
		assert.Equal(t, []bulk.Origin{
			{Addr: netip.MustParseAddr("104.20.75.37"), ASN: 13335, Prefix: netip.MustParsePrefix("104.20.64.0/20"), Country: "US", Registry: "arin", Date: "2014-03-28", Name: "CLOUDFLARENET, US"},
			{Addr: netip.MustParseAddr("138.0.155.10"), ASN: 52308, Prefix: netip.MustParsePrefix("138.0.152.0/22"), Country: "AR", Registry: "lacnic", Date: "2014-10-20", Name: "Gigared | S.A., AR"},
			{Addr: netip.MustParseAddr("138.0.155.10"), ASN: 64500, Prefix: netip.MustParsePrefix("138.0.0.0/16"), Country: "AR", Registry: "lacnic", Date: "2014-10-20", Name: "SECOND"},
			{Addr: netip.MustParseAddr("10.0.0.1")},
		}, got)
		synctest.Wait()
		assert.Equal(t, []string{"whois.cymru.com:43"}, c.dialed)
		assert.Equal(t, [][]string{{"begin", "verbose", "104.20.75.37", "138.0.155.10", "10.0.0.1", "end"}}, c.batches)
	})
}

func TestOriginsInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cymru{lines: map[string]string{}}
		addrs := func(yield func(netip.Addr) bool) {
			for i := range 2500 {
				if !yield(netip.AddrFrom4([4]byte{100, 100, byte(i >> 8), byte(i)})) {
					return
				}
			}
		}
		for a := range addrs {
			c.lines[a.String()] = "1 | " + a.String() + " | NA | NA | NA | NA | X\n"
		}
		b := &bulk.Bulk{Client: &whoislookup.Client{Dial: c.dial}, Every: time.Second}
		start, n := time.Now(), 0
		for _, err := range b.Origins(t.Context(), addrs) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 2500, n)
		assert.Len(t, c.dialed, 3)
		assert.Equal(t, 2*time.Second, time.Since(start), "at the pace of Every")
		for range b.Origins(t.Context(), addrs) {
			break // the bubble fails if a goroutine is left
		}
	})
}

func TestOriginsThatDoNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cymru{lines: map[string]string{"1.1.1.1": "13335 | 1.1.1.1 | 1.1.1.0/24 | AU | apnic | 2011-08-11 | CLOUDFLARENET, US\n"}}
		b := &bulk.Bulk{Client: &whoislookup.Client{Dial: c.dial}}
		good, bad := 0, 0
		for o, err := range b.Origins(t.Context(), each("1.1.1.1", "2.2.2.2", "3.3.3.3")) {
			if err == nil {
				good++
				continue
			}
			require.ErrorIs(t, err, whoislookup.ErrUnreachable)
			assert.True(t, o.Addr.IsValid())
			bad++
		}
		assert.Equal(t, 1, good)
		assert.Equal(t, 2, bad)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range b.Origins(ctx, each("1.1.1.1")) {
			require.ErrorIs(t, err, context.Canceled)
		}

		silent := &whoislookup.Client{Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			return near, nil
		}}
		start := time.Now()
		for _, err := range (&bulk.Bulk{Client: silent}).Origins(t.Context(), each("1.1.1.1")) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestALineThatBreaksOffIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cymru{lines: map[string]string{
			"1.1.1.1": "13335 | 1.1.1.1 | 1.1.1.0/24 | AU | apnic | 2011-08-11 | CLOUDFLARENET, US\nError: no ASN or IP match on line 3.\n",
			"1.0.0.1": "13335 | 1.0.0.1 | 1.0.0.0/24 | AU | apnic | 2011-08-11 | CLOUDFL",
		}}
		b := &bulk.Bulk{Client: &whoislookup.Client{Dial: c.dial}}
		names := map[string]string{}
		for o, err := range b.Origins(t.Context(), each("1.1.1.1", "1.0.0.1")) {
			names[o.Addr.String()] = o.Name
			assert.Equal(t, o.Addr.String() == "1.0.0.1", err != nil, o.Addr)
		}
		assert.Equal(t, map[string]string{"1.1.1.1": "CLOUDFLARENET, US", "1.0.0.1": ""}, names)
	})
}

func FuzzOrigin(f *testing.F) {
	for _, s := range []string{
		"13335   | 104.20.75.37     | 104.20.64.0/20      | US | arin     | 2014-03-28 | CLOUDFLARENET, US",
		"NA      | 10.0.0.1         | NA                  | NA | NA       | NA         | NA",
		"23028   | 2001:db8::1 | 2001:db8::/32 | ZZ | apnic | | ",
		"Error: no ASN or IP match on line 3.",
		"AS      | IP               | BGP Prefix          | CC | Registry | Allocated  | AS Name",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if o, ok := bulk.ParseOrigin(line); ok {
			assert.True(t, o.Addr.IsValid())
			assert.False(t, strings.HasPrefix(o.Name, " "))
		}
	})
}
