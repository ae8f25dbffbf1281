package ipsec

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/opskit-go/opskit"
)

type (
	verdictKind  struct{}
	severityKind struct{}
	linkKind     struct{}
	sideKind     struct{}
)

// Verdict is what a check comes to, of a description, of two ends' files or of
// listening sockets. The zero value says that it could not tell.
type Verdict = opskit.Enum[verdictKind]

// The verdicts of a check.
const (
	Unknown Verdict = ""
	Sound   Verdict = "sound"  // all that was given was understood, and nothing needs doing
	Flawed  Verdict = "flawed" // it can work, but will fail or fall silent in a case that was found
	Broken  Verdict = "broken" // it cannot work as it is
)

// Severity is how much one finding matters.
type Severity = opskit.Enum[severityKind]

// The severities, in rising order.
const (
	SeverityUnknown Severity = ""
	SeverityNote    Severity = "note"    // explains something; nothing to do
	SeverityWarning Severity = "warning" // works, but not as well as it should
	SeverityProblem Severity = "problem" // the tunnel will be down, or stay down, in the case described
	SeverityFatal   Severity = "fatal"   // the two ends cannot agree: no tunnel
)

// rank orders severities; one that is not known ranks with a problem.
func rank(s Severity) int {
	if i := slices.Index([]Severity{SeverityUnknown, SeverityNote, SeverityWarning, SeverityProblem, SeverityFatal}, s); i >= 0 {
		return i
	}
	return 3
}

// Link is what a tunnel is in, or all tunnels of a host together.
type Link = opskit.Enum[linkKind]

// What a tunnel is in.
const (
	LinkUnknown    Link = ""
	LinkStopped    Link = "stopped"    // the daemon does not run
	LinkNotLoaded  Link = "not_loaded" // the daemon runs and does not have the connection
	LinkDown       Link = "down"       // no SA is established
	LinkConnecting Link = "connecting" // it is being opened right now
	LinkIKEOnly    Link = "ike_only"   // the ends have authenticated, but no Child SA carries packets
	LinkPartial    Link = "partial"    // some of the tunnels are up
	LinkOneWay     Link = "one_way"    // established, but packets go in one direction only
	LinkUp         Link = "up"         // an established Child SA
)

// worst returns the highest severity among findings, SeverityUnknown when there
// are none.
func worst(findings []Finding) Severity {
	top := SeverityUnknown
	for _, f := range findings {
		if rank(f.Severity) > rank(top) {
			top = f.Severity
		}
	}
	return top
}

// settled sorts findings, worst first, each once.
func settled(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(rank(b.Severity)-rank(a.Severity), cmp.Compare(a.Code, b.Code))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(findings, func(f Finding) bool {
		key := fmt.Sprint(f.Code, f.Message, f.Refs)
		again := seen[key]
		seen[key] = true
		return again
	})
}

// level is what findings and a verdict of a check mean to a monitor.
func level(v Verdict, findings []Finding) opskit.Level {
	switch v {
	case Sound:
		return opskit.OK
	case Flawed:
		if rank(worst(findings)) <= rank(SeverityWarning) {
			return opskit.Warning
		}
		return opskit.Problem
	case Broken:
		return opskit.Problem
	}
	return opskit.Unknown
}
