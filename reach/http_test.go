package reach

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/reach/reachtest"

	"github.com/opskit-go/opskit"
)

// certificate makes a self-signed certificate for a name, and a pool with it.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestHTTPAsksTheAddressForTheName(t *testing.T) {
	// What the blog typed: curl -I 138.0.155.10/index.php -H 'Host: www.pagina12.com.ar'.
	web, err := reachtest.StartHTTP(reachtest.Site{
		"www.pagina12.com.ar": {Status: 302, Header: map[string]string{"Location": "/diario/ultimas/index.html", "Server": "Apache\u009b2J"}},
	})
	require.NoError(t, err)
	defer web.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	p := &Prober{Via: func(netip.AddrPort) netip.AddrPort { return web.Addr() }}
	a, err := p.HTTP(t.Context(), HTTPRequest{URL: "http://user:secret@www.pagina12.com.ar/index.php#top", At: addr("138.0.155.10:0")})
	require.NoError(t, err)
	assert.Equal(t, Answered, a.Verdict, "%s", a)
	assert.Equal(t, 302, a.Status, "a redirect is not followed")
	assert.Equal(t, []string{"/diario/ultimas/index.html"}, a.Header["Location"])
	assert.Equal(t, addr("138.0.155.10:80"), a.Connection.Target)
	assert.Equal(t, "http://www.pagina12.com.ar/index.php", a.URL, "neither password nor fragment is kept")
	assert.Equal(t, []string{"HEAD www.pagina12.com.ar /index.php"}, web.Requests())
	assert.Contains(t, a.String(), `Server: Apache\xc2\x9b2J`)
	assert.NotContains(t, a.String(), "\u009b", "a control sequence of the server reaches no terminal")

	a, err = p.HTTP(t.Context(), HTTPRequest{URL: "http://www.pagina12.com.ar/", Host: "other.example", At: addr("138.0.155.10:80")})
	require.NoError(t, err)
	assert.Equal(t, Closed, a.Verdict, "%s", a)
}

