package origin

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
)

// Judge sets Verdict, Why, Next and Undecided from the other fields; it is pure.
//
// Exposed needs all of: a page or a redirect within the site for its name;
// something else for names that it cannot know, in a part of the answer that
// does not vary by itself; and, where an edge was asked, the same from there. A
// server that gives every name what it gives this one is exposed only if the
// network gives that too. An answer with a network's own marks is an edge's,
// whatever the lists say: they are never complete.
func (e *Exposure) Judge() opskit.Level {
	e.Verdict, e.Why, e.Next, e.Undecided = Unknown, "", nil, nil
	e.Site.Judge()
	for i := range e.Controls {
		e.Controls[i].Judge()
	}
	for _, a := range []*reach.HTTPAnswer{e.Edge, e.StatusPage, e.NoPage} {
		if a != nil {
			a.Judge()
		}
	}
	e.judge()
	if e.openStatus() {
		e.Next = append(e.Next, "let only those in charge see the status page: Require local (mod_status)")
	}
	if e.Verdict == Unknown {
		e.gap("whether it serves the site to anybody", e.Why, strings.Join(e.Next, "; "))
	}
	return e.Level()
}

func (e *Exposure) judge() {
	s := &e.Site
	switch {
	case len(e.Network) > 0:
		e.Why = "the address is the network's own: " + e.Network[0].String()
		return
	case s.Verdict == reach.Unknown, s.Verdict == reach.LocalFailure:
		e.Why = "it could not be asked: " + s.Verdict.String()
		e.Undecided = append(e.Undecided, s.Gaps()...)
		return
	case s.Verdict == reach.Silent, s.Verdict == reach.Malformed, s.Verdict == reach.TLSFailed:
		e.Why = "it takes the connection and gives no answer: " + s.Verdict.String()
		return
	case s.Verdict != reach.Answered:
		e.Verdict, e.Why = Shielded, "it does not answer from here: "+s.Verdict.String()
		e.gap("whether it answers from other networks", "a rule can let some in", "a probe from elsewhere")
		return
	case cdn.Mark(s.Header) != "":
		e.Why = "its answer bears a network's own mark (" + cdn.Mark(s.Header) + "), so it is an edge and not the origin"
		e.Next = []string{"ask for the origin's own address"}
		return
	case s.Status >= 500:
		e.Why = fmt.Sprintf("it answers, with an error of its own: %d", s.Status)
		return
	case s.Status >= 400 && !refuses(s.Status):
		e.Why = fmt.Sprintf("it answers, and has no such page: %d", s.Status)
		e.Next = []string{"ask for a page that the site has"}
		return
	case s.Status >= 400:
		e.Verdict, e.Why = Shielded, fmt.Sprintf("it refuses to serve this host: %d", s.Status)
		e.Next = []string{"close the port too: the server itself can still be flooded"}
		return
	}
	if away := leads(s); away != "" {
		e.Why = "it only leads elsewhere: " + away
		e.Next = []string{"ask for " + away + " at the same address"}
		return
	}
	if len(e.Controls) == 0 {
		e.Why = "no control was asked, and a server may give any name its default page"
		return
	}
	for i := range e.Controls {
		if v := e.Controls[i].Verdict; v == reach.Unknown || v == reach.LocalFailure {
			e.Why = "a control could not be asked: " + v.String()
			return
		}
	}
	own := differs(s, e.Controls)
	edge := e.Edge != nil && e.Edge.Verdict == reach.Answered
	same := edge && alike(s, e.Edge)
	switch {
	case same && (own || specific(s)):
		e.Verdict, e.Why = Exposed, "it serves what the network serves"
	case !own:
		e.Why = "it gives any name the same: perhaps a default page, perhaps its only site"
		e.Next = []string{"compare the page itself with the network's"}
	case edge && !same && e.Edge.Status < 400:
		e.Why = "it knows the name, but gives something else than the network"
	default:
		e.Verdict, e.Why = Exposed, "it knows the name and serves it"
		if edge {
			e.gap("whether the network serves the same", fmt.Sprintf("the network gave %d", e.Edge.Status), "a look at the page")
		}
	}
	if e.Edge == nil {
		e.gap("whether the network serves the same", "no edge address was given", "an address of the network")
	}
	if e.Verdict == Exposed {
		day := ""
		if e.Lists != "" {
			day = " of " + e.Lists
		}
		e.gap("whether it is a network's edge after all", "it is in no list"+day+", which are never complete", "whoever runs it")
		e.Next = []string{fmt.Sprintf("let in only the network's own ranges, and nothing else, at %s", e.Origin)}
	}
}

