package why

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
)

// open finds what an open port serves.
func (w *weighing) open(e *endpoint, facts map[fact]string) {
	scope := scopeOf(e.at.Addr(), []uint16{e.at.Port()})
	if e.conn.Window != nil && *e.conn.Window > 0 {
		facts[realStack] = fmt.Sprintf("its own TCP said how much it can take (%d bytes)", *e.conn.Window)
	}
	switch {
	case len(e.pages) > 0:
	case e.conn.Reset:
		w.find(scope, family(e.at.Addr()), cutOff, StateBroken, facts, "the port opens and is reset at once")
		return
	case e.conn.Window != nil && *e.conn.Window == 0:
		w.gaps = append(w.gaps, e.conn.Gaps()...)
		w.findings = append(w.findings, Finding{Scope: scope, Seen: []string{"the port opens, with a window of 0"}, Ask: "ask for its page: a SYN proxy opens ports in the place of others"})
		return
	default:
		w.gaps = append(w.gaps, e.conn.Gaps()...)
		w.works(scope, StateWorks, "the port is open")
		return
	}
	page, small := best(e.pages)
	for _, g := range page.Undecided {
		if page.Verdict == reach.Unknown {
			w.gap(g.What, g.Why, g.Need)
		}
	}
	scope += " " + page.URL
	if page.TLS != nil && !page.TLS.Problem.IsZero() {
		w.certificate(scope, page, facts)
		if page.Verdict == reach.TLSFailed || page.Verdict == reach.Answered && page.Status < 400 {
			return // what else it gives is not the site's until it proves its name
		}
	}
	if page.Verdict == reach.Answered {
		w.status(scope, page, facts)
		return
	}
	w.noAnswer(scope, page, small, facts)
}

// best returns the page that was asked for: a GET after a HEAD, an answer before
// none; and the same asked in small segments.
func best(pages []*reach.HTTPAnswer) (page, small *reach.HTTPAnswer) {
	for _, a := range pages {
		switch {
		case a.MaxSegment > 0:
			small = a
		case page == nil, a.Method == http.MethodGet, page.Verdict != reach.Answered && a.Verdict == reach.Answered:
			page = a
		}
	}
	if page == nil {
		page, small = small, nil
	}
	return page, small
}

// noAnswer finds why a connection opens and no whole answer comes over it.
func (w *weighing) noAnswer(scope string, a, small *reach.HTTPAnswer, facts map[fact]string) {
	seen := []string{"the connection opens, then: " + a.Verdict.String()}
	var s symptom
	state := StateBroken
	v6 := a.Connection.Target.Addr().Is6()
	switch a.Verdict {
	case reach.Silent:
		s = mute
		if a.RequestAcked != nil && !*a.RequestAcked {
			s, seen = unheard, append(seen, "the request was never acknowledged")
		}
	case reach.Closed, reach.Malformed, reach.TLSFailed:
		switch {
		case a.Ended == "ECONNRESET" || a.BodyEnded == "ECONNRESET":
			s = cutOff
		case a.TimedOut || a.BodyEnded == "timed_out":
			s = stuck
		case a.Verdict == reach.TLSFailed && strings.Contains(a.TLS.Failure.String(), "remote error: tls: "):
			s = notWanted // an alert: it may want a certificate of who asks, or another name
		case a.Verdict == reach.TLSFailed:
			s = noTLS
		default:
			s = broken
		}
		if a.TLS != nil && !a.TLS.Failure.IsZero() {
			seen = append(seen, a.TLS.Failure.String())
		}
	case reach.Prohibited:
		s = prohibited
	case reach.Unreachable: // the handshake passed, so the way is there and the data is not wanted
		s = prohibited
		if a.ICMP != nil && a.ICMP.TimeExceeded(v6) {
			s = noWay
		}
	default:
		state = StateUnknown
	}
	if a.ICMP != nil {
		seen = append(seen, a.ICMP.String())
	}
	switch {
	case small == nil || state != StateBroken:
	case small.Verdict == reach.Answered:
		s, seen = smallPasses, append(seen, fmt.Sprintf("with segments of at most %d bytes it answers", small.MaxSegment))
	case small.Connection.Verdict == reach.Open && small.Verdict != reach.Unknown:
		facts[smallSilent] = fmt.Sprintf("with segments of at most %d bytes it gives no answer either", small.MaxSegment)
	}
	if s == stuck && a.BodySize >= manyPackets {
		s, state, seen = slow, StateDegraded, append(seen, fmt.Sprintf("%d bytes of the body had come by then", a.BodySize))
	}
	w.find(scope, family(a.Connection.Target.Addr()), s, state, facts, seen...)
}

// manyPackets is how much of a body is no hole in the way any more.
const manyPackets = 64 << 10