func TestHTTPFaultsAreVerdicts(t *testing.T) {
	t.Parallel()
	web, err := reachtest.StartHTTP(reachtest.Site{
		"silent": {Silent: true}, "closed": {Close: true}, "garbage": {Raw: "220 mail.example ESMTP\r\n"},
		"half": {Raw: "HTTP/1.1 200 OK\r\nServer:"}, "long": {Raw: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", maxHead) + "\r\n\r\n"},
		"error": {Status: 503}, "continue": {Raw: "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
		"page": {Body: "hello"}, "big": {Body: strings.Repeat("x", maxBody+10)},
	})
	require.NoError(t, err)
	defer web.Close()
	get := func(host, method string, timeout time.Duration) *HTTPAnswer {
		p := &Prober{Timeout: timeout}
		a, err := p.HTTP(t.Context(), HTTPRequest{URL: "http://" + host + "/", At: web.Addr(), Method: method})
		require.NoError(t, err, host)
		return a
	}
	for host, want := range map[string]Verdict{
		"closed": Closed, "garbage": Malformed, "half": Malformed, "long": Malformed, "error": Answered, "continue": Answered, "nobody": Closed,
	} {
		assert.Equal(t, want, get(host, "HEAD", 0).Verdict, host)
	}
	assert.Equal(t, 503, get("error", "", 0).Status)
	assert.Equal(t, 204, get("continue", "", 0).Status)
	page := get("page", "GET", 0)
	assert.Equal(t, 5, page.BodySize)
	assert.Equal(t, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", page.BodySHA256) // printf hello | sha256sum
	assert.False(t, page.BodyCut)
	big := get("big", "GET", 0)
	assert.Equal(t, maxBody, big.BodySize)
	assert.True(t, big.BodyCut)

	short := get("silent", "", 200*time.Millisecond)
	assert.Equal(t, Unknown, short.Verdict)
	assert.Contains(t, short.String(), "too short to judge")
	silent := get("silent", "", silentAnswer+300*time.Millisecond)
	assert.Equal(t, Silent, silent.Verdict)
	if kernelEvidence {
		require.NotNil(t, silent.RequestAcked)
		assert.True(t, *silent.RequestAcked)
	}
}

func TestHTTPWithoutAConnection(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	at := web.Addr()
	require.NoError(t, web.Close())
	a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "http://www.example.org/", At: at})
	require.NoError(t, err)
	assert.Equal(t, Refused, a.Verdict)
	for _, r := range []HTTPRequest{
		{},
		{URL: "www.example.org"},
		{URL: "ftp://www.example.org/", At: at},
		{URL: "http://\x00/", At: at},
		{URL: "http://www.example.org/"},
		{URL: "http://www.example.org/", At: at, Method: "DELETE"},
		{URL: "http://www.example.org/", At: at, Host: "a b\r\nX: y"},
		{URL: "http://www.example.org:99999/", At: netip.AddrPortFrom(at.Addr(), 0)},
	} {
		_, err := new(Prober).HTTP(t.Context(), r)
		require.ErrorIs(t, err, ErrTarget, "%v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = new(Prober).HTTP(ctx, HTTPRequest{URL: "http://www.example.org/", At: at})
	require.ErrorIs(t, err, context.Canceled)
}

func TestHTTPEndsWithTheCaller(t *testing.T) {
	web, err := reachtest.StartHTTP(reachtest.Site{"": {Silent: true}})
	require.NoError(t, err)
	defer web.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	a, err := new(Prober).HTTP(ctx, HTTPRequest{URL: "http://www.example.org/", At: web.Addr()})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, Unknown, a.Verdict)
}

// Without a single root nobody's certificate proves anything: that is this
// host's lack, as in a container without ca-certificates.
func TestHostWithoutRootsBlamesNoCertificate(t *testing.T) {
	good, _ := certificate(t, "www.example.org", time.Now().Add(time.Hour))
	web, err := reachtest.StartHTTPS(reachtest.Site{"www.example.org": {Body: "hello"}}, good)
	require.NoError(t, err)
	defer web.Close()
	a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "https://www.example.org/", At: web.Addr(), Roots: x509.NewCertPool()})
	require.NoError(t, err)
	require.False(t, a.TLS.Problem.IsZero())
	require.ErrorIs(t, a.TLS.Problem.Err(), ErrLocal)
	require.NotErrorIs(t, a.TLS.Problem.Err(), ErrCertificate)
	b, err := json.Marshal(a)
	require.NoError(t, err)
	var back HTTPAnswer
	require.NoError(t, json.Unmarshal(b, &back))
	for _, answer := range []HTTPAnswer{*a, back} {
		assert.Equal(t, opskit.Unknown, answer.Level(), "%s", answer)
		assert.Contains(t, answer.String(), "whether the certificate is valid (this host has no root certificates")
	}
}

func TestHTTPSJudgesTheCertificateAndStillAnswers(t *testing.T) {
	good, roots := certificate(t, "www.example.org", time.Now().Add(time.Hour))
	old, oldRoots := certificate(t, "www.example.org", time.Now().Add(-time.Hour))
	for rule, tt := range map[string]struct {
		cert  tls.Certificate
		roots *x509.CertPool
		host  string
		why   string
	}{
		"a good one":           {good, roots, "www.example.org", ""},
		"of another name":      {good, roots, "www.example.net", "not www.example.net"},
		"of an unknown issuer": {good, oldRoots, "www.example.org", "unknown authority"},
		"an expired one":       {old, oldRoots, "www.example.org", "expired"},
	} {
		t.Run(rule, func(t *testing.T) {
			web, err := reachtest.StartHTTPS(reachtest.Site{tt.host: {Body: "hello"}}, tt.cert)
			require.NoError(t, err)
			defer web.Close()
			a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "https://" + tt.host + "/", At: web.Addr(), Roots: tt.roots})
			require.NoError(t, err)
			require.Equal(t, Answered, a.Verdict, "%s", a)
			assert.Equal(t, tt.host, a.TLS.ServerName)
			assert.Equal(t, [][]byte{tt.cert.Certificate[0]}, a.TLS.Chain)
			if tt.why == "" {
				assert.True(t, a.TLS.Problem.IsZero())
				return
			}
			require.False(t, a.TLS.Problem.IsZero())
			require.ErrorIs(t, a.TLS.Problem.Err(), ErrCertificate)
			assert.Contains(t, a.String(), tt.why)
		})
	}
	plain, err := reachtest.StartHTTP(reachtest.Site{"": {}})
	require.NoError(t, err)
	defer plain.Close()
	a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "https://www.example.org/", At: plain.Addr()})
	require.NoError(t, err)
	assert.Equal(t, TLSFailed, a.Verdict, "a server that speaks no TLS")
}

