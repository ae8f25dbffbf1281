package reachtest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/reachtest"
)

func TestMain(m *testing.M) { lab.Main(m) }

func TestDNSAnswersOverEveryTransport(t *testing.T) {
	d, err := reachtest.StartDNS(reachtest.Zone{
		"www.Example.org. a": {Records: []string{"www.example.org. 300 IN A 192.0.2.1"}, Cut: true},
	})
	require.NoError(t, err)
	defer d.Close()
	q := new(dns.Msg)
	q.SetQuestion("www.example.ORG.", dns.TypeA)
	udp, _, err := new(dns.Client).Exchange(q, d.Addr().String())
	require.NoError(t, err)
	assert.True(t, udp.Truncated)
	assert.Empty(t, udp.Answer)
	tcp, _, err := (&dns.Client{Net: "tcp"}).Exchange(q, d.Addr().String())
	require.NoError(t, err)
	assert.Len(t, tcp.Answer, 1)
	assert.Equal(t, []string{"www.example.org. A", "www.example.org. A"}, d.Queries())

	q.SetQuestion("www.example.org.", dns.TypeAAAA)
	nodata, _, err := new(dns.Client).Exchange(q, d.Addr().String())
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeSuccess, nodata.Rcode, "the name is there for another type")
	q.SetQuestion("nobody.example.org.", dns.TypeA)
	nx, _, err := new(dns.Client).Exchange(q, d.Addr().String())
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeNameError, nx.Rcode)
}

func TestDNSDropEndsWithTheContext(t *testing.T) {
	d, err := reachtest.StartDNS(reachtest.Zone{"x A": {Drop: true}})
	require.NoError(t, err)
	defer d.Close()
	q := new(dns.Msg)
	q.SetQuestion("x.", dns.TypeA)
	b, err := q.Pack()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = d.Exchange(ctx, b)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestDNSRefusesScriptsItCannotServe(t *testing.T) {
	for _, z := range []reachtest.Zone{
		{"www.example.org": {}},
		{"www.example.org NOSUCH": {}},
		{"www.example.org A": {Rcode: "LOST"}},
		{"www.example.org A": {Records: []string{"not a record"}}},
	} {
		_, err := reachtest.StartDNS(z)
		require.Error(t, err, "%v", z)
	}
}

func TestHTTPServesByHost(t *testing.T) {
	h, err := reachtest.StartHTTP(reachtest.Site{
		"www.example.org": {Status: 201, Header: map[string]string{"X-Here": "yes"}, Body: "hello"}, "": {Echo: true},
	})
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(host string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.Addr().String()+"/p", nil)
		require.NoError(t, err)
		r.Host = host
		resp, err := client.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp, string(b)
	}
	resp, body := get("WWW.example.org:8080")
	assert.Equal(t, 201, resp.StatusCode)
	assert.Equal(t, "yes", resp.Header.Get("X-Here"))
	assert.Equal(t, "hello", body)
	_, body = get("other.example")
	assert.Equal(t, "other.example", body)
	assert.Equal(t, []string{"GET www.example.org:8080 /p", "GET other.example /p"}, h.Requests())
	idle, err := net.Dial("tcp", h.Addr().String())
	require.NoError(t, err)
	defer idle.Close()
	require.NoError(t, h.Close(), "an idle client does not hold it up")
}

func TestSilentPortAnswersNoSYN(t *testing.T) {
	s, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer s.Close()
	_, err = (&net.Dialer{Timeout: 100 * time.Millisecond}).Dial("tcp", s.Addr().String())
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout())
}

func ExampleStartDNS() {
	d, err := reachtest.StartDNS(reachtest.Zone{"www.example.org A": {Records: []string{"www.example.org. 300 IN A 192.0.2.1"}}})
	if err != nil {
		panic(err)
	}
	defer d.Close()
	c, err := new(reach.Prober).Compare(context.Background(), "www.example.org", "A", reach.Resolver{Addr: d.Addr()})
	fmt.Println(c.Verdict, c.Addrs(), err)
	// Output: answered [192.0.2.1] <nil>
}

func ExampleStartHTTP() {
	h, err := reachtest.StartHTTP(reachtest.Site{"www.example.org": {Close: true}})
	if err != nil {
		panic(err)
	}
	defer h.Close()
	a, err := new(reach.Prober).HTTP(context.Background(), reach.HTTPRequest{URL: "http://www.example.org/", At: h.Addr()})
	fmt.Println(a.Verdict, err)
	// Output: closed <nil>
}

func ExampleStartSilent() {
	s, err := reachtest.StartSilent()
	if err != nil {
		panic(err)
	}
	defer s.Close()
	c, err := (&reach.Prober{Timeout: 100 * time.Millisecond}).Connect(context.Background(), s.Addr())
	fmt.Println(c.Verdict, err) // 100 ms are too short to call it silent
	// Output: unknown <nil>
}
