package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
)

type (
	verdictKind struct{}
	causeKind   struct{}
)

// Verdict is how the last attempt in the logs ended.
type Verdict = opskit.Enum[verdictKind]

// The verdicts; see the package's documentation.
const (
	Unknown     Verdict = ""
	Established Verdict = "established"
	Failed      Verdict = "failed"
	Lost        Verdict = "lost"
)

// Cause is why a tunnel did not come up: a row of causes.txt, such as
// "keys_differ", which README and the answer's text tell in words.
type Cause = opskit.Enum[causeKind]

// Answer is why a tunnel did not come up. It holds its evidence.
type Answer struct {
	Logs       []Log        `json:"logs,omitempty"`       // evidence: one end's log, or both ends'
	Verdict    Verdict      `json:"verdict"`              // how the last attempt ended
	Step       string       `json:"step,omitempty"`       // where: "authentication"; absent when established
	Causes     []Cause      `json:"causes,omitempty"`     // one of them is it
	Refs       []Ref        `json:"refs,omitempty"`       // the lines that it rests on
	Offered    string       `json:"offered,omitempty"`    // the proposals that were refused
	Configured string       `json:"configured,omitempty"` // those that the refusing end has
	Next       []string     `json:"next,omitempty"`       // what to run when that is mended, if nothing tries again by itself
	Undecided  []opskit.Gap `json:"undecided,omitempty"`  // what would decide
}

// Ref is a line of a log.
type Ref struct {
	End  string `json:"end"`  // whose log
	Line int    `json:"line"` // counted from 1
	Text string `json:"text"` // as the daemon wrote it
}

// Why explains the log of one end, or of both.
func Why(logs ...Log) *Answer {
	a := &Answer{Logs: logs}
	a.Judge()
	return a
}

// Level is that of the verdict.
func (a *Answer) Level() opskit.Level {
	switch a.Verdict {
	case Established:
		return opskit.OK
	case Failed, Lost:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns what would decide.
func (a *Answer) Gaps() []opskit.Gap {
	if a.Level() == opskit.Unknown && len(a.Undecided) == 0 {
		return []opskit.Gap{{What: "why the tunnel is not up", Why: "no log was judged", Need: "a log of the last attempt"}}
	}
	return a.Undecided
}

// Seen tells whether a line of a log was understood.
func (a *Answer) Seen() bool {
	return a != nil && slices.ContainsFunc(a.Logs, func(l Log) bool { return len(l.Lines) > 0 })
}

// Since tells what changed from an earlier answer.
func (a *Answer) Since(earlier *Answer) opskit.Changes {
	var c opskit.Changes
	if !a.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two answers holds no evidence"}}
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), a.Verdict.String())
	c.Compare("causes", strings.Trim(fmt.Sprint(earlier.Causes), "[]"), strings.Trim(fmt.Sprint(a.Causes), "[]"))
	return c
}

// String prints the verdict, the causes that are left, and the lines.
func (a *Answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", a.Verdict)
	if a.Step != "" {
		fmt.Fprintf(&b, ": at %s", opskit.Escape(a.Step))
	}
	if n := len(a.Causes); n > 1 {
		fmt.Fprintf(&b, ": one of %d causes", n)
	}
	b.WriteByte('\n')
	for _, cause := range a.Causes {
		fmt.Fprintf(&b, "  %s: %s\n    next: %s\n", cause, opskit.Escape(remedies()[cause].means), opskit.Escape(remedies()[cause].next))
	}
	if a.Offered != "" {
		fmt.Fprintf(&b, "  offered:    %s\n", opskit.Escape(a.Offered))
	}
	if a.Configured != "" {
		fmt.Fprintf(&b, "  configured: %s\n", opskit.Escape(a.Configured))
	}
	for _, ref := range a.Refs {
		fmt.Fprintf(&b, "  %s:%d: %s\n", opskit.Escape(ref.End), ref.Line, opskit.Escape(ref.Text))
	}
	for _, next := range a.Next {
		fmt.Fprintf(&b, "  then: %s\n", opskit.Escape(next))
	}
	return b.String() + opskit.NotChecked(a)
}

// attempt is what one log says of the last try that came to an end.
type attempt struct {
	end        string
	daemon     string
	conn       string
	stage      string // after which message: "", init, auth, auth1, child, up
	initiator  bool
	asked      bool // a first message came in
	authAsked  bool // a second message came in
	answered   bool // something was answered
	silent     bool // the last message was repeated, or given up
	own        []Cause
	peer       []Cause
	notify     string // a refusal that no row explains
	method     string // psk, certificate
	size, port int    // of the last packet that was sent, and where to
	retries    bool   // it tries again by itself
	offered    string
	configured string
	refs       []Ref
}

// ended tells whether the attempt says why.
func (t attempt) ended() bool {
	return t.stage == "up" || t.silent || len(t.own)+len(t.peer) > 0 || t.notify != ""
}

// last follows a log to its end and returns the last attempt that came to one.
func last(log Log) attempt {
	now := attempt{end: log.End}
	best := now
	for _, line := range log.Lines {
		for _, e := range events(line, now.stage) {
			if e.has("start") || e.has("asked") && now.ended() && !now.initiator {
				if now.ended() {
					best = now
				}
				now = attempt{end: log.End, retries: now.retries, initiator: e.has("start"), daemon: now.daemon}
			}
			now.follow(e)
		}
	}
	if now.ended() || !best.ended() {
		return now
	}
	best.asked, best.authAsked = best.asked || now.asked, best.authAsked || now.authAsked
	return best
}

// follow takes one event into account.
func (t *attempt) follow(e event) {
	ref := Ref{t.end, e.line.Number, e.line.Text}
	t.daemon = e.daemon
	if conn := e.fields["conn"]; conn != "" {
		t.conn = conn
	}
	if e.what != "mark" {
		t.refs = append(t.refs, ref)
		for _, cause := range e.means {
			switch {
			case cause == "other":
				t.notify = e.fields["notify"]
			case e.what == "own":
				t.own = append(t.own, Cause(cause))
			default:
				t.peer = append(t.peer, Cause(cause))
			}
		}
		return
	}
	switch mark := e.means[0]; mark {
	case "init", "auth", "auth1", "child":
		if t.stage != "up" {
			t.stage, t.silent = mark, false
		}
		t.sent(e)
	case "asked":
		t.asked = true
	case "auth_asked":
		t.authAsked = true
	case "answered":
		t.answered = true
	case "init_answered", "auth_answered":
		t.silent = false
	case "psk", "certificate":
		t.method = mark
	case "child_up":
		*t = attempt{end: t.end, conn: t.conn, daemon: t.daemon, stage: "up", initiator: t.initiator, asked: t.asked, authAsked: t.authAsked, answered: t.answered, refs: []Ref{ref}}
	case "size":
		t.sent(e)
	case "retransmit", "gave_up":
		t.silent = true
		t.refs = append(t.refs[:min(len(t.refs), 3)], ref)
	case "again":
		t.retries = true
	case "offered":
		t.offered = e.fields["offered"]
	case "configured":
		t.configured = e.fields["configured"]
	}
}

// sent takes the size and the port of a packet, where the line tells them.
func (t *attempt) sent(e event) {
	if size, err := strconv.Atoi(e.fields["size"]); err == nil {
		t.size = size
	}
	if port, err := strconv.Atoi(e.fields["port"]); err == nil {
		t.port = port
	}
}
