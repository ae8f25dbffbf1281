package reach

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/opskit-go/opskit"
)

// HTTPAnswer is what came of one HTTP request to one address. Its Verdict is
// Answered (whatever the status), Silent, Closed, Malformed, TLSFailed,
// Unreachable or Prohibited (an ICMP error on the open connection), Unknown, or,
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
	// KiB are read; BodyCut says that there was more, BodyEnded how it ended
	// before it was whole.
	BodySize   int    `json:"body_size,omitempty"`
	BodySHA256 string `json:"body_sha256,omitempty"` // of what was read of the body, in hex
	BodyCut    bool   `json:"body_cut,omitempty"`    // there was more of it
	BodyEnded  string `json:"body_ended,omitempty"`  // "timed_out", "closed", or the name of the error

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

	// ICMP is the error that ended the connection after it had opened.
	ICMP *ICMP `json:"icmp,omitempty"`
	// MaxSegment is the size of segments that was asked for, where it was.
	MaxSegment int `json:"max_segment,omitempty"`

	Fault opskit.Failure `json:"fault,omitzero"` // what was malformed; it wraps ErrMalformed

	At        time.Time     `json:"at"`                      // when it was asked
	FirstByte time.Duration `json:"first_byte_ns,omitempty"` // from the request to the first byte
	Took      time.Duration `json:"took_ns"`                 // with the connection
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`        // what who looked could not see
	Undecided []opskit.Gap  `json:"undecided,omitempty"`     // what the evidence leaves open; set by Judge
}

// silentAnswer is how long a server must have been silent after the request
// for Silent; less is Unknown.
const silentAnswer = 2 * time.Second

// whole tells whether everything came that was asked for.
func (a *HTTPAnswer) whole() bool { return a.Status != 0 && a.BodyEnded == "" }

// Judge sets Verdict and Undecided from the other fields; it is pure.
func (a *HTTPAnswer) Judge() opskit.Level {
	a.Verdict, a.Undecided = Unknown, nil
	gap := func(what, why, need string) {
		a.Undecided = append(a.Undecided, opskit.Gap{What: what, Why: why, Need: need})
	}
	a.Connection.Judge()
	if a.Connection.Verdict != Open {
		a.Verdict = a.Connection.Verdict
		return a.Level()
	}
	refused := a.Connection // what came over it after the handshake is judged alike
	refused.ICMP = a.ICMP
	switch {
	case a.whole():
		a.Verdict = Answered
		if a.Method == http.MethodHead {
			gap("the body", "a HEAD request asks for none", "a GET")
		}
	case a.ICMP != nil && refused.ours():
		gap("whether it answers", "this host's own packet filter ended the connection: "+a.ICMP.name(), "nft list ruleset")
	case a.ICMP != nil && a.ICMP.prohibits(a.Connection.contact().Addr().Is6()):
		a.Verdict = Prohibited
	case a.ICMP != nil:
		a.Verdict = Unreachable
	case unreachableErrno(a.Ended), unreachableErrno(a.BodyEnded):
		a.Verdict = Unreachable
		gap("the ICMP code and its sender", "the kernel gave the error without the packet", "a capture: tcpdump icmp or icmp6")
	case a.Status != 0:
		a.Verdict = Malformed
		gap("the rest of the body", "it had begun and ended early: "+a.BodyEnded, "a second GET")
	case a.TLS != nil && !a.TLS.Failure.IsZero():
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
		gap("whether the server is silent, or its answer too big for the way", "both look the same in one connection", "the same request with a small segment size")
	case a.Ended == "malformed", a.Ended == "closed" && a.Received > 0:
		a.Verdict = Malformed
	case a.Ended != "":
		a.Verdict = Closed
	default:
		gap("whether it answers", "the request was ended before anything came back", "a new request")
	}
	a.judgeStatus(gap)
	return a.Level()
}

// judgeStatus says what a status leaves open.
func (a *HTTPAnswer) judgeStatus(gap func(what, why, need string)) {
	switch {
	case a.Verdict != Answered:
	case a.headUnknown():
		gap("whether the page is there", fmt.Sprintf("the server does not take HEAD (%d)", a.Status), "a GET")
	case a.Status == http.StatusNetworkAuthenticationRequired:
		gap("whether the site answers", "the network on the way answers in its place until somebody logs in (511, RFC 6585)", "a login to that network")
	}
	if a.TLS != nil && errors.Is(a.TLS.Problem.Err(), ErrLocal) {
		gap("whether the certificate is valid", "this host has no root certificates to judge by", "apt-get install ca-certificates")
	}
}

// headUnknown: the method is at fault and not the page (RFC 9110, 15.5.6, 15.6.2).
func (a *HTTPAnswer) headUnknown() bool {
	return a.Method == http.MethodHead && (a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented)
}

// Level is that of the verdict; of an answer also that of its status: Problem
// from 500 on and for a certificate that does not prove the name, Warning for
// other errors, OK for a page, a redirect and 401, which asks for a login. An
// answer by somebody else (511), a method that is not taken and a certificate
// that cannot be judged leave it Unknown.
func (a *HTTPAnswer) Level() opskit.Level {
	switch {
	case a.Verdict != Answered:
		return level(a.Verdict)
	case a.headUnknown(), a.Status == http.StatusNetworkAuthenticationRequired:
		return opskit.Unknown
	case a.TLS != nil && errors.Is(a.TLS.Problem.Err(), ErrLocal):
		return opskit.Worst(opskit.Unknown, statusLevel(a.Status))
	case a.TLS != nil && !a.TLS.Problem.IsZero():
		return opskit.Problem
	}
	return statusLevel(a.Status)
}

func statusLevel(status int) opskit.Level {
	switch {
	case status >= 500:
		return opskit.Problem
	case status >= 400 && status != http.StatusUnauthorized:
		return opskit.Warning
	case status >= 200:
		return opskit.OK
	}
	return opskit.Unknown
}

// Gaps returns those of the connection, Unseen and Undecided.
func (a *HTTPAnswer) Gaps() []opskit.Gap {
	return gaps(a.Level(), append(append([]opskit.Gap{}, a.Connection.Unseen...), a.Unseen...), append(append([]opskit.Gap{}, a.Connection.Undecided...), a.Undecided...))
}

// Seen tells whether anything was observed.
func (a *HTTPAnswer) Seen() bool { return a != nil && (a.Status != 0 || a.Connection.Seen()) }

// silence is how long the server had, from the open connection to the end.
func (a *HTTPAnswer) silence() time.Duration {
	if a.Took > a.Connection.Took {
		return a.Took - a.Connection.Took
	}
	return 0
}

// noteBody keeps the size and digest of a body.
func (a *HTTPAnswer) noteBody(body []byte, err error) {
	if len(body) > maxBody {
		body, a.BodyCut = body[:maxBody], true
	}
	switch name := errnoName(err); {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		a.BodyEnded = "timed_out"
	case name != "":
		a.BodyEnded = name
	default:
		a.BodyEnded = "closed"
	}
	sum := sha256.Sum256(body)
	a.BodySize, a.BodySHA256 = len(body), hex.EncodeToString(sum[:])
}

// String returns the verdict, the evidence under it and what was not checked.
func (a *HTTPAnswer) String() string {
	ev := []string{fmt.Sprintf("at %s, Host: %s", a.Connection.Target, short(a.Host))}
	add := func(format string, args ...any) { ev = append(ev, fmt.Sprintf(format, args...)) }
	if a.Connection.Via.IsValid() {
		add("contacted %s in its place", a.Connection.Via)
	}
	for _, icmp := range []*ICMP{a.Connection.ICMP, a.ICMP} {
		if icmp != nil {
			add("%s", icmp)
		}
	}
	if a.Status != 0 {
		add("%s %d %s", short(a.Proto), a.Status, http.StatusText(a.Status))
	}
	for _, name := range []string{"Location", "Server", "X-Powered-By", "Content-Type"} {
		for _, v := range a.Header[name] {
			add("%s: %s", name, short(v))
		}
	}
	if a.TLS != nil {
		add("%s", a.TLS.evidence())
	}
	switch {
	case a.ICMP != nil, unreachableErrno(a.Ended):
		add("the open connection was ended by that error (%s) after %d bytes", short(a.Ended), a.Received)
	case a.Ended != "":
		add("ended by the other side (%s) after %d bytes", short(a.Ended), a.Received)
	}
	if a.BodyEnded != "" {
		add("the body ended early (%s) after %d bytes", short(a.BodyEnded), a.BodySize)
	}
	if a.RequestAcked != nil && *a.RequestAcked {
		add("the request was acknowledged")
	} else if a.RequestAcked != nil {
		add("the request was never acknowledged")
	}
	if a.MaxSegment > 0 {
		add("with segments of at most %d bytes", a.MaxSegment)
	}
	if !a.Fault.IsZero() {
		add("%s", short(a.Fault.String()))
	}
	if a.FirstByte > 0 {
		add("first byte after %s", a.FirstByte)
	}
	return report(a, short(a.Method)+" "+short(a.URL)+": "+a.Verdict.String(), ev)
}
