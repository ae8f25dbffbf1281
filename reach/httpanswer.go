package reach

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// HTTPAnswer is what came of one HTTP request to one address. Its Verdict is
// Answered (whatever the status), Silent, Closed, Malformed, TLSFailed, or,
// where the connection did not open, that of Connection.
type HTTPAnswer struct {
	URL     string  `json:"url"`     // asked for, without password and fragment
	Method  string  `json:"method"`  // HEAD or GET
	Host    string  `json:"host"`    // the Host header and server name that were sent
	Verdict Verdict `json:"verdict"` // set by Judge

	Connection Connection `json:"connection"`    // the TCP connection it was asked over
	TLS        *TLS       `json:"tls,omitempty"` // for https

	Status int                 `json:"status,omitempty"` // of the final answer; 0 if there was none
	Proto  string              `json:"proto,omitempty"`  // such as "HTTP/1.1"
	Header map[string][]string `json:"header,omitempty"` // at most 100 values of at most 1 KiB
	// BodySize and BodySHA256 describe the body of a GET, of which at most 256
	// KiB are read; BodyCut says that there was more, or that it ended early.
	BodySize   int    `json:"body_size,omitempty"`
	BodySHA256 string `json:"body_sha256,omitempty"` // of what was read of the body, in hex
	BodyCut    bool   `json:"body_cut,omitempty"`    // there was more of it, or it ended early

	// TimedOut: the time was over before an answer had come. Ended: how the
	// other side ended it without one: "closed", "malformed", or the name of
	// the error. Received counts the bytes that had come by then.
	TimedOut bool   `json:"timed_out,omitempty"`
	Ended    string `json:"ended,omitempty"`    // how the other side ended it without an answer
	Received int    `json:"received,omitempty"` // bytes that had come by then
	// RequestAcked tells whether the other side's kernel acknowledged the
	// request, where an answer was waited for in vain and this one can tell
	// (TCP_INFO). Without it, the request itself is lost on the way, or
	// something else completed the handshake in the host's name.
	RequestAcked *bool `json:"request_acked,omitempty"`

	Fault *Error `json:"fault,omitempty"` // what was malformed; it wraps ErrMalformed

	At        time.Time     `json:"at"`                      // when it was asked
	FirstByte time.Duration `json:"first_byte_ns,omitempty"` // from the request to the first byte
	Took      time.Duration `json:"took_ns"`                 // with the connection
	Unseen    []Gap         `json:"unseen,omitempty"`        // what could not be seen
}

// silentAnswer is how long a server must have been silent after the request
// for Silent; less is Unknown.
const silentAnswer = 2 * time.Second

// Judge sets Verdict and Unseen from the other fields; it is pure.
func (a *HTTPAnswer) Judge() {
	a.Verdict, a.Unseen = Unknown, nil
	gap := func(what, why, need string) { a.Unseen = append(a.Unseen, Gap{What: what, Why: why, Need: need}) }
	a.Connection.Judge()
	if a.Connection.Verdict != Open {
		a.Verdict = a.Connection.Verdict
		a.Unseen = slices.Clone(a.Connection.Unseen)
		return
	}
	switch {
	case a.Status != 0:
		a.Verdict = Answered
		if a.Method == http.MethodHead {
			gap("the body", "a HEAD request asks for none", "a GET")
		}
	case a.TLS != nil && a.TLS.Failure != nil:
		a.Verdict = TLSFailed
	case a.Connection.Reset:
		a.Verdict = Closed
	case a.TimedOut && a.Received > 0:
		a.Verdict = Malformed
		gap("the rest of the answer", "it had begun and did not end in time", "a longer timeout")
	case a.TimedOut && a.silence() < silentAnswer:
		gap("whether it answers", fmt.Sprintf("%s is too short to judge a server that may be slow", a.silence().Round(time.Millisecond)), "a timeout of 4s")
	case a.TimedOut:
		a.Verdict = Silent
	case a.Ended == "malformed", a.Ended == "closed" && a.Received > 0:
		a.Verdict = Malformed
	case a.Ended != "":
		a.Verdict = Closed
	default:
		gap("whether it answers", "the request was ended before anything came back", "")
	}
}

// silence is how long the server had, from the open connection to the end.
func (a *HTTPAnswer) silence() time.Duration {
	if a.Took > a.Connection.Took {
		return a.Took - a.Connection.Took
	}
	return 0
}

