package bulk

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

func TestEveryFieldOfTheClientIsUsed(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	c := &whoislookup.Client{
		Dial: dial, Timeout: time.Second, Protocols: []string{"whois"}, Compare: true, Bootstrap: make([]servers.Bootstrap, 1),
		RootCAs: x509.NewCertPool(), Server: "a", Table: servers.Table{Zones: "z"}, MaxHops: 1, MaxBytes: 2, AllowPrivate: true,
	}
	from, to := reflect.ValueOf(c).Elem(), reflect.ValueOf(paced(c, dial)).Elem()
	for i := range from.NumField() {
		f := from.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		require.False(t, from.Field(i).IsZero(), "%s is not in this test", f.Name)
		switch f.Name {
		case "Dial":
		case "Timeout":
			assert.Equal(t, unhurried, to.Field(i).Interface())
		default:
			assert.Equal(t, from.Field(i).Interface(), to.Field(i).Interface(), f.Name)
		}
	}
}

func TestWaitingForATurnIsNotTheServersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() { // takes the query and says nothing
				buf := make([]byte, 64)
				for {
					if _, err := far.Read(buf); err != nil {
						return
					}
				}
			}()
			return near, nil
		}
		b := &Bulk{Client: &whoislookup.Client{Dial: silent, Server: "whois.example", Timeout: 2 * time.Second}, Every: time.Minute}
		for i := range 2 {
			start := time.Now()
			_, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{101, byte(i), 0, 1}))
			require.ErrorIs(t, err, whoislookup.ErrUnreachable)
			assert.Equal(t, []time.Duration{2 * time.Second, time.Minute}[i], time.Since(start)) // 58 s of waiting, then 2 s
		}
	})
}

func TestBehindAProxyAllLookUpsTakeTurnsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Bulk{Every: time.Second}
		refused := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("refused") }
		b.prepare.Do(func() {
			b.asking = &whoislookup.Client{Dial: refused, Protocols: []string{"whois"}}
			b.shared = true
		})
		start := time.Now()
		for i := range 3 {
			_, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{byte(100 + i), 1, 0, 1}))
			require.Error(t, err)
		}
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestWhenConnectionsDoNotTellTheServer(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	assert.False(t, throughProxy(new(whoislookup.Client)))
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
	assert.True(t, throughProxy(new(whoislookup.Client)))
	assert.True(t, throughProxy(&whoislookup.Client{Protocols: []string{"whois", "rdap"}}))
	assert.False(t, throughProxy(&whoislookup.Client{Protocols: []string{"whois"}}))
	assert.False(t, throughProxy(&whoislookup.Client{Server: "whois.example"}))
	assert.False(t, throughProxy(&whoislookup.Client{Dial: dial}), "the dial function is told")
}

func TestPaceOfEachServer(t *testing.T) {
	b := new(Bulk)
	assert.Equal(t, time.Second, b.every("whois.ripe.net"))
	assert.Equal(t, 6*time.Second, b.every("rdap.lacnic.net"))
	b = &Bulk{Every: time.Minute, Servers: map[string]time.Duration{"whois.ripe.net": 0}}
	assert.Zero(t, b.every(b.turnOf("WHOIS.ripe.net:43")))
	assert.Equal(t, time.Minute, b.every("rdap.lacnic.net"))
}

func TestPrivateTargetsStayRefused(t *testing.T) {
	_, err := new(Bulk).dial(t.Context(), "tcp", "localhost:43")
	require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget)
}
