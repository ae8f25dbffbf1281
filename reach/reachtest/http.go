package reachtest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Site is what a fake web server serves: the Host header, without its port and
// in lower case, to its page. The entry "" is the default for any other host;
// without it the connection is closed, as by nginx's status 444. A Site must
// not be changed once it is being served.
type Site map[string]Page

// Page is the answer to any request for one host. The zero value is an empty
// page with status 200.
type Page struct {
	Status int               // 200 if 0
	Header map[string]string // in addition to Content-Length and Connection
	Body   string            // not sent for HEAD
	Echo   bool              // the body is the Host header, as of a server that answers to any
	Silent bool              // the request is read and never answered
	Close  bool              // the connection is closed without an answer
	Raw    string            // sent as it is
}

// HTTP is a fake web server on 127.0.0.1. It is safe for concurrent use.
type HTTP struct {
	site   Site
	listen net.Listener
	all    sync.WaitGroup

	mu       sync.Mutex
	requests []string
	open     map[net.Conn]bool
}

// StartHTTP starts a fake web server.
func StartHTTP(site Site) (*HTTP, error) { return start(site, nil) }

// StartHTTPS starts a fake web server that speaks TLS with a certificate.
func StartHTTPS(site Site, cert tls.Certificate) (*HTTP, error) {
	return start(site, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
}

func start(site Site, config *tls.Config) (*HTTP, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start http: %w", err)
	}
	h := &HTTP{site: site, listen: l, open: map[net.Conn]bool{}}
	h.all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if config != nil {
				conn = tls.Server(conn, config)
			}
			h.mu.Lock()
			h.open[conn] = true
			h.mu.Unlock()
			h.all.Go(func() {
				h.serve(conn)
				h.mu.Lock()
				delete(h.open, conn)
				h.mu.Unlock()
			})
		}
	})
	return h, nil
}

// Addr returns where the server listens.
func (h *HTTP) Addr() netip.AddrPort { return netip.MustParseAddrPort(h.listen.Addr().String()) }

// Requests returns the requests so far as "METHOD host path", in their order.
func (h *HTTP) Requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// Close stops the server and waits until nothing of it runs.
func (h *HTTP) Close() error {
	err := h.listen.Close()
	h.mu.Lock()
	for c := range h.open {
		_ = c.Close()
	}
	h.mu.Unlock()
	h.all.Wait()
	return err
}

func (h *HTTP) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	host := strings.ToLower(r.Host)
	h.mu.Lock()
	h.requests = append(h.requests, r.Method+" "+host+" "+r.URL.RequestURI())
	h.mu.Unlock()
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	page, ok := h.site[host]
	if !ok {
		page, ok = h.site[""]
	}
	switch {
	case !ok || page.Close:
		return
	case page.Silent:
		_, _ = conn.Read(make([]byte, 1)) // until the other side or Close ends it
		return
	case page.Raw != "":
		_, _ = conn.Write([]byte(page.Raw))
		return
	}
	_, _ = conn.Write([]byte(page.text(r)))
}

// text is the whole answer to one request.
func (p Page) text(r *http.Request) string {
	status, body := p.Status, p.Body
	if status == 0 {
		status = http.StatusOK
	}
	if p.Echo {
		body = r.Host
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %s\r\nConnection: close\r\n", status, http.StatusText(status), strconv.Itoa(len(body)))
	for k, v := range p.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", k, v)
	}
	b.WriteString("\r\n")
	if r.Method != http.MethodHead {
		b.WriteString(body)
	}
	return b.String()
}
