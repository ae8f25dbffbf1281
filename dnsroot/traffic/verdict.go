package traffic

import "github.com/opskit-go/opskit"

type (
	verdictKind struct{}
	kindKind    struct{}
	namesKind   struct{}
)

// Verdict is what a capture shows.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	Unknown Verdict = ""       // cannot tell; the gaps say what would decide
	Quiet   Verdict = "quiet"  // ordinary traffic, looked at long enough to say so
	Surge   Verdict = "surge"  // many more queries for a time, by nothing that only an attack does
	Attack  Verdict = "attack" // see Stretch.Kind for which
)

// Kind is what a stretch of traffic is.
type Kind = opskit.Enum[kindKind]

// The kinds. The first three make an attack.
const (
	KindUnknown         Kind = ""
	KindSpoofed         Kind = "spoofed_flood"    // queries from sources that were made up
	KindRandomSubdomain Kind = "random_subdomain" // queries for names that are not there, below one that is the target
	KindReflection      Kind = "reflection"       // queries in the name of a victim, for answers that are large
	KindOneName         Kind = "one_name"         // mostly one name, from sources that may be real: a flood, or a crowd
	KindTalkers         Kind = "talkers"          // mostly a few sources: broken, busy, or a flood
	KindMore            Kind = "more"             // more of what is asked anyway
	KindOrdinary        Kind = "ordinary"         // nothing of all this
)

// Pattern is how queries spread over names.
type Pattern = opskit.Enum[namesKind]

// The patterns.
const (
	PatternUnknown      Pattern = ""
	PatternOne          Pattern = "one"           // one name is 80 % or more
	PatternFew          Pattern = "few"           // at most ten are
	PatternRotating     Pattern = "rotating"      // one at a time, another after it
	PatternRandomLabels Pattern = "random_labels" // half or more were asked once, below one name
	PatternMany         Pattern = "many"
)

var (
	ErrNotCapture = opskit.Sentinel("dnsroot_not_capture", "not a packet capture")               // neither pcap nor pcapng
	ErrTruncated  = opskit.Sentinel("dnsroot_capture_truncated", "the capture ends in a packet") // what came before was taken in
	ErrDamaged    = opskit.Sentinel("dnsroot_capture_damaged", "the capture is damaged")         // what came before was taken in
	ErrNotPart    = opskit.Sentinel("dnsroot_not_part", "not the saved part of an analysis")     // or damaged
)