func TestTLSHandshakeThatNeverComesIsSilence(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	p := &Prober{Timeout: silentAnswer + 300*time.Millisecond}
	a, err := p.HTTP(t.Context(), HTTPRequest{URL: "https://www.example.org/", At: addr(l.Addr().String())})
	require.NoError(t, err)
	assert.Equal(t, Silent, a.Verdict, "%s", a)
	assert.True(t, a.TLS.Failure.IsZero())
}

// The server, which has many names on one address, sees the name as SNI.
func TestServerNameIsSentToThePinnedAddress(t *testing.T) {
	cert, roots := certificate(t, "only-by-name.example", time.Now().Add(time.Hour))
	names := make(chan string, 1)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		names <- h.ServerName
		return &cert, nil
	}})
	require.NoError(t, err)
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "https://127.0.0.1/", Host: "only-by-name.example", At: addr(l.Addr().String()), Roots: roots})
	require.NoError(t, err)
	<-done
	assert.Equal(t, "only-by-name.example", <-names)
	assert.Equal(t, Answered, a.Verdict, "%s", a)
	assert.True(t, a.TLS.Problem.IsZero())
}

// A server that wants a certificate of who asks says so by an alert, by TLS 1.3 only
// after the handshake: neither is a malformed answer.
func TestCertificateOfTheClientIsWanted(t *testing.T) {
	t.Parallel()
	cert, roots := certificate(t, "www.example.org", time.Now().Add(time.Hour))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if conn, err := l.Accept(); err == nil {
				_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: version}).Handshake()
				_, _ = io.Copy(io.Discard, conn) // what is unread would turn the end into a reset
				_ = conn.Close()
			}
		}()
		a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "https://www.example.org/", At: addr(l.Addr().String()), Roots: roots})
		require.NoError(t, err)
		assert.Equal(t, TLSFailed, a.Verdict, "%s", a)
		assert.Contains(t, a.TLS.Failure.String(), "remote error: tls: ")
		assert.False(t, a.TLS.Proven(), "%s", a)
		<-done
	}
}

// What crypto/x509 does not read is what a look for compromised roots needs most.
func TestChainThatCryptoTLSRefusesIsKept(t *testing.T) {
	t.Parallel()
	cert, _ := certificate(t, "www.example.org", time.Now().Add(time.Hour))
	bad := append([]byte(nil), cert.Certificate[0]...)
	serial := bytes.Index(bad, []byte{0x02, 0x01, 0x01}) // the serial number 1
	require.Positive(t, serial)
	bad[serial+2] = 0xff // -1, as a root of 2015 has a negative one
	cert.Certificate = [][]byte{bad}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		var served sync.WaitGroup
		served.Go(func() {
			for range 2 {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				served.Go(func() {
					_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}).Handshake()
					_, _ = io.Copy(io.Discard, conn)
					_ = conn.Close()
				})
			}
		})
		a, err := new(Prober).HTTP(t.Context(), HTTPRequest{URL: "https://www.example.org/", At: addr(l.Addr().String())})
		require.NoError(t, err)
		assert.Equal(t, TLSFailed, a.Verdict, "%s", a)
		assert.Equal(t, [][]byte{bad}, a.TLS.Chain)
		assert.ErrorIs(t, a.TLS.Problem.Err(), ErrCertificate)
		served.Wait()
	}
	for _, cut := range [][]byte{nil, {22}, {22, 3, 3, 0, 9, 11, 0, 0, 9, 0, 0, 6, 0, 0}, {22, 3, 3, 255, 255, 11, 255, 255, 255, 255}} {
		assert.Empty(t, certificatesIn(cut))
	}
}
