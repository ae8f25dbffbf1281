package traffic

import (
	"time"

	"github.com/opskit-go/opskit"
)

// Report is what an Analyzer took in. What was counted stands in it, and Judge
// derives the rest from that.
type Report struct {
	Frames   uint64            `json:"frames"`             // packets, or messages, of all kinds
	Queries  uint64            `json:"queries"`            // DNS queries among them
	Answers  uint64            `json:"answers"`            // DNS answers among them
	Skipped  map[string]uint64 `json:"skipped,omitempty"`  // the others, by reason: Frames is the sum of all
	Failures []opskit.Failure  `json:"failures,omitempty"` // why captures could not be read to their end
	Whole    Stretch           `json:"whole"`              // all of it
	Windows  []Stretch         `json:"windows,omitempty"`  // where the rate stepped up, in order

	// Derived by Judge.
	Verdict   Verdict      `json:"verdict"`             // of all of it
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what would decide, or was not understood
}

// Stretch is what is known of a span of time. Shares are of the queries that came
// on top of what was asked before and after, and of all queries where nothing was.
type Stretch struct {
	Start      time.Time     `json:"start,omitzero"`           // to parts of a second
	End        time.Time     `json:"end,omitzero"`             // likewise
	StartError time.Duration `json:"start_error_ns,omitempty"` // how far Start may be off, either way
	EndError   time.Duration `json:"end_error_ns,omitempty"`   // and End
	OpenStart  bool          `json:"open_start,omitempty"`     // it was there when the capture began
	OpenEnd    bool          `json:"open_end,omitempty"`       // and when it ended
	Window     bool          `json:"window,omitempty"`         // the rate stepped up; else it is all that was captured

	Queries    uint64  `json:"queries"`               // in it, whatever for
	Answers    uint64  `json:"answers"`               // likewise
	Before     float64 `json:"before,omitempty"`      // queries a second before it, or after where nothing was before
	Mean       float64 `json:"mean,omitempty"`        // queries a second
	Peak       float64 `json:"peak,omitempty"`        // in the second with most
	PeakMinute float64 `json:"peak_minute,omitempty"` // a second, in the 60 seconds with most; absent if it was shorter

	Names   Names   `json:"names,omitzero"`    // of queries
	Sources Sources `json:"sources,omitzero"`  // of queries
	Servers []Share `json:"servers,omitempty"` // whom queries went to and answers came from, most first
	Clients []Share `json:"clients,omitempty"` // whom answers went to, most first
	Types   []Share `json:"types,omitempty"`   // of queries, most first
	Rcodes  []Share `json:"rcodes,omitempty"`  // of answers, most first

	QuerySize  float64 `json:"query_size,omitempty"`  // bytes with the headers of IP, on average
	AnswerSize float64 `json:"answer_size,omitempty"` // likewise

	// Derived by Judge.
	Kind    Kind    `json:"kind"`             // what it is
	Pattern Pattern `json:"pattern"`          // how queries spread over names
	Remedy  string  `json:"remedy,omitempty"` // one sentence
}

// Names are what queries asked for, in small letters as zone files write them.
type Names struct {
	Distinct Count    `json:"distinct,omitzero"` // how many there are
	Top      []Share  `json:"top,omitempty"`     // at most ten, most first
	Turns    []string `json:"turns,omitempty"`   // the names that were half of all for a time, one after the other
	Victim   string   `json:"victim,omitempty"`  // below it lie most of the names that were asked once
	Once     Real     `json:"once,omitzero"`     // the share of queries for names below it that were asked once
	Lookups  float64  `json:"lookups,omitempty"` // of these, how many begin with a number or a digest, as block lists and scanners ask
}

// Sources are whom queries came from: addresses of IPv4, /64 networks of IPv6.
type Sources struct {
	Distinct   Count   `json:"distinct,omitzero"`    // how many there are
	Top        []Share `json:"top,omitempty"`        // at most ten, most first
	Ten        float64 `json:"ten,omitempty"`        // the share of the ten with most, at least
	Heavy      float64 `json:"heavy,omitempty"`      // the share of the 200 with most, at least
	Spoofed    Real    `json:"spoofed,omitzero"`     // queries from addresses drawn at random
	Uniform    Real    `json:"uniform,omitzero"`     // their share of all queries of the stretch
	Drawn      string  `json:"drawn,omitempty"`      // what they were drawn from
	Unroutable uint64  `json:"unroutable,omitempty"` // queries from where nothing can come from
	V6         uint64  `json:"v6,omitempty"`         // queries over IPv6, of which nothing is told but counts
}

// Share is how much of the queries, or answers, has something in common.
type Share struct {
	Name  string  `json:"name"`  // a name, an address, a mnemonic
	Count Count   `json:"count"` // while the stretch lasted, a little before and after included
	Share float64 `json:"share"` // 0 to 1
}

// Count is a number with the bounds between which the truth lies: certainly
// where it is a count, in 95 of 100 cases where it is an estimate. It is exact
// where they are equal.
type Count struct {
	Low   uint64 `json:"low"`   // at least
	Value uint64 `json:"value"` // most likely
	High  uint64 `json:"high"`  // at most
}

// Real is the same of what is no whole number.
type Real struct {
	Low   float64 `json:"low"`   // at least
	Value float64 `json:"value"` // most likely
	High  float64 `json:"high"`  // at most
}

func (r Real) times(f float64) Real { return Real{r.Low * f, r.Value * f, r.High * f} }

func (r Real) atMost1() Real { return Real{min(1, r.Low), min(1, r.Value), min(1, r.High)} }

// Seen tells whether there was any message of DNS.
func (r *Report) Seen() bool { return r != nil && r.Queries+r.Answers > 0 }

// Level is OK for Quiet, Warning for Surge, Problem for Attack.
func (r *Report) Level() opskit.Level {
	return map[Verdict]opskit.Level{Quiet: opskit.OK, Surge: opskit.Warning, Attack: opskit.Problem}[r.Verdict]
}

// Gaps returns Undecided, or that nothing was looked at.
func (r *Report) Gaps() []opskit.Gap {
	if r.Level() == opskit.Unknown && len(r.Undecided) == 0 {
		return []opskit.Gap{{What: "what kind of traffic it is", Why: "nothing was judged", Need: "a capture with DNS in it"}}
	}
	return r.Undecided
}
