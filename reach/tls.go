package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// TLS is what the TLS handshake of an HTTP request showed.
type TLS struct {
	ServerName string `json:"server_name"`       // sent as SNI; an address is not sent
	Version    string `json:"version,omitempty"` // such as "TLS 1.3"
	// Chain holds the certificates that the server sent, leaf first, in DER.
	Chain [][]byte `json:"chain,omitempty"`
	// Problem says why the chain does not prove the name: expired, another
	// name, unknown authority. It wraps ErrCertificate, or ErrLocal where there
	// are no root certificates here to judge by; nil means that it does.
	Problem *Error `json:"problem,omitempty"`
	// Failure says why the handshake did not complete.
	Failure *Error `json:"failure,omitempty"`
}

func (t *TLS) evidence() string {
	switch {
	case t.Failure != nil:
		return "tls: " + printable(t.Failure.Error())
	case t.Problem != nil:
		return "certificate: " + printable(t.Problem.Error())
	}
	return fmt.Sprintf("%s, certificate valid for %s", printable(t.Version), printable(t.ServerName))
}

// handshake speaks TLS on conn and judges the chain afterwards, so that a bad
// certificate is a finding and does not hide the answer behind it. It returns
// nil if the handshake failed.
func (a *HTTPAnswer) handshake(ctx context.Context, conn net.Conn, name string, r HTTPRequest) net.Conn {
	a.TLS = &TLS{ServerName: name}
	c := tls.Client(conn, &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true, // verified below
		MinVersion:         tls.VersionTLS10,
		NextProtos:         []string{"http/1.1"},
	})
	if err := c.HandshakeContext(ctx); err != nil {
		var record tls.RecordHeaderError
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
			a.TimedOut = true // not a failure of TLS: nothing came
			return nil
		case errors.As(err, &record):
			err = fmt.Errorf("%w: not TLS: %w", ErrMalformed, err)
		}
		a.TLS.Failure = &Error{Op: "handshake", Target: name, Err: err}
		return nil
	}
	state := c.ConnectionState()
	a.TLS.Version = tls.VersionName(state.Version)
	pool := x509.NewCertPool()
	for i, cert := range state.PeerCertificates {
		a.TLS.Chain = append(a.TLS.Chain, cert.Raw)
		if i > 0 {
			pool.AddCert(cert)
		}
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
		DNSName: name, Intermediates: pool, Roots: r.Roots, CurrentTime: time.Now(),
	})
	var unknown x509.UnknownAuthorityError
	var noRoots x509.SystemRootsError
	switch {
	case err == nil:
	case errors.As(err, &noRoots), errors.As(err, &unknown) && rootless(r.Roots):
		a.TLS.Problem = &Error{Op: "verify", Target: name, Err: fmt.Errorf("no root certificates here to judge by: %w", ErrLocal)}
	default:
		a.TLS.Problem = &Error{Op: "verify", Target: name, Err: fmt.Errorf("%w: %w", ErrCertificate, err)}
	}
	return c
}

// rootless reports whether there is no root at all in a pool, or in the
// system's store for nil: by that nobody's certificate is worth anything.
func rootless(pool *x509.CertPool) bool {
	if pool == nil {
		system, err := x509.SystemCertPool()
		if err != nil {
			return true
		}
		pool = system
	}
	return pool.Equal(x509.NewCertPool())
}
