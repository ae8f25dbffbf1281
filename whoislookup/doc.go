// Package whoislookup answers whose an IP address, a network, an AS number or
// a domain is, right for every registry and safe against any server.
//
//	rec, err := whoislookup.Lookup(ctx, "138.0.155.10")
//	fmt.Println(rec.Holder.Name, rec.Network.Range, rec.Country) // Gigared S.A. 138.0.152.0/22 AR
//
// # Usage
//
// [Lookup] takes what a person types; [Client] has methods for typed values
// and fields for protocols, limits and a dial function, and its zero value is
// ready. A look-up asks over RDAP (RFC 9083), and over WHOIS (RFC 3912) where
// that gives no answer, at the server that the table of package servers names
// for the query, and IANA where that server is gone or knows nothing of it; it follows referrals (ARIN to LACNIC, IANA to a registry, a
// registry to a registrar), and reads all answers into one [Record], whichever
// registry, protocol and format they came from:
//
//   - Network, AS or Domain: the thing itself, with exact ranges and prefixes
//   - Holder, Country, Abuse: each with the label that it was read from
//   - Created, Updated, Expires: as precise as the registry tells, no more
//   - Hops: every server asked, what was sent, and the answer byte by byte
//   - Where and Presence: the line of each value, or why there is none
//
// The error is nil if the question was answered, and "nobody has it" is an answer;
// otherwise it matches one of the sentinels, [ErrThrottled] and so on, and the
// record comes along with it wherever somebody could be asked.
//
//	verdict    level    why
//	found      OK       somebody holds it; Unknown if Gaps are left, Warning if RDAP and WHOIS differ
//	reserved   Warning  nobody can hold it: private space, or a name that is kept back
//	not_found  Problem  nobody holds it: whoever relies on it relies on nothing
//	throttled, denied, elsewhere, unknown
//	           Unknown  nothing was said of it; Gaps tell what would decide
//
// A placeholder is never taken for the owner: if ARIN says "Transferred to
// LACNIC" and LACNIC does not answer, the verdict is VerdictElsewhere and the
// holder is empty. An answer about another thing than was asked for is none.
// Special-purpose space is answered without asking anybody.
//
// [Parse] reads a stored answer, and [Assemble] the hops of a look-up;
// [Record.Judge] derives a saved record anew from its hops. [Record.Since] tells
// what changed, and [Record.Moved] whether the site moved. [Client.Compare] asks over both protocols and
// lists where they disagree. Package bulk asks about many addresses with few
// queries, package rpsl reads registry dumps, and package servers holds the
// tables, which a program can replace by newer ones: nothing is fetched or
// written unasked.
//
// # Privileges
//
// None. A look-up opens TCP connections to port 443, 43 or 4321 (RWhois, RFC
// 2167) of public addresses only: what a referral, a redirect or DNS names is
// checked when the connection is made, and before a proxy (HTTPS_PROXY, for
// RDAP) is asked to make it, by the addresses that the name has here; a redirect
// to a name that has none here is not followed through a proxy. Queries with line breaks, control bytes or a leading
// '-' are refused, answers are bounded in bytes and time, and String prints no
// control characters. [Preflight] tells what works here without sending
// anything. The package writes no file and keeps nothing from one look-up to
// the next; package bulk has a cache.
//
// # Platforms
//
// All; nothing is particular to one.
//
// # Testing
//
// Package whoistest runs registries on loopback under their real names, with
// hand-written answers and with misbehaviour. OPSKIT_CORPUS names the directory of
// recorded answers that the accuracy tests read.
package whoislookup
