package reach

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/opskit-go/opskit"
)

// HTTPRequest is one HTTP request to one address, whatever the DNS says: what
// curl does with -I, an address in place of the name, and -H Host.
type HTTPRequest struct {
	// URL is an absolute http or https URL. Its host gives the Host header and
	// the TLS server name (SNI); it is never resolved.
	URL string
	// At is the address to connect to. Port 0 means the URL's port, or the
	// scheme's.
	At netip.AddrPort
	// Method is HEAD if empty; GET is the only other one.
	Method string
	// Host, where set, is sent as the Host header and server name in place of
	// the URL's host.
	Host string
	// Roots are the certificates that a chain must lead to. Nil means the
	// system's store.
	Roots *x509.CertPool
	// MaxSegment, where set, bounds the size of TCP segments in both directions
	// (TCP_MAXSEG, tcp(7)): an answer then passes where big packets are lost.
	// It is for Linux; elsewhere it is not asked for.
	MaxSegment int
}

// maxHead and maxBody bound what is read of an answer.
const (
	maxHead = 64 << 10
	maxBody = 256 << 10
)

// HTTP sends one request to one address and reads the head of the answer, for
// GET also up to 256 KiB of the body. It follows no redirect, uses no proxy
// (HTTP_PROXY is ignored), no cookie and no earlier connection, and speaks
// HTTP/1.1. A certificate that does not prove the name does not end it: the
// answer's TLS says so.
//
// Whatever came back, or did not, is the verdict. The error is not nil for an
// unusable request (ErrTarget), where this host was short of resources
// (ErrLocal), or when ctx was canceled. The result is never nil.
func (p *Prober) HTTP(ctx context.Context, r HTTPRequest) (*HTTPAnswer, error) {
	a := &HTTPAnswer{At: now()}
	req, err := a.prepare(p, r)
	if err != nil {
		a.Judge()
		return a, &opskit.Error{Op: "http", Target: r.URL, Err: err}
	}
	start := time.Now()
	deadline := p.deadline(ctx)
	var k kept
	err = p.attempt(ctx, &a.Connection, manner{keep: &k, maxSegment: r.MaxSegment})
	if k.conn != nil {
		defer k.conn.Close()
		_ = k.conn.SetDeadline(deadline)
		defer closeOnDone(ctx, k.conn)()
		a.converse(ctx, k.conn, req, r)
		if a.TLS != nil && a.TLS.unread {
			_ = k.conn.Close()
			a.TLS.Chain = p.servedChain(ctx, a)
		}
	}
	a.Took = time.Since(start)
	if canceled(ctx) {
		a.TimedOut = false // the caller gave up, which is no observation
	}
	a.Judge()
	if k.conn != nil && a.Status == 0 && canceled(ctx) {
		err = &opskit.Error{Op: "http", Target: a.URL, Err: ctx.Err()}
	}
	return a, err
}

// converse speaks on the open connection.
func (a *HTTPAnswer) converse(ctx context.Context, tcp net.Conn, req *http.Request, r HTTPRequest) {
	conn := tcp
	if req.URL.Scheme == "https" {
		if conn = a.handshake(ctx, tcp, req.URL.Hostname(), r); conn == nil {
			a.noteSocket(tcp)
			return
		}
	}
	a.exchange(conn, req)
	a.noteSocket(tcp)
}

// prepare checks the request and fills in what the answer says about it.
func (a *HTTPAnswer) prepare(p *Prober, r HTTPRequest) (*http.Request, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("need an absolute http or https URL: %w", ErrTarget)
	}
	method := cmp.Or(r.Method, http.MethodHead)
	if method != http.MethodHead && method != http.MethodGet {
		return nil, fmt.Errorf("method %q is neither HEAD nor GET: %w", method, ErrTarget)
	}
	host := cmp.Or(r.Host, u.Host)
	name, err := url.Parse("//" + host)
	if err != nil || name.Host != host || name.Hostname() == "" {
		return nil, fmt.Errorf("host %q is no host name: %w", host, ErrTarget)
	}
	at := clean(r.At)
	if at.Port() == 0 {
		port := uint16(80)
		if u.Scheme == "https" {
			port = 443
		}
		if s := u.Port(); s != "" {
			n, err := net.LookupPort("tcp", s)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrTarget, err)
			}
			port = uint16(n)
		}
		at = netip.AddrPortFrom(at.Addr(), port)
	}
	u.User, u.Fragment = nil, ""
	req := &http.Request{
		Method: method, URL: u, Host: host,
		Header: http.Header{"User-Agent": {"opskit-reach"}, "Accept": {"*/*"}, "Connection": {"close"}},
	}
	a.URL, a.Method, a.Host = u.String(), method, host
	a.Connection = Connection{Target: at, At: a.At}
	if kernelEvidence && p.DialContext == nil {
		a.MaxSegment = r.MaxSegment
	}
	u.Host = host // the server name comes from here too
	return req, errors.Unwrap(checkTarget("http", at))
}

// closeOnDone ends reads and writes when ctx is canceled; the returned
// function waits for that to be over.
func closeOnDone(ctx context.Context, conn net.Conn) func() {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = conn.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// exchange writes the request and reads the answer.
func (a *HTTPAnswer) exchange(conn net.Conn, req *http.Request) {
	start := time.Now()
	if err := req.Write(conn); err != nil {
		a.ended(err, 0)
		return
	}
	counted := &countingReader{r: io.LimitReader(conn, maxHead)}
	br := bufio.NewReader(counted)
	_, err := br.Peek(1)
	a.FirstByte = time.Since(start)
	if err != nil {
		a.FirstByte = 0
		a.ended(err, counted.n)
		return
	}
	var resp *http.Response
	for {
		if resp, err = http.ReadResponse(br, req); err != nil {
			a.ended(err, counted.n)
			return
		}
		if resp.StatusCode >= 200 {
			break
		}
	}
	defer resp.Body.Close()
	a.Status, a.Proto = resp.StatusCode, resp.Proto
	a.Header = boundHeader(resp.Header)
	if req.Method != http.MethodGet {
		return
	}
	counted.r = conn // the head is over, and so is its limit
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	a.noteBody(body, err)
}

// ended notes why no whole answer came.
func (a *HTTPAnswer) ended(err error, got int) {
	a.Received = got
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		a.TimedOut = true
	case a.refusedByTLS(err):
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		a.Ended = "closed"
	default:
		if name := errnoName(err); name != "" {
			a.Ended = name
			return
		}
		a.Ended = "malformed"
		a.Fault = opskit.Fail(&opskit.Error{Op: "http", Target: a.URL, Err: fmt.Errorf("%w: %w", ErrMalformed, err)})
	}
}

// refusedByTLS notes an alert that came after the handshake: by TLS 1.3 a server
// says only then that it wants a certificate of who asks (RFC 8446, 4.4.2.4).
func (a *HTTPAnswer) refusedByTLS(err error) bool {
	var alert *net.OpError
	if a.TLS == nil || !errors.As(err, &alert) || alert.Op != "remote error" {
		return false
	}
	a.TLS.Failure = opskit.Fail(&opskit.Error{Op: "handshake", Target: a.TLS.ServerName, Err: err})
	return true
}

// boundHeader copies at most 100 values of at most 1 KiB.
func boundHeader(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	n := 0
	for k, vs := range h {
		for _, v := range vs {
			if n++; n > 100 {
				return out
			}
			out[k] = append(out[k], string(bytes.ToValidUTF8([]byte(v[:min(len(v), 1<<10)]), []byte("\ufffd"))))
		}
	}
	return out
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}
