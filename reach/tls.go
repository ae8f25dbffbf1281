package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

type tlsFindingKind struct{}

// TLSFinding is one reason why a certificate does not prove a name.
type TLSFinding = opskit.Enum[tlsFindingKind]

// The findings.
const (
	// TLSOutOfTime: the leaf or an intermediate has ended, or not begun, by this
	// host's clock.
	TLSOutOfTime TLSFinding = "out_of_time"
	// TLSOtherName: the leaf is for other names.
	TLSOtherName TLSFinding = "other_name"
	// TLSUnknownIssuer: the chain leads to no root that is trusted here, also
	// where an intermediate was not sent.
	TLSUnknownIssuer TLSFinding = "unknown_issuer"
	// TLSUnusable: crypto/x509 refuses it for another reason.
	TLSUnusable TLSFinding = "unusable"
)

// TLS is what the TLS handshake of an HTTP request showed.
type TLS struct {
	ServerName string `json:"server_name"`       // sent as SNI; an address is not sent
	Version    string `json:"version,omitempty"` // such as "TLS 1.3"; empty where no handshake completed
	// Chain holds the certificates that the server sent, leaf first, in DER: also
	// those that crypto/tls refuses to read, if the server sends them by TLS 1.2.
	Chain [][]byte `json:"chain,omitempty"`
	// Findings say why the chain does not prove the name. None says that it does
	// only where there is a chain and the handshake completed.
	Findings []TLSFinding `json:"findings,omitempty"`
	// Problem is the same as an error. It wraps ErrCertificate, or ErrLocal where
	// there are no root certificates here to judge by.
	Problem opskit.Failure `json:"problem,omitzero"`
	// Failure says why the handshake did not complete.
	Failure opskit.Failure `json:"failure,omitzero"`

	unread bool // a certificate came that crypto/x509 does not read
}

// Proven tells whether a chain was seen that proves the name.
func (t *TLS) Proven() bool {
	return t != nil && t.Version != "" && len(t.Chain) > 0 && len(t.Findings) == 0 && t.Problem.IsZero() && t.Failure.IsZero()
}

func (t *TLS) evidence() string {
	switch {
	case !t.Failure.IsZero():
		return "tls: " + short(t.Failure.String())
	case !t.Problem.IsZero():
		return "certificate: " + short(t.Problem.String())
	case t.Proven():
		return fmt.Sprintf("%s, certificate valid for %s", short(t.Version), short(t.ServerName))
	case t.Version != "":
		return short(t.Version) + ", no certificate kept"
	}
	return "no TLS answer"
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
			a.TimedOut = true // not a failure of TLS: nothing came, or not all of it
			return nil
		case errors.As(err, &record):
			err = fmt.Errorf("%w: not TLS: %w", ErrMalformed, err)
		}
		if a.Ended = errnoName(err); strings.Contains(err.Error(), "failed to parse certificate") {
			a.TLS.unread, a.TLS.Findings = true, []TLSFinding{TLSUnusable}
			a.TLS.Problem = opskit.Fail(&opskit.Error{Op: "verify", Target: name, Err: fmt.Errorf("%w: %w", ErrCertificate, err)})
		}
		a.TLS.Failure = opskit.Fail(&opskit.Error{Op: "handshake", Target: name, Err: err})
		return nil
	}
	state := c.ConnectionState()
	a.TLS.Version = tls.VersionName(state.Version)
	for _, cert := range state.PeerCertificates {
		a.TLS.Chain = append(a.TLS.Chain, cert.Raw)
	}
	a.TLS.verify(state.PeerCertificates, name, r.Roots, a.At)
	return c
}

// verify finds every reason why a chain does not prove a name at a time.
func (t *TLS) verify(chain []*x509.Certificate, name string, roots *x509.CertPool, at time.Time) {
	leaf, pool := chain[0], x509.NewCertPool()
	for _, cert := range chain[1:] {
		pool.AddCert(cert)
	}
	options := x509.VerifyOptions{DNSName: name, Intermediates: pool, Roots: roots, CurrentTime: at}
	_, err := leaf.Verify(options)
	if err == nil {
		return
	}
	var whys []string
	add := func(f TLSFinding, why string) {
		if !slices.Contains(t.Findings, f) {
			t.Findings, whys = append(t.Findings, f), append(whys, why)
		}
	}
	if at.After(leaf.NotAfter) {
		add(TLSOutOfTime, "it has expired: it ended on "+leaf.NotAfter.UTC().Format(time.DateTime))
	} else if at.Before(leaf.NotBefore) {
		add(TLSOutOfTime, "it is not valid yet: it begins on "+leaf.NotBefore.UTC().Format(time.DateTime))
	}
	if other := leaf.VerifyHostname(name); other != nil {
		add(TLSOtherName, other.Error())
	}
	// Whether the issuer is known is asked at a time when the leaf was valid.
	options.DNSName = ""
	if at.After(leaf.NotAfter) || at.Before(leaf.NotBefore) {
		options.CurrentTime = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	}
	var unknown x509.UnknownAuthorityError
	var noRoots x509.SystemRootsError
	var invalid x509.CertificateInvalidError
	switch _, err := leaf.Verify(options); {
	case err == nil:
	case errors.As(err, &noRoots), errors.As(err, &unknown) && rootless(roots):
		if len(t.Findings) == 0 { // that says nothing of the server
			t.Problem = opskit.Fail(&opskit.Error{Op: "verify", Target: name, Err: fmt.Errorf("no root certificates here to judge by: %w", ErrLocal)})
			return
		}
	case errors.As(err, &unknown):
		add(TLSUnknownIssuer, err.Error())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		add(TLSOutOfTime, "an intermediate: "+err.Error())
	default:
		add(TLSUnusable, err.Error())
	}
	if len(t.Findings) == 0 {
		add(TLSUnusable, err.Error())
	}
	t.Problem = opskit.Fail(&opskit.Error{Op: "verify", Target: name, Err: fmt.Errorf("%w: %s", ErrCertificate, strings.Join(whys, "; "))})
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
