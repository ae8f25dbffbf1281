package rssac002

import (
	"fmt"

	"github.com/opskit-go/opskit/dnsroot"
)

// Verdict is what the statistics of a day, or of all days, say. The zero value
// is Unknown.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota // the figures cannot say
	Quiet                  // no letter with figures was hit
	Attack                 // several letters were hit, by sources that were not there before
)

var verdicts = []string{"unknown", "quiet", "attack"}

// String returns the verdict in lower case.
func (v Verdict) String() string { return text(verdicts, uint8(v)) }

// MarshalText writes what String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what String returns; anything else is an error.
func (v *Verdict) UnmarshalText(b []byte) error {
	n, err := parse("verdict", verdicts, b)
	*v = Verdict(n)
	return err
}

// Impact is what the figures of one letter on one day say. The zero value is
// ImpactUnknown.
type Impact uint8

// The impacts.
const (
	ImpactUnknown Impact = iota // figures are there but cannot say: no baseline, or too little above it
	NoData                      // no figures for this letter and day: never the same as NotHit
	NotHit                      // within what this letter's figures vary by, or without its share of a joint event
	Hit                         // received far more queries than its baseline
	ReportingGap                // the figures changed as counting does, not as traffic does
)

var impacts = []string{"unknown", "no_data", "not_hit", "hit", "reporting_gap"}

// String returns the impact in lower case, such as "not_hit".
func (i Impact) String() string { return text(impacts, uint8(i)) }

// MarshalText writes what String returns.
func (i Impact) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what String returns; anything else is an error.
func (i *Impact) UnmarshalText(b []byte) error {
	n, err := parse("impact", impacts, b)
	*i = Impact(n)
	return err
}

// Kind is what the sources of an event were. The zero value is KindUnknown.
type Kind uint8

// The kinds.
const (
	KindUnknown   Kind = iota // no event, or no sources published for it
	RandomSources             // source addresses drawn at random: spoofed
	ManySources               // many new sources; spoofed or real, the figures cannot say
	KnownSources              // no more sources than on other days
)

var kinds = []string{"unknown", "random_sources", "many_sources", "known_sources"}

// String returns the kind in lower case, such as "random_sources".
func (k Kind) String() string { return text(kinds, uint8(k)) }

// MarshalText writes what String returns.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String returns; anything else is an error.
func (k *Kind) UnmarshalText(b []byte) error {
	n, err := parse("kind", kinds, b)
	*k = Kind(n)
	return err
}

func text(list []string, n uint8) string {
	if int(n) < len(list) {
		return list[n]
	}
	return list[0]
}

func parse(what string, list []string, b []byte) (uint8, error) {
	for i, s := range list {
		if s == string(b) {
			return uint8(i), nil
		}
	}
	return 0, &dnsroot.Error{Op: "read " + what, Err: fmt.Errorf("%w: unknown %s %q", dnsroot.ErrSyntax, what, b)}
}
