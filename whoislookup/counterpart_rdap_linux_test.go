package whoislookup_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// nginxConf serves stored RDAP answers over TLS as RFC 7480 asks for: by path,
// with redirects, errors as objects, and a time to come back.
const nginxConf = `
pid DIR/nginx.pid; error_log DIR/err.log; daemon off; worker_processes 1; user root;
events { worker_connections 64; }
http {
 access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
 ssl_certificate DIR/cert.pem; ssl_certificate_key DIR/key.pem; default_type application/rdap+json;
 server { listen 127.0.0.1:443 ssl; server_name rdap.arin.net; root DIR/arin; error_page 404 /404.json;
  location = /404.json { internal; }
  location = /registry/ip/190.57.233.170 { return 302 https://rdap.lacnic.net/rdap/ip/190.57.233.170; }
  location = /registry/ip/104.20.75.37 { gzip_static always; }
  location = /registry/ip/104.20.75.38 { gzip_static always; }
  location = /registry/ip/138.1.0.1 { add_header Retry-After 90 always; return 429 '{"errorCode":429,"title":"Too Many Requests"}'; }
  location = /registry/ip/138.2.0.1 { return 302 https://127.0.0.1/registry/ip/138.0.155.10; }
  location = /registry/ip/138.4.0.1 { limit_rate 10; } }
 server { listen 127.0.0.1:443 ssl; server_name rdap.lacnic.net; root DIR/lacnic; }
}
`

// TestBarForeignRDAP has the client ask an HTTPS server that is not ours:
// nginx, as some registries serve their RDAP answers.
func TestBarForeignRDAP(t *testing.T) {
	lab.Need(t, "root", "netns", "program:nginx")
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	write := func(name string, data []byte) {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, data, 0o600))
	}
	network := func(from, to, holder string) string {
		return `{"rdapConformance":["rdap_level_0"],"objectClassName":"ip network","startAddress":"` + from + `","endAddress":"` + to + `",
 "entities":[{"objectClassName":"entity","roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","` + holder + `"]]]}]}`
	}
	write("arin/registry/ip/138.0.155.10", []byte(network("138.0.152.0", "138.0.155.255", "Gigared S.A.")))
	write("arin/registry/ip/104.20.75.37.gz", packed(t, network("104.16.0.0", "104.31.255.255", "CloudFlare, Inc.")))
	write("arin/registry/ip/104.20.75.38.gz", packed(t, strings.Repeat(" ", 64<<20)))
	write("arin/registry/ip/138.4.0.1", []byte(network("138.4.0.0", "138.4.255.255", "Slow")))
	write("arin/404.json", []byte(`{"errorCode":404,"title":"Not Found"}`))
	write("lacnic/rdap/ip/190.57.233.170", []byte(network("190.57.233.160", "190.57.233.175", "EDITORIAL LA PAGINA S.A.")))
	write("nginx.conf", []byte(strings.ReplaceAll(nginxConf, "DIR", dir)))
	roots := ownCertificate(t, write)
	lab.StartDaemon(t, "nginx", "-c", filepath.Join(dir, "nginx.conf"), "-e", filepath.Join(dir, "err.log"))
	lab.Eventually(t, 20*time.Second, "nginx to listen", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:443")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})

	var mu sync.Mutex
	dialed := map[string]bool{}
	client := func(timeout time.Duration) *whoislookup.Client {
		return &whoislookup.Client{
			Protocols: []string{"rdap"}, RootCAs: roots, Timeout: timeout,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				mu.Lock()
				dialed[address] = true
				mu.Unlock()
				return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:443")
			},
		}
	}
	c, hasty := client(0), client(300*time.Millisecond)
	right := 0
	for query, want := range map[string]string{
		"138.0.155.10":   "138.0.152.0/22 Gigared S.A.",
		"190.57.233.170": "190.57.233.160/28 EDITORIAL LA PAGINA S.A.", // by a redirect
		"104.20.75.37":   "104.16.0.0/12 CloudFlare, Inc.",             // packed
	} {
		rec, err := c.Lookup(t.Context(), query)
		require.NoError(t, err, "%s", rec)
		if assert.Equal(t, want, rec.Network.Range.String()+" "+rec.Holder.Name) {
			right++
		}
	}
	for query, want := range map[string]error{
		"138.3.0.1":    error(nil),
		"138.1.0.1":    whoislookup.ErrThrottled,
		"138.2.0.1":    whoislookup.ErrUnsafeTarget,
		"104.20.75.38": whoislookup.ErrTooBig, // 64 MiB in 64 KiB
		"138.4.0.1":    context.DeadlineExceeded,
	} {
		asking := c
		if want == context.DeadlineExceeded {
			asking = hasty
		}
		begin := time.Now()
		rec, err := asking.Lookup(t.Context(), query)
		if !assert.ErrorIs(t, err, want, query) {
			continue
		}
		right++
		assert.NotNil(t, rec)
		assert.Less(t, time.Since(begin), 5*time.Second)
		if e, ok := errors.AsType[whoislookup.Pause](err); ok && errors.Is(err, whoislookup.ErrThrottled) {
			assert.Equal(t, 90*time.Second, e.RetryAfter())
		}
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, map[string]bool{"rdap.arin.net:443": true, "rdap.lacnic.net:443": true}, dialed, "and nobody at 127.0.0.1")
	lab.Bar(t, "whois-foreign-rdap", "%d of 8 answers of nginx read as they are: 3 networks (one by a redirect, one packed), not found, throttled, to loopback, too big, too slow", right)
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// ownCertificate writes a certificate that vouches for itself, and its key, and
// returns who trusts it.
func ownCertificate(t *testing.T, write func(string, []byte)) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "opskit test"}, DNSNames: []string{"rdap.arin.net", "rdap.lacnic.net"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return pool
}
