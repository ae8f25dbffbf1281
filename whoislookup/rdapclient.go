package whoislookup

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// rdapURL returns where to ask, false if no RDAP service is known.
func (c *Client) rdapURL(q Query) (string, bool) {
	base, ok := "", false
	find := func(f func(servers.Bootstrap) (string, bool)) {
		for _, b := range c.Bootstrap {
			if base, ok = f(b); ok {
				return
			}
		}
	}
	var path string
	switch q.Kind {
	case KindIP:
		path = "ip/" + q.Prefix.Addr().String()
		if !q.Prefix.IsSingleIP() {
			path = "ip/" + q.Prefix.String()
		}
		find(func(b servers.Bootstrap) (string, bool) { return b.Addr(q.Prefix.Addr()) })
		if host, known := c.Table.Addr(q.Prefix.Addr()); !ok && known {
			base, ok = servers.RDAP("", host)
		}
	case KindASN:
		path = "autnum/" + strconv.FormatUint(uint64(q.ASN), 10)
		find(func(b servers.Bootstrap) (string, bool) { return b.ASN(q.ASN) })
		if host, known := c.Table.ASN(q.ASN); !ok && known {
			base, ok = servers.RDAP("", host)
		}
	case KindDomain:
		path = "domain/" + q.Text
		if p, reverse := read.ReversePrefix(q.Text); reverse {
			host, known := c.reverseServer(q.Text)
			if find(func(b servers.Bootstrap) (string, bool) { return b.Addr(p.Addr()) }); !ok && known {
				base, ok = servers.RDAP("", host)
			}
			break
		}
		base, ok = c.rdapOfName(q.Text)
		if zone := c.Table.Zone(q.Text); ok && strings.Contains(zone, ".") {
			// A registry below another's name, such as that of uk.com, has a
			// service of its own or none.
			_, upper, _ := strings.Cut(zone, ".")
			host, _ := c.Table.Domain(zone)
			above, _ := c.Table.Domain(upper)
			if theirs, _ := c.rdapOfName(upper); theirs == base && host != above {
				return "", false
			}
		}
	case KindHandle:
		path = "entity/" + url.PathEscape(q.Text)
		base, ok = servers.RDAP("", handleServer(q.Text))
	}
	return base + path, ok
}

// rdapOfName returns the RDAP service for the longest zone that a name lies in.
func (c *Client) rdapOfName(name string) (string, bool) {
	for _, b := range c.Bootstrap {
		if base, ok := b.Domain(name); ok {
			return base, true
		}
	}
	return servers.RDAP(name, "")
}

// lookRDAP asks over RDAP, and the registrar too if the registry does not say
// who holds the name. No hops if no service is known.
func (c *Client) lookRDAP(ctx context.Context, q Query) []Hop {
	target, ok := c.rdapURL(q)
	if !ok {
		return nil
	}
	var hops []Hop
	asked := map[string]bool{}
	for known := true; len(hops) < c.maxHops() && !asked[target]; known = false {
		asked[target] = true
		hops = append(hops, c.askRDAP(ctx, target, known)...)
		hop := hops[len(hops)-1]
		if !hop.Failure.IsZero() {
			break
		}
		rec, p, err := (&Record{Query: q, Hops: []Hop{hop}}).readHop(0)
		if err != nil || p.RDAP == "" || rec.Domain == nil || rec.Holder.Name != "" {
			break
		}
		target = p.RDAP
	}
	return hops
}

// askRDAP makes one request (RFC 7480) and reads the answer within the hop's
// bounds. Each redirect is a hop of its own, so that the last is the server
// that answered. known tells that the tables name the target, and not a server.
func (c *Client) askRDAP(ctx context.Context, target string, known bool) []Hop {
	at := time.Now()
	begin := func(target string) Hop {
		hop := Hop{Server: target, Protocol: "rdap", Sent: target, Asked: at.UTC().Round(0)}
		if u, err := url.Parse(target); err == nil {
			hop.Server = strings.TrimSuffix(u.Host, ":443")
		}
		return hop
	}
	hops := []Hop{begin(target)}
	end := func() *Hop {
		hop, now := &hops[len(hops)-1], time.Now()
		hop.Latency, at = now.Sub(at), now
		return hop
	}
	raw, err := c.get(ctx, target, known, func(to string) {
		end().Referral = to
		hops = append(hops, begin(to))
	})
	hop := end()
	hop.Raw = raw
	if err != nil {
		hop.Failure = opskit.Fail(&opskit.Error{Op: "ask", Target: hop.Server, Err: err})
		if p, ok := errors.AsType[Pause](err); ok {
			hop.RetryAfter = p.RetryAfter()
		}
	}
	return hops
}

// redirected reports whether a hop is a server that only named another.
func (h *Hop) redirected() bool {
	return h.Protocol == "rdap" && h.Failure.IsZero() && len(h.Raw) == 0 && h.Referral != ""
}

