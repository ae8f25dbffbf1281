package reach

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/opskit-go/opskit/reach/cause"
)

// portal notes a network that answers in the place of others until somebody
// logs in: then an open port proves nothing.
func (w *weighing) portal() {
	for i := range w.c.HTTP {
		a := &w.c.HTTP[i]
		if a.Verdict == Answered && a.Status == http.StatusNetworkAuthenticationRequired {
			w.login = true
			w.add(8, fmt.Sprintf("%s at %s gives status 511: the network here wants a login first (RFC 6585)", a.URL, a.Connection.Target), cause.ThisHost)
			w.not(8, "the network here answers in the site's place", cause.Nothing)
			w.gap("whether its addresses can be reached", "the network here answers in their place", "a login to it")
		}
	}
}

// answers weighs what HTTP gave.
func (w *weighing) answers() {
	pages := 0
	for i := range w.c.HTTP {
		a := &w.c.HTTP[i]
		where := fmt.Sprintf("%s at %s", a.URL, a.Connection.Target)
		if a.TLS != nil && a.TLS.Problem != nil {
			w.certificate(where, a)
		}
		switch a.Verdict {
		case Answered:
			if w.login {
				continue
			}
			w.not(8, where+" answers", cause.HostDown, cause.ServiceDown, cause.Path, cause.ThisHost)
			switch {
			case a.Status >= 500:
				w.add(6, fmt.Sprintf("%s gives status %d", where, a.Status), cause.Application)
				w.not(8, fmt.Sprintf("%s gives status %d", where, a.Status), cause.Nothing)
			case a.Status >= 400:
				w.add(3, fmt.Sprintf("%s gives status %d", where, a.Status), cause.Application)
				w.not(4, fmt.Sprintf("%s gives status %d", where, a.Status), cause.Nothing)
			default:
				if to := a.elsewhere(); to != "" {
					w.add(2, where+" leads to "+to, cause.Nothing)
					w.gap("whether it is the site that answers", "it only leads to "+to+", as a network that wants a login does", "ask for that, or from another network")
					continue
				}
				pages++
			}
		case Silent:
			w.silentServer(where, a)
		case Closed, Malformed:
			w.add(5, where+": the connection opens and no answer comes: "+a.Verdict.String(), cause.Application)
			w.add(2, where+" closes without an answer", cause.Filtered)
			w.not(8, where+" gives no answer", cause.Nothing)
		case TLSFailed:
			w.add(4, where+": "+a.TLS.Failure.Error(), cause.Certificate, cause.Application)
			w.not(8, where+" does not speak TLS with this host", cause.Nothing)
		case Unknown:
			w.unseen = append(w.unseen, a.Unseen...)
		}
	}
	if pages > 0 {
		w.add(8, fmt.Sprintf("%d of %d requests give a page", pages, len(w.c.HTTP)), cause.Nothing)
		w.not(8, "the site answers", cause.Attack, cause.Filtered, cause.Migration)
	}
	if len(w.c.HTTP) == 0 {
		w.gap("whether the site answers", "no HTTP request was made", "Prober.HTTP")
		w.openPortsOnly()
	}
}

// certificate weighs one that does not prove the name. By a wrong clock every
// certificate looks expired, or not valid yet.
func (w *weighing) certificate(where string, a *HTTPAnswer) {
	if errors.Is(a.TLS.Problem, ErrLocal) {
		w.gap("whether the certificate is valid", "this host has no root certificates to judge by", "apt-get install ca-certificates")
		return
	}
	w.not(8, where+" cannot prove its name", cause.Nothing)
	if theirs, off := a.clockDecides(); off {
		w.add(2, fmt.Sprintf("%s: its certificate is valid by the server's clock (%s) and not by this host's (%s)",
			where, theirs.Format(time.RFC3339), a.At.UTC().Format(time.RFC3339)), cause.ThisHost, cause.Certificate)
		w.gap("whether the certificate is valid", "this host's clock and the server's differ", "the right time on this host")
		return
	}
	w.add(6, where+": "+a.TLS.Problem.Error(), cause.Certificate)
}

// silentServer weighs a connection that opens and stays silent: a hung
// service, one with too much to do, or a middlebox that completed the
// handshake in the name of nobody.
func (w *weighing) silentServer(where string, a *HTTPAnswer) {
	fact := where + ": the connection opens and not a byte comes back"
	w.not(8, fact, cause.Nothing)
	if a.RequestAcked != nil && !*a.RequestAcked {
		w.add(5, fact+", the request is not even acknowledged", cause.Path)
		w.add(2, "something else may have completed the handshake", cause.HostDown, cause.Filtered)
		return
	}
	w.add(5, fact, cause.Application)
	w.add(2, fact, cause.Attack)
}

// openPortsOnly weighs open ports behind which nobody asked for a page.
func (w *weighing) openPortsOnly() {
	for _, c := range w.c.Connections {
		if c.Verdict == Open {
			w.add(3, c.Target.String()+" is open (whether it serves was not asked)", cause.Nothing)
			return
		}
	}
}

// changes weighs what is not what it was, and how long the trouble lasts.
func (w *weighing) changes() {
	w.change(5, "address", w.c.Address)
	w.change(4, "name servers", w.c.Nameservers)
	w.change(3, "holder of the address", w.c.Owner)
	if w.c.Address == nil && w.c.Nameservers == nil && w.c.Owner == nil {
		w.gap("what changed lately", "no history was brought", "Case.Address, Nameservers, Owner")
	}
	if !w.c.DownSince.IsZero() && w.c.At.Sub(w.c.DownSince) > 48*time.Hour {
		w.not(1, fmt.Sprintf("it lasts %d days: floods are rarely held that long", int(w.c.At.Sub(w.c.DownSince).Hours()/24)), cause.Attack)
	}
}

// change weighs one change by its time: one shortly before the trouble counts
// in full, one of unknown time less, an old one not, one that came after the
// trouble is no cause of it.
func (w *weighing) change(weight int, what string, ch *Change) {
	if ch == nil || ch.Before == ch.After {
		return
	}
	fact := fmt.Sprintf("the %s changed from %s to %s", what, ch.Before, ch.After)
	began := w.c.DownSince
	if began.IsZero() {
		began = w.c.At
	}
	switch {
	case !ch.LastBefore.IsZero() && !began.IsZero() && ch.LastBefore.After(began):
		fact += fmt.Sprintf(" after the trouble began (still the old one on %s)", ch.LastBefore.Format(time.DateOnly))
		weight = 1
	case ch.LastBefore.IsZero() || began.IsZero():
		if !ch.FirstAfter.IsZero() && !began.IsZero() && began.Sub(ch.FirstAfter) > recentChange {
			return
		}
		fact += ", nobody knows when"
		weight = (weight + 1) / 2
	case began.Sub(ch.LastBefore) > recentChange && !ch.FirstAfter.IsZero() && began.Sub(ch.FirstAfter) > recentChange:
		return
	case began.Sub(ch.LastBefore) > recentChange:
		fact += fmt.Sprintf(", at some time after %s", ch.LastBefore.Format(time.DateOnly))
		weight = (weight + 1) / 2
	default:
		fact += fmt.Sprintf(" after %s, shortly before the trouble began", ch.LastBefore.Format(time.DateOnly))
	}
	w.evidence = append(w.evidence, Evidence{Fact: fact, Source: ch.Source, Weight: weight, For: []cause.Cause{cause.Migration}})
}