// slowAnswer is how long a first byte takes that somebody should look at.
const slowAnswer = 3 * time.Second

// status finds what an answer means.
func (w *weighing) status(scope string, a *reach.HTTPAnswer, facts map[fact]string) {
	f, seen := family(a.Connection.Target.Addr()), fmt.Sprintf("status %d %s", a.Status, http.StatusText(a.Status))
	mark := cdn.Mark(a.Header)
	if mark != "" {
		seen += ", marked by " + mark
	}
	proven := a.TLS != nil && a.TLS.Problem.IsZero() && a.TLS.Version != ""
	find := func(s symptom, state State) { w.find(scope, f, s, state, facts, seen) }
	switch {
	case a.Status == http.StatusNetworkAuthenticationRequired:
		find(login, StateBroken)
	case a.Method == http.MethodHead && (a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented):
		w.findings = append(w.findings, Finding{Scope: scope, Seen: []string{seen + ", to HEAD"}, Ask: "ask with GET: the server does not take HEAD (RFC 9110, 15.5.6)"})
	case a.Status >= 400 && !proven && w.world[""][intercepted] != "":
		seen += "; " + w.world[""][intercepted]
		find(login, StateBroken)
	case edgeStatus(mark, a.Status) != "":
		seen += ": " + edgeStatus(mark, a.Status)
		find(edgeError, StateBroken)
	case a.Status >= 500 && mark != "":
		find(edgeDoubt, StateBroken)
	case a.Status >= 500:
		find(serverError, StateBroken)
	case a.Status == 403, a.Status == 429, a.Status == 451:
		find(notWanted, StateBroken)
	case a.Status == 404 && w.c.URL == "" && strings.HasSuffix(a.URL, a.Host+"/"):
		w.findings = append(w.findings, Finding{Scope: scope, Seen: []string{seen + ", at the root, which a service need not have"}, Ask: "ask for a page that it is known to have"})
	case a.Status >= 400 && a.Status != 401:
		find(noPage, StateBroken)
	case a.Status == 401:
		seen += ": it answers, and wants a login of its own"
		w.answers(scope, a, proven, facts, seen)
	case w.loops(a):
		if seen += ", and leads to itself"; proven {
			facts[controlPage] = "its certificate proves the name"
		}
		find(loop, StateBroken)
	case elsewhereOf(a) != "" && !proven:
		seen += ", which leads to " + elsewhereOf(a)
		find(elsewhere, StateUnknown)
	default:
		w.answers(scope, a, proven, facts, seen)
	}
}

// answers is a page as it should be: if it is the site's own.
func (w *weighing) answers(scope string, a *reach.HTTPAnswer, proven bool, facts map[fact]string, seen string) {
	f := family(a.Connection.Target.Addr())
	switch to := within(a); {
	case a.FirstByte >= slowAnswer && a.FirstByte > 4*a.Connection.RTT:
		w.find(scope, f, slow, StateDegraded, facts, seen, fmt.Sprintf("the first byte took %s, a round trip %s", a.FirstByte, a.Connection.RTT))
		return
	case to == nil && redirect(a) != nil && !sameHost(a):
		w.gap("the page that it leads to, "+redirect(a).String(), "it was not asked for", "whydown "+redirect(a).String())
	case to != nil && !w.tried(portOf(to)):
		w.gap("the page that it leads to, "+to.String(), "it was not asked for", "whydown "+to.String())
	}
	if proven {
		w.works(scope, StateWorks, seen)
		return
	}
	if up := w.world[""][anyControl]; up != "" && len(w.c.ControlHTTP) == 0 {
		facts[controlPage] = up // a weaker sign than a page, and the one that was brought
	}
	w.find(scope, f, plainPage, StateUnknown, facts, seen)
}

func (w *weighing) tried(port uint16) bool {
	return slices.ContainsFunc(w.c.Connections, func(c reach.Connection) bool { return c.Target.Port() == port })
}

