// Package rssac002 answers "was that an attack on the root servers, on which
// letters and of what kind?" from the statistics that their operators publish
// (RSSAC002): queries received and unique sources, per letter and UTC day.
//
//	statistics, err := rssac002.ReadDir(os.DirFS("rssac002"))
//	...
//	fmt.Println(rssac002.Findings(statistics))
//
// prints
//
//	root server statistics: attack
//	  2015-11-30: attack of random sources over UDP on IPv4: hit a c h j k, not hit d l m, no data b e f g i
//	  ...
//
// # Usage
//
// [ReadDir] reads YAML files as operators publish them, in versions 2 to 5 and
// with their known oddities, and CSV tables with a header (letter, date and any
// of udp4, tcp4, udp6, tcp6, ipv4, ipv6, ipv6_64). [Findings] judges them; it
// is a pure function, so saved statistics give the same findings.
//
// A letter's days are first put into levels: a level that comes back within
// three weeks was left for an excursion, one that does not is another level.
// Where all transports and families go to another level together, the counting
// changed, and the low days are the ones that were not counted whole. Where one
// does, it is a lasting change or a long event, and unknown.
//
// A day is compared with the median of the 28 days of its level before it (with
// the nearest on both sides where fewer than seven come before); the spread is
// 1.4826 times their median absolute deviation, at least 3 % of the median. A
// day of at least 2.5 times the baseline and 10 spreads above it stands out by
// itself. Where at least two letters stand out on the same day, by their queries
// or by their sources alone, that is a joint event, and a letter counts as hit
// from 1.4 times the baseline and 6 spreads; but not if its IPv4 sources are at
// most 1.5 times their baseline while those of the letters that stand out are at
// least three times theirs. From twice the baseline without a joint event, or
// from 1.4 times where fewer than five letters can be compared, it is unknown.
//
// A counter whose largest figure comes again and again stands at its limit, and
// says nothing. Days without figures are no data, which never means "not hit".
//
// The kind comes from the sources: if Q queries came from addresses of which a
// share f was drawn uniformly from all 2^32, the expected number of new sources
// is 2^32 (1 - exp(-f Q / 2^32)). Letters that agree on f, or more sources than
// the Internet has active addresses, are random (spoofed) sources, and no
// reflection, whose sources are the few victims. A share far below one means
// that most queries came from few addresses. Sizes of requests (traffic-sizes)
// tell whether the excess had one length, as one name has.
//
// A day's sums cannot tell when it began, at what rate, or for which names.
//
// # Levels
//
//	quiet    OK       no letter was hit; Unknown where a letter or day was not published
//	attack   Problem
//	unknown  Unknown
//
// # Privileges
//
// None; nothing is contacted.
//
// # Platforms
//
// All.
//
// # Testing
//
// Everything is a function of an [io/fs.FS], a reader or values.
package rssac002
