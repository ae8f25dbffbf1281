package why

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/opskit-go/opskit/reach"
)

// controlPages notes whether another site's page came as that site serves it.
func (w *weighing) controlPages() {
	for i := range w.c.ControlHTTP {
		a := &w.c.ControlHTTP[i]
		f := family(a.Connection.Target.Addr())
		if a.Connection.Verdict == reach.Open && w.world[f][controlUp] == "" {
			w.world[f][controlUp] = fmt.Sprintf("%s can be reached from here", a.Connection.Target)
			delete(w.world[f], controlDown)
		}
		switch {
		case a.Verdict != reach.Answered:
		case a.TLS.Proven(), a.Status == http.StatusNoContent:
			w.world[""][controlPage] = fmt.Sprintf("%s came unchanged", a.URL)
			w.world[""][anyControl] = w.world[""][controlPage]
		case a.Status == http.StatusNetworkAuthenticationRequired, elsewhereOf(a) != "", w.alike(a), strings.HasSuffix(a.URL, "204"),
			a.TLS != nil && !a.TLS.Problem.IsZero():
			w.world[""][intercepted] = fmt.Sprintf("%s, another site, is answered alike: status %d", a.URL, a.Status)
		}
	}
	if w.world[""][intercepted] != "" {
		delete(w.world[""], controlPage)
	}
}

// alike tells whether an unrelated site gives the very page that this one gives, or,
// as one that is known to be up, the same error.
func (w *weighing) alike(control *reach.HTTPAnswer) bool {
	for i := range w.c.HTTP {
		a := &w.c.HTTP[i]
		if a.Status != control.Status || a.Verdict != reach.Answered {
			continue
		}
		if a.BodySHA256 != "" && a.BodySHA256 == control.BodySHA256 && a.BodySize > 0 || a.Status >= 400 && a.TLS == nil && control.TLS == nil {
			return true
		}
	}
	return false
}

// near is by how much clocks that agree differ at most.
const near = 10 * time.Minute

// clockDecides reports whether the server's clock is another than this host's, and
// no certificate is out of its time by that.
func clockDecides(a *reach.HTTPAnswer) (theirs time.Time, off bool) {
	theirs, ok := dateOf(a)
	if !ok || a.At.IsZero() || theirs.Sub(a.At).Abs() < near {
		return time.Time{}, false
	}
	for _, der := range a.TLS.Chain {
		c, err := x509.ParseCertificate(der)
		if err == nil && (theirs.Before(c.NotBefore) || theirs.After(c.NotAfter)) {
			return time.Time{}, false
		}
	}
	return theirs, true
}

func dateOf(a *reach.HTTPAnswer) (time.Time, bool) {
	date := a.Header["Date"]
	if len(date) == 0 {
		return time.Time{}, false
	}
	t, err := http.ParseTime(date[0])
	return t, err == nil
}

// clock asks the other sites whose clock is right.
func (w *weighing) clock(a *reach.HTTPAnswer, facts map[fact]string) {
	theirs, ok := dateOf(a)
	if !ok || a.At.IsZero() {
		return
	}
	for i := range w.c.ControlHTTP {
		third, ok := dateOf(&w.c.ControlHTTP[i])
		if !ok {
			continue
		}
		switch at := w.c.ControlHTTP[i].At; {
		case third.Sub(at).Abs() < near:
			facts[clockRight] = w.c.ControlHTTP[i].URL + " has the time that this host has"
		case third.Sub(theirs).Abs() < near+at.Sub(a.At).Abs():
			facts[clockWrong] = w.c.ControlHTTP[i].URL + " has the server's time and not this host's"
		}
	}
}