// certificate finds why a chain does not prove the name.
func (w *weighing) certificate(scope string, a *reach.HTTPAnswer, facts map[fact]string) {
	f, problem := family(a.Connection.Target.Addr()), a.TLS.Problem.String()
	has := func(list ...reach.TLSFinding) bool {
		return slices.ContainsFunc(a.TLS.Findings, func(x reach.TLSFinding) bool { return slices.Contains(list, x) })
	}
	if up := w.world[""][anyControl]; up != "" && len(w.c.ControlHTTP) == 0 {
		facts[controlPage] = up
	}
	w.clock(a, facts)
	switch theirs, off := clockDecides(a); {
	case errors.Is(a.TLS.Problem.Err(), reach.ErrLocal):
		w.gap("whether the certificate is valid", "this host has no root certificates to judge by", "apt-get install ca-certificates")
		w.findings = append(w.findings, Finding{Scope: scope, Seen: []string{problem}, Ask: "ask from a host that has root certificates"})
	case w.world[""][worksElsewhere] != "" && !has(reach.TLSOtherName):
		w.find(scope, f, onlyHere, StateBroken, facts, problem, w.world[""][worksElsewhere])
	case has(reach.TLSOtherName, reach.TLSUnknownIssuer):
		w.find(scope, f, otherName, StateBroken, facts, problem)
	case off && has(reach.TLSOutOfTime):
		w.find(scope, f, byClock, StateBroken, facts, problem, fmt.Sprintf("no certificate is out of its time by the server's clock (%s), as by this host's (%s)", theirs.Format(time.RFC3339), a.At.UTC().Format(time.RFC3339)))
	case has(reach.TLSOutOfTime):
		w.find(scope, f, expired, StateBroken, facts, problem)
	default:
		w.find(scope, f, badChain, StateBroken, facts, problem)
	}
}

// edgeStatus says what a network's own status means: Cloudflare's 52x and 530, and
// CloudFront's 502 and 504, which it gives for its origin alone.
func edgeStatus(mark string, status int) string {
	switch mark {
	case "Cloudflare":
	case "Amazon CloudFront":
		return map[int]string{502: "the edge cannot speak with the origin", 504: "the origin did not answer the edge in time"}[status]
	default:
		return ""
	}
	return map[int]string{
		520: "the origin gave the edge something that it does not understand", 521: "the origin refused the edge's connection",
		522: "the edge's connection to the origin timed out", 523: "the edge has no way to the origin", 524: "the origin took too long to answer the edge",
		525: "the edge's TLS handshake with the origin failed", 526: "the origin's certificate does not prove its name to the edge",
		530: "the edge cannot find the origin",
	}[status]
}

// elsewhereOf returns where a redirect leads, if that is another site.
func elsewhereOf(a *reach.HTTPAnswer) string {
	to := redirect(a)
	if to == nil || sameSite(a.Host, to.Hostname()) {
		return ""
	}
	return to.String()
}

// within returns where a redirect leads, if that is another port of the same name.
func within(a *reach.HTTPAnswer) *url.URL {
	to := redirect(a)
	asked, err := url.Parse(a.URL)
	if to == nil || err != nil || !strings.EqualFold(to.Hostname(), asked.Hostname()) || portOf(to) == portOf(asked) {
		return nil
	}
	return to
}

// loops tells whether following redirects comes back to where it was, as far as they
// were asked for. Who is given a cookie may be let in the next time.
func (w *weighing) loops(a *reach.HTTPAnswer) bool {
	plain := func(u *url.URL) string {
		return fmt.Sprint(u.Scheme, "://", strings.ToLower(u.Hostname()), ":", portOf(u), cmp.Or(u.EscapedPath(), "/"), "?", u.RawQuery)
	}
	been := map[string]bool{}
	for a != nil {
		asked, err := url.Parse(a.URL)
		to := redirect(a)
		if err != nil || to == nil || len(a.Header["Set-Cookie"]) > 0 {
			return false
		}
		been[plain(asked)] = true
		if been[plain(to)] {
			return true
		}
		at := slices.IndexFunc(w.c.HTTP, func(next reach.HTTPAnswer) bool {
			u, err := url.Parse(next.URL)
			return err == nil && plain(u) == plain(to) && next.Connection.Target.Addr() == a.Connection.Target.Addr()
		})
		if a = nil; at >= 0 {
			a = &w.c.HTTP[at]
		}
	}
	return false
}

func redirect(a *reach.HTTPAnswer) *url.URL {
	location := a.Header["Location"]
	if a.Status < 300 || a.Status > 399 || len(location) == 0 {
		return nil
	}
	asked, err := url.Parse(a.URL)
	if err != nil {
		return nil
	}
	to, err := asked.Parse(location[0])
	if err != nil {
		return &url.URL{Opaque: location[0]}
	}
	return to
}

// sameHost tells whether a redirect stays with the very name that was asked.
func sameHost(a *reach.HTTPAnswer) bool {
	asked, err := url.Parse(a.URL)
	return err != nil || strings.EqualFold(redirect(a).Hostname(), asked.Hostname())
}

// sameSite reports whether two names belong together: whether somebody could
// register the part that they share.
func sameSite(a, b string) bool {
	clean := func(s string) string {
		if u, err := url.Parse("//" + s); err == nil {
			s = u.Hostname()
		}
		return strings.ToLower(strings.TrimSuffix(s, "."))
	}
	a, b = clean(a), clean(b)
	x, errX := publicsuffix.EffectiveTLDPlusOne(a)
	y, errY := publicsuffix.EffectiveTLDPlusOne(b)
	return a == b || errX == nil && errY == nil && x == y
}