// elsewhere returns where a redirect leads, if that is another site: neither
// the host that was asked, nor one above, below or beside it. A certificate
// that proves the name makes it the site's own word.
func (a *HTTPAnswer) elsewhere() string {
	to := a.Header["Location"]
	if a.Status < 300 || a.Status > 399 || len(to) == 0 || a.TLS != nil && a.TLS.Problem == nil {
		return ""
	}
	asked, err := url.Parse("http://" + a.Host + "/")
	if err != nil {
		return ""
	}
	target, err := asked.Parse(to[0])
	if err != nil {
		return to[0]
	}
	if sameSite(asked.Hostname(), target.Hostname()) {
		return ""
	}
	return target.String()
}

// sameSite reports whether two names belong together as far as names can tell:
// they end in three labels of one kind, or in two of which the first is too
// long for a second level such as co.uk or com.ar, or one is below the other.
func sameSite(a, b string) bool {
	clean := func(s string) string { return strings.TrimPrefix(strings.ToLower(strings.TrimSuffix(s, ".")), "www.") }
	a, b = clean(a), clean(b)
	if a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a) {
		return true
	}
	if _, err := netip.ParseAddr(a); err == nil {
		return false
	}
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	common := 0
	for common < min(len(x), len(y)) && x[len(x)-1-common] == y[len(y)-1-common] {
		common++
	}
	return common > 2 || common == 2 && len(x[len(x)-2]) > 3
}

// clockDecides reports whether the certificate is valid at the time that the
// server tells and not at this host's.
func (a *HTTPAnswer) clockDecides() (theirs time.Time, off bool) {
	date := a.Header["Date"]
	if len(date) == 0 || a.TLS == nil || len(a.TLS.Chain) == 0 || a.At.IsZero() {
		return time.Time{}, false
	}
	theirs, err := http.ParseTime(date[0])
	if err != nil {
		return time.Time{}, false
	}
	leaf, err := x509.ParseCertificate(a.TLS.Chain[0])
	if err != nil {
		return time.Time{}, false
	}
	valid := func(t time.Time) bool { return !t.Before(leaf.NotBefore) && !t.After(leaf.NotAfter) }
	return theirs, valid(theirs) && !valid(a.At)
}

// noteBody keeps the size and digest of a body.
func (a *HTTPAnswer) noteBody(body []byte, err error) {
	if len(body) > maxBody {
		body, a.BodyCut = body[:maxBody], true
	}
	if err != nil {
		a.BodyCut = true
	}
	sum := sha256.Sum256(body)
	a.BodySize, a.BodySHA256 = len(body), hex.EncodeToString(sum[:])
}

// String returns the verdict, the evidence under it and what was not checked.
func (a *HTTPAnswer) String() string {
	ev := []string{fmt.Sprintf("at %s, Host: %s", a.Connection.Target, printable(a.Host))}
	if a.Connection.Via.IsValid() {
		ev = append(ev, fmt.Sprintf("contacted %s in its place", a.Connection.Via))
	}
	if a.Connection.ICMP != nil {
		ev = append(ev, a.Connection.ICMP.String())
	}
	if a.Status != 0 {
		ev = append(ev, printable(fmt.Sprintf("%s %d %s", a.Proto, a.Status, http.StatusText(a.Status))))
	}
	for _, name := range []string{"Location", "Server", "X-Powered-By", "Content-Type"} {
		for _, v := range a.Header[name] {
			ev = append(ev, name+": "+printable(v))
		}
	}
	if a.TLS != nil {
		ev = append(ev, a.TLS.evidence())
	}
	if a.Ended != "" {
		ev = append(ev, fmt.Sprintf("ended by the other side (%s) after %d bytes", printable(a.Ended), a.Received))
	}
	if a.RequestAcked != nil {
		s := "the request was acknowledged"
		if !*a.RequestAcked {
			s = "the request was never acknowledged"
		}
		ev = append(ev, s)
	}
	if a.Fault != nil {
		ev = append(ev, printable(a.Fault.Error()))
	}
	if a.FirstByte > 0 {
		ev = append(ev, fmt.Sprintf("first byte after %s", a.FirstByte))
	}
	return report(a.Method+" "+printable(a.URL)+": "+a.Verdict.String(), ev, nil, a.Unseen)
}