// openStatus tells whether the status page came, from a server that does not give a
// page for every path.
func (e *Exposure) openStatus() bool {
	return e.StatusPage != nil && e.StatusPage.Status == 200 && e.NoPage != nil && e.NoPage.Status == 404
}

func (e *Exposure) gap(what, why, need string) {
	e.Undecided = append(e.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// refuses reports whether a status says that it is the one who asks that is
// not wanted: 403, 421 (RFC 9110), and what nginx gives when a client
// certificate is missing.
func refuses(status int) bool {
	switch status {
	case 400, 403, 421, 495, 496:
		return true
	}
	return false
}

// leads returns where a redirect leads, if that is not within what was asked:
// another host or scheme.
func leads(a *reach.HTTPAnswer) string {
	if a.Status < 300 || len(a.Header["Location"]) == 0 {
		return ""
	}
	asked, err := url.Parse(a.URL)
	if err != nil {
		return ""
	}
	to, err := asked.Parse(a.Header["Location"][0])
	if err != nil {
		return a.Header["Location"][0]
	}
	if to.Scheme != asked.Scheme || !strings.EqualFold(to.Hostname(), asked.Hostname()) {
		return to.String()
	}
	return ""
}

// parts are what is compared of an answer. The host's name within them is
// replaced, since a server may repeat it.
func parts(a *reach.HTTPAnswer) map[string]string {
	if a.Verdict != reach.Answered {
		return map[string]string{"verdict": a.Verdict.String()}
	}
	p := map[string]string{"verdict": a.Verdict.String(), "status": strconv.Itoa(a.Status), "body": a.BodySHA256}
	host, _, _ := strings.Cut(a.Host, ":")
	for _, name := range []string{"Location", "Content-Type", "Content-Length", "Etag", "Last-Modified", "Server", "X-Powered-By"} {
		p[name] = strings.ReplaceAll(strings.Join(a.Header[name], ","), host, "HOST")
	}
	return p
}

// differs reports whether the site's answer differs from the controls' in a
// part that the controls share with each other.
func differs(site *reach.HTTPAnswer, controls []reach.HTTPAnswer) bool {
	mine, first := parts(site), parts(&controls[0])
	for name, v := range mine {
		stable := true
		for i := range controls[1:] {
			stable = stable && parts(&controls[i+1])[name] == first[name]
		}
		if stable && first[name] != v {
			return true
		}
	}
	return false
}

// alike reports whether two servers give the same page, as far as a network
// leaves it unchanged.
func alike(a, b *reach.HTTPAnswer) bool {
	x, y := parts(a), parts(b)
	for _, name := range []string{"status", "Location", "Content-Type"} {
		if x[name] != y[name] {
			return false
		}
	}
	for _, name := range []string{"body", "Etag", "Last-Modified"} {
		if x[name] != "" && y[name] != "" && strings.TrimPrefix(x[name], "W/") != strings.TrimPrefix(y[name], "W/") {
			return false
		}
	}
	return true
}

// specific reports whether an answer has something that two unrelated servers
// would not share.
func specific(a *reach.HTTPAnswer) bool {
	p := parts(a)
	return p["Etag"] != "" || p["Location"] != "" && p["Location"] != "/" || a.BodySize > 0
}
