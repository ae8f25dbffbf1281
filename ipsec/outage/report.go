package outage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

type verdictKind struct{}

// Verdict is how steady answers were.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	Unknown     Verdict = ""            // cannot tell; the gaps say what would decide
	Steady      Verdict = "steady"      // every probe was answered
	Interrupted Verdict = "interrupted" // some were not, and the last were
	Out         Verdict = "out"         // the last were not
)

// ErrNotPing is the error of a text in which no line of ping's is.
var ErrNotPing = opskit.Sentinel("ipsec_not_ping", "not what ping prints")

// Report is probes and what became of them. The runs are evidence; Judge derives
// the rest.
type Report struct {
	Start  time.Time    `json:"start,omitzero"`   // of the first probe, where it is known
	Timed  bool         `json:"timed"`            // the runs have times
	Runs   []Run        `json:"runs,omitempty"`   // in order, answered and lost by turns
	States []State      `json:"states,omitempty"` // what the tunnel's state said meanwhile
	Unseen []opskit.Gap `json:"unseen,omitempty"` // what could not be asked or read

	// Derived by Judge.
	Verdict Verdict  `json:"verdict"`           // of all of it
	Outages []Outage `json:"outages,omitempty"` // in order
}

// Run is probes on end that were all answered, or all lost.
type Run struct {
	Answered bool          `json:"answered"`               // or lost
	From     int           `json:"from"`                   // the first probe
	To       int           `json:"to"`                     // the last
	Probes   int           `json:"probes"`                 // how many of these there were
	FirstAt  time.Duration `json:"first_at_ns"`            // when the first was sent, since Start; of a lost one, at the latest
	LastAt   time.Duration `json:"last_at_ns"`             // when the last was sent; of a lost one, at the earliest
	FirstRTT time.Duration `json:"first_rtt_ns,omitempty"` // the round trip of the first
	MaxRTT   time.Duration `json:"max_rtt_ns,omitempty"`   // the longest
}

// State is what the tunnel's state said at a time.
type State struct {
	At   time.Duration `json:"at_ns"` // since Start
	Text string        `json:"text"`  // one line, in the words of whoever was asked
}

// Outage is a run of lost probes, with its bounds.
type Outage struct {
	From     int     `json:"from"`                // the first lost probe
	To       int     `json:"to"`                  // the last
	Lost     int     `json:"lost"`                // how many
	Begin    Range   `json:"begin"`               // when it began, since Start
	End      Range   `json:"end"`                 // when it ended
	Lasted   Range   `json:"lasted"`              // how long it lasted
	Timed    bool    `json:"timed"`               // the ranges are known
	FromLog  bool    `json:"from_log,omitempty"`  // nothing was answered before: it may have begun earlier
	StillOut bool    `json:"still_out,omitempty"` // nothing was answered after: it may have lasted longer
	States   []State `json:"states,omitempty"`    // what the tunnel's state said meanwhile
}

// Range is two bounds between which the truth lies.
type Range struct {
	Min time.Duration `json:"min_ns"` // at least
	Max time.Duration `json:"max_ns"` // at most; the least that is known, where an outage is open
}

// Seen tells whether any probe is known of.
func (r *Report) Seen() bool { return r != nil && len(r.Runs) > 0 }

// Level is OK for Steady, Warning for Interrupted, Problem for Out.
func (r *Report) Level() opskit.Level {
	return map[Verdict]opskit.Level{Steady: opskit.OK, Interrupted: opskit.Warning, Out: opskit.Problem}[r.Verdict]
}

// Gaps returns Unseen, or that nothing was asked.
func (r *Report) Gaps() []opskit.Gap {
	if r.Level() == opskit.Unknown && len(r.Unseen) == 0 {
		return []opskit.Gap{{What: "whether probes are answered", Why: "too few are known of", Need: "a log of some probes, of which one was answered"}}
	}
	return r.Unseen
}

