package origin

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
)

type verdictKind struct{}

// Verdict is whether an origin server is exposed. The zero value is Unknown.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	// Unknown: cannot tell; Why says what is in the way.
	Unknown Verdict = ""
	// Exposed: it serves the site to whoever asks it by name.
	Exposed Verdict = "exposed"
	// Shielded: it could be asked and does not serve the site from here.
	Shielded Verdict = "shielded"
)

// Question is which server to ask for which site.
type Question struct {
	URL    string         // of a page of the site; its host is the name asked for
	Origin netip.AddrPort // the server that should not answer; port 0 as in reach.HTTPRequest
	// Edge, where given, is an address of the network that shields the site, to
	// compare with.
	Edge netip.AddrPort
	// StatusPage asks the origin for Apache's /server-status too, which tells
	// visitors and pages where it is open to anybody.
	StatusPage bool
}

// Exposure is what a server gave for the site and for other names. Its JSON
// can be saved and judged again.
type Exposure struct {
	URL     string         `json:"url"`     // asked for
	Origin  netip.AddrPort `json:"origin"`  // with its port
	Verdict Verdict        `json:"verdict"` // set by Judge
	Why     string         `json:"why"`     // the verdict's reason, in one sentence

	Site     reach.HTTPAnswer   `json:"site"`               // the origin, asked by the site's name
	Controls []reach.HTTPAnswer `json:"controls,omitempty"` // the origin, asked by names that it cannot know
	Edge     *reach.HTTPAnswer  `json:"edge,omitempty"`     // the network, asked by the site's name
	// StatusPage is what the origin gave for /server-status, and NoPage for a page
	// beside it that cannot be there.
	StatusPage *reach.HTTPAnswer `json:"status_page,omitempty"`
	NoPage     *reach.HTTPAnswer `json:"no_page,omitempty"` // see StatusPage
	Network    []cdn.Match       `json:"network,omitempty"` // lists that hold the origin's own address
	Lists      string            `json:"lists,omitempty"`   // day of the oldest list that was looked at; empty: not told

	Next      []string     `json:"next,omitempty"`      // what to do
	Unseen    []opskit.Gap `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// Check asks the origin three times and, where an edge is given, that once; with
// StatusPage the origin twice more.
// It sends HEAD, or GET where the server does not know HEAD. The names of the
// controls have the length of the site's, so that a page that repeats the name
// has the same size.
//
// The error is not nil where a question could not be asked; it is that of
// [reach.Prober.HTTP]. The result is never nil.
func Check(ctx context.Context, p *reach.Prober, q Question) (*Exposure, error) {
	e := &Exposure{URL: q.URL, Origin: q.Origin}
	e.Network, e.Lists = cdn.Lookup(q.Origin.Addr()), cdn.AsOf()
	method := http.MethodHead
	page := func(url string, at netip.AddrPort, host string) (reach.HTTPAnswer, error) {
		a, err := p.HTTP(ctx, reach.HTTPRequest{URL: url, At: at, Method: method, Host: host})
		return *a, err
	}
	ask := func(at netip.AddrPort, host string) (reach.HTTPAnswer, error) { return page(q.URL, at, host) }
	var err error
	defer e.Judge()
	if e.Site, err = ask(q.Origin, ""); err != nil {
		return e, err
	}
	if e.Site.Status == http.StatusMethodNotAllowed || e.Site.Status == http.StatusNotImplemented {
		method = http.MethodGet
		if e.Site, err = ask(q.Origin, ""); err != nil {
			return e, err
		}
	}
	e.URL, e.Origin = e.Site.URL, e.Site.Connection.Target
	if e.Site.Verdict == reach.Answered {
		for range 2 {
			c, err := ask(q.Origin, stranger(e.Site.Host))
			if err != nil {
				return e, err
			}
			e.Controls = append(e.Controls, c)
		}
		if q.Edge.IsValid() {
			edge, err := ask(q.Edge, "")
			if err != nil {
				return e, err
			}
			e.Edge = &edge
		}
	}
	if u, err := url.Parse(q.URL); err == nil && q.StatusPage && e.Site.Verdict == reach.Answered {
		u.RawQuery = ""
		for path, to := range map[string]**reach.HTTPAnswer{"/server-status": &e.StatusPage, stranger("/no-such-page"): &e.NoPage} {
			u.Path = path
			a, err := page(u.String(), q.Origin, "")
			if err != nil {
				return e, err
			}
			*to = &a
		}
	}
	return e, nil
}

// stranger returns a host name of the same form and length that nobody serves:
// every letter and digit outside the port is replaced by a random letter.
func stranger(host string) string {
	name, port := host, ""
	if i := strings.LastIndex(host, ":"); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i:]
	}
	b := []byte(strings.ToLower(name))
	random := make([]byte, len(b))
	_, _ = rand.Read(random) // never fails (crypto/rand)
	for i, c := range b {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			b[i] = 'a' + random[i]%26
		}
	}
	return string(b) + port
}

// Level is OK for Shielded, Problem for Exposed, and else Unknown.
func (e *Exposure) Level() opskit.Level {
	switch e.Verdict {
	case Shielded:
		return opskit.OK
	case Exposed:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns Unseen and Undecided.
func (e *Exposure) Gaps() []opskit.Gap {
	all := append(e.Unseen[:len(e.Unseen):len(e.Unseen)], e.Undecided...)
	if len(all) == 0 && e.Level() == opskit.Unknown {
		all = append(all, opskit.Gap{What: "whether it serves the site to anybody", Why: "it was not judged"})
	}
	return all
}

// Seen tells whether anything was observed.
func (e *Exposure) Seen() bool { return e != nil && e.Site.Seen() }

// String returns the verdict, the evidence under it, what to do and what was
// not checked.
func (e *Exposure) String() string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, opskit.Escape(fmt.Sprintf(format, args...))) }
	add("%s at %s: %s", e.URL, e.Origin, e.Verdict)
	if e.Why != "" {
		add("  %s", e.Why)
	}
	if e.Site.Method != "" {
		add("  gives %s for its name", describe(&e.Site))
	}
	if len(e.Controls) > 0 {
		add("  gives %s for a name that it cannot know", describe(&e.Controls[0]))
	}
	if e.Edge != nil {
		add("  the network gives %s", describe(e.Edge))
	}
	if e.openStatus() {
		add("  shows its status page to anybody: %s", e.StatusPage.URL)
	}
	for _, n := range e.Next {
		add("next: %s", n)
	}
	return strings.Join(append(lines, opskit.NotChecked(e)), "\n")
}

// describe says in a few words what came.
func describe(a *reach.HTTPAnswer) string {
	if a.Verdict != reach.Answered {
		return "nothing (" + a.Verdict.String() + ")"
	}
	s := strconv.Itoa(a.Status)
	if l := a.Header["Location"]; len(l) > 0 {
		s += " to " + l[0]
	}
	return s
}