// get fetches a URL, and tells of each redirect before it follows it.
func (c *Client) get(ctx context.Context, target string, known bool, redirect func(to string)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	if err := c.safeURL(ctx, target, known); err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                  c.proxy,
		DialContext:            c.dialRDAP,
		TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		DisableCompression:     true, // or a small answer could unpack into a large one unseen
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      false,
	}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) >= 5 {
			return fmt.Errorf("redirected %d times: %w", len(via), ErrLoop)
		}
		if err := c.safeURL(ctx, req.URL.String(), false); err != nil {
			return err
		}
		redirect(req.URL.String())
		return nil
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrBadQuery)
	}
	req.Header.Set("Accept", "application/rdap+json, application/json;q=0.5")
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, ErrLoop) || errors.Is(err, ErrUnsafeTarget) {
			return nil, err
		}
		return nil, unreachable(ctx, err)
	}
	defer resp.Body.Close()
	raw, err := c.body(resp)
	if err != nil && !errors.Is(err, io.EOF) {
		if errors.Is(err, ErrTooBig) {
			return raw, err
		}
		return raw, unreachable(ctx, err)
	}
	return raw, statusError(resp, raw)
}

// body reads the answer, unpacked, up to the limit.
func (c *Client) body(resp *http.Response) ([]byte, error) {
	limit := c.maxBytes()
	var src io.Reader = resp.Body
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(io.LimitReader(resp.Body, int64(limit)))
		if err != nil {
			return nil, err
		}
		src = z
	}
	raw, err := readAll(src, limit)
	if len(raw) > limit {
		return raw[:limit], fmt.Errorf("%d bytes read: %w", limit, ErrTooBig)
	}
	return raw, err
}

// statusError tells what an HTTP status means. A 404 counts as "not found" only
// if it is an RDAP error: any web server has pages that are not there.
func statusError(resp *http.Response, raw []byte) error {
	status := fmt.Sprintf("status %d", resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		if read.LooksLikeRDAP(raw) {
			return nil // read as what it says
		}
		return fmt.Errorf("%s without an RDAP answer: %w", status, ErrUnreachable)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return read.Paused(fmt.Errorf("%s: %w", status, ErrThrottled), retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s: %w", status, ErrDenied)
	}
	return fmt.Errorf("%s: %w", status, ErrUnreachable)
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3), at most a day.
func retryAfter(s string, now time.Time) time.Duration {
	var d time.Duration
	if s != "" && strings.Trim(s, "0123456789") == "" {
		d = 24 * time.Hour
		if n, ok := lex.Uint(s, 86400); ok {
			d = time.Duration(n) * time.Second
		}
	} else if t, err := http.ParseTime(s); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), 24*time.Hour)
}

// safeURL refuses what is not https to a public host. The address that a name
// leads to is checked when the connection is made, and here if a proxy makes
// it: a name that only the proxy can resolve may be one of its own network, so
// it has to be known from the tables.
func (c *Client) safeURL(ctx context.Context, target string, known bool) error {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return fmt.Errorf("no URL: %w", ErrUnsafeTarget)
	}
	if u.Scheme != "https" {
		return fmt.Errorf("scheme %q, not https: %w", u.Scheme, ErrUnsafeTarget)
	}
	if c.AllowPrivate {
		return nil
	}
	if port := u.Port(); port != "" && port != "443" {
		return fmt.Errorf("port %s: %w", port, ErrUnsafeTarget)
	}
	host := u.Hostname()
	if a, ok := lex.AnyAddr(host); ok {
		if !public(a) {
			return fmt.Errorf("%s: %w", a, ErrUnsafeTarget)
		}
		return nil
	}
	if !lex.IsHost(strings.ToLower(host)) {
		return fmt.Errorf("host %q: %w", host, ErrUnsafeTarget)
	}
	proxy, err := c.proxy(&http.Request{URL: u})
	if err != nil || proxy == nil {
		return nil //nolint:nilerr // the request itself fails with it
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil && (known || regional(host)) {
		return nil // only the proxy can resolve it
	}
	if err != nil {
		return fmt.Errorf("%s cannot be resolved here, and nobody knows where the proxy would go: %w", host, ErrUnsafeTarget)
	}
	for _, a := range addrs {
		if !public(a) {
			return fmt.Errorf("%s is %s: %w", host, a, ErrUnsafeTarget)
		}
	}
	return nil
}

// regional reports whether a host is the RDAP server of a registry of numbers,
// which refer to one another.
func regional(host string) bool {
	for _, whois := range [...]string{"whois.afrinic.net", "whois.apnic.net", "whois.arin.net", "whois.lacnic.net", "whois.ripe.net", "whois.registro.br"} {
		base, _ := servers.RDAP("", whois)
		if u, err := url.Parse(base); err == nil && strings.EqualFold(u.Host, host) {
			return true
		}
	}
	return false
}

// dialRDAP connects for HTTP: to the server, or to the proxy of the
// environment, which may be anywhere.
func (c *Client) dialRDAP(ctx context.Context, network, address string) (net.Conn, error) {
	if c.Dial == nil && isProxy(address) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	return c.dial(ctx, address)
}

// proxy returns the proxy that a request goes through, nil for none: a dial
// function of one's own is told the server, and decides itself.
func (c *Client) proxy(r *http.Request) (*url.URL, error) {
	if c.Dial != nil {
		return nil, nil
	}
	return proxyFor(r.URL)
}

// proxyFor returns the proxy that the environment names (HTTPS_PROXY,
// NO_PROXY), nil for none. It is read at each call, so nothing is kept.
func proxyFor(u *url.URL) (*url.URL, error) { return httpproxy.FromEnvironment().ProxyFunc()(u) }

// isProxy reports whether an address is that of the environment's proxy.
func isProxy(address string) bool {
	p, err := proxyFor(&url.URL{Scheme: "https", Host: "rdap.invalid"})
	if err != nil || p == nil {
		return false
	}
	port := p.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[p.Scheme]
	}
	return address == net.JoinHostPort(p.Hostname(), port)
}