// Judge derives outages and verdict from the runs.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Outages = Unknown, nil
	answered := false
	for i, run := range r.Runs {
		if run.Answered {
			answered = true
			continue
		}
		o := Outage{From: run.From, To: run.To, Lost: run.Probes, Timed: r.Timed}
		if o.FromLog = i == 0; !o.FromLog {
			before := r.Runs[i-1]
			o.Begin = Range{before.LastAt, run.FirstAt + before.MaxRTT}
		}
		if o.StillOut = i == len(r.Runs)-1; !o.StillOut {
			after := r.Runs[i+1]
			o.End = Range{run.LastAt, after.FirstAt + after.FirstRTT}
		} else {
			o.End = Range{run.LastAt, run.LastAt}
		}
		o.Lasted = Range{max(0, o.End.Min-o.Begin.Max), max(0, o.End.Max-o.Begin.Min)}
		for _, s := range r.States {
			if r.Timed && s.At >= o.Begin.Min && (s.At <= o.End.Max || o.StillOut) {
				o.States = append(o.States, s)
			}
		}
		r.Outages = append(r.Outages, o)
	}
	switch last := len(r.Outages) - 1; {
	case len(r.Runs) == 0:
	case last >= 0 && r.Outages[last].StillOut && r.Outages[last].Lost > 1:
		r.Verdict = Out
	case last >= 0 && answered:
		r.Verdict = Interrupted
	case answered:
		r.Verdict = Steady
	}
	return r.Level()
}

// Since tells what an earlier log showed otherwise.
func (r *Report) Since(earlier *Report) (c opskit.Changes) {
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	c.Compare("outages", strconv.Itoa(len(earlier.Outages)), strconv.Itoa(len(r.Outages)))
	return c
}

// lost is how many probes were.
func (r *Report) lost() (lost, all int) {
	for _, run := range r.Runs {
		all += run.Probes
		if !run.Answered {
			lost += run.Probes
		}
	}
	return lost, all
}

// String returns the verdict, then a line for each outage.
func (r *Report) String() string {
	var b strings.Builder
	lost, all := r.lost()
	fmt.Fprintf(&b, "%s: %d outages in %d probes, %d lost", r.Verdict, len(r.Outages), all, lost)
	for _, o := range r.Outages {
		fmt.Fprintf(&b, "\n  probes %d to %d (%d lost)", o.From, o.To, o.Lost)
		switch {
		case !o.Timed:
			b.WriteString(": how long is not known")
		case o.StillOut:
			fmt.Fprintf(&b, ": %s and more, not answered to the end", short(o.Lasted.Min))
		case o.FromLog:
			fmt.Fprintf(&b, ": until %s to %s, not answered from the beginning", short(o.End.Min), short(o.End.Max))
		default:
			fmt.Fprintf(&b, ": between %s and %s", short(o.Lasted.Min), short(o.Lasted.Max))
		}
		if o.Timed && !r.Start.IsZero() && !o.FromLog {
			fmt.Fprintf(&b, "; it began between %s and %s", clock(r.Start.Add(o.Begin.Min)), clock(r.Start.Add(o.Begin.Max)))
		}
		for _, s := range o.States {
			fmt.Fprintf(&b, "\n    after %s: %s", short(s.At-o.Begin.Min), opskit.Escape(s.Text))
		}
	}
	b.WriteByte('\n')
	b.WriteString(opskit.NotChecked(r))
	return b.String()
}

func short(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// add notes what became of a probe. Probes come in order; lost probes between
// those that are known of are the caller's to add.
func (r *Report) add(answered bool, seq int, at, rtt time.Duration) {
	if n := len(r.Runs); n > 0 && r.Runs[n-1].Answered == answered {
		run := &r.Runs[n-1]
		run.To, run.LastAt, run.MaxRTT = seq, at, max(run.MaxRTT, rtt)
		run.Probes++
		return
	}
	r.Runs = append(r.Runs, Run{Answered: answered, From: seq, To: seq, Probes: 1, FirstAt: at, LastAt: at, FirstRTT: rtt, MaxRTT: rtt})
}
