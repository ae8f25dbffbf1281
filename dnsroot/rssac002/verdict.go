package rssac002

import "github.com/opskit-go/opskit"

type (
	verdictKind struct{}
	impactKind  struct{}
	kindKind    struct{}
)

// Verdict is what the statistics of a day, or of all days, say. The zero value
// is Unknown.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	Unknown Verdict = ""       // the figures cannot say
	Quiet   Verdict = "quiet"  // no letter with figures was hit
	Attack  Verdict = "attack" // several letters were hit, by sources that were not there before
)

// Impact is what the figures of one letter on one day say. The zero value is
// ImpactUnknown.
type Impact = opskit.Enum[impactKind]

// The impacts.
const (
	ImpactUnknown      Impact = ""              // figures are there but cannot say: no baseline, or too little above it
	ImpactNoData       Impact = "no_data"       // no figures for this letter and day: never the same as ImpactNotHit
	ImpactNotHit       Impact = "not_hit"       // within what this letter's figures vary by, or without its share of a joint event
	ImpactHit          Impact = "hit"           // received far more queries, or from far more sources, than its baseline
	ImpactReportingGap Impact = "reporting_gap" // part of the day was not counted: all figures are low together
)

// Kind is what the sources of an event were. The zero value is KindUnknown.
type Kind = opskit.Enum[kindKind]

// The kinds.
const (
	KindUnknown       Kind = ""               // no event, or no sources published that tell
	KindRandomSources Kind = "random_sources" // source addresses drawn at random: spoofed, and no reflection
	KindManySources   Kind = "many_sources"   // many new sources; spoofed or real, the figures cannot say
	KindKnownSources  Kind = "known_sources"  // no more sources than on other days
)

// level is what a verdict means to a monitor: quiet is OK only where nothing was
// left unseen that may hide a hit.
func level(v Verdict, gaps []opskit.Gap) opskit.Level {
	switch {
	case v == Attack:
		return opskit.Problem
	case v == Quiet && len(gaps) == 0:
		return opskit.OK
	}
	return opskit.Unknown
}
