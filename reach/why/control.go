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

// alike tells whether an unrelated site gives the very page that this one gives.
func (w *weighing) alike(control *reach.HTTPAnswer) bool {
	for i := range w.c.HTTP {
		a := &w.c.HTTP[i]
		if a.Status != control.Status || a.Verdict != reach.Answered {
			continue
		}
		if a.BodySHA256 != "" && a.BodySHA256 == control.BodySHA256 && a.BodySize > 0 {
			return true
		}
	}
	return false
}

// clockDecides reports whether the certificate is valid at the time that the
// server tells and not at this host's.
func clockDecides(a *reach.HTTPAnswer) (theirs time.Time, off bool) {
	theirs, ok := dateOf(a)
	if !ok || len(a.TLS.Chain) == 0 || a.At.IsZero() {
		return time.Time{}, false
	}
	leaf, err := x509.ParseCertificate(a.TLS.Chain[0])
	if err != nil {
		return time.Time{}, false
	}
	valid := func(t time.Time) bool { return !t.Before(leaf.NotBefore) && !t.After(leaf.NotAfter) }
	return theirs, valid(theirs) && !valid(a.At)
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
	const near = 10 * time.Minute
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
