package whoistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"time"
)

// authority signs certificates for the RDAP servers of one [Server].
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "whoistest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.pool.AddCert(a.cert)
	return a, nil
}

// certificate makes the certificate of one server.
func (a *authority) certificate(name string) (*tls.Certificate, error) {
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}, nil
}

// HandleRDAP makes an RDAP server of that name known, which speaks HTTPS with
// a certificate that [Server.Client] trusts. What it is asked is recorded in
// Queries as "GET path". The error is that of listening or of making keys.
func (s *Server) HandleRDAP(server string, h http.Handler) error {
	server = strings.ToLower(server)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.ca == nil {
		ca, err := newAuthority()
		if err != nil {
			return fmt.Errorf("make keys: %w", err)
		}
		s.ca = ca
	}
	cert, err := s.ca.certificate(server)
	if err != nil {
		return fmt.Errorf("make certificate for %s: %w", server, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for %s: %w", server, err)
	}
	web := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			s.queries = append(s.queries, Query{Server: server, Port: "443", Line: "GET " + r.URL.RequestURI()})
			s.mu.Unlock()
			h.ServeHTTP(w, r)
		}),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: readTimeout,
		ErrorLog:          quiet(),
	}
	s.listeners[server+":443"] = l
	s.webs = append(s.webs, web)
	s.wg.Go(func() {
		web.ServeTLS(l, "", "")
	})
	return nil
}

// RDAP serves answers by path: "/registry/ip/138.0.155.10". A path that it
// does not know gets an RDAP error (RFC 9083 section 6).
func RDAP(answers map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/rdap+json")
		if body, ok := answers[r.URL.Path]; ok {
			fmt.Fprint(w, body)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"rdapConformance":["rdap_level_0"],"errorCode":404,"title":"Not Found"}`)
	})
}
