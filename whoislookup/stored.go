package whoislookup

import "github.com/opskit-go/opskit/whoislookup/internal/read"

// Parse reads one stored answer without asking anybody. server is the host
// that gave it, which decides the charset of bytes that are not UTF-8 and
// whose referrals count; "" if it is not known, and then several answers in one
// text, such as what a client prints that followed referrals, are read as such. raw is kept in the record's Hops, not copied:
// it must not be changed afterwards.
//
// An answer that is JSON is read as RDAP (RFC 9083).
//
// The error is nil exactly if the verdict is VerdictFound, VerdictNotFound,
// VerdictReserved or VerdictElsewhere. Otherwise it matches [whyThrottled],
// [whyDenied] or [whyGarbage] (as RDAP's help does, which is about nothing), and
// the record still holds the raw answer and what was read of it. Of several
// networks in the answer the most specific one is taken.
//
// In an answer of VerdictElsewhere the holder is the registry that keeps the
// placeholder, not the owner.
func Parse(server string, raw []byte) (*Record, error) {
	rec := &Record{Hops: []Hop{{Server: server, Protocol: "whois", Raw: raw}}}
	if server == "" && !read.LooksLikeRDAP(raw) {
		for _, split := range [...]func([]byte) []Hop{splitTranscript, splitHeadings, splitAnswers} {
			if hops := split(raw); len(hops) > 1 {
				rec.Hops = hops
				break
			}
		}
	}
	return rec, unanswered(rec.judge())
}

// readHop reads one hop into a record of its own, which has nothing else.
func (r *Record) readHop(hop int) (*Record, read.Part, error) {
	h := &r.Hops[hop]
	rec := &Record{Server: h.Server, Hops: r.Hops}
	if err := h.Failure.Err(); err != nil {
		return rec, read.Part{}, read.Paused(err, h.RetryAfter)
	}
	if h.Protocol == "whois" && h.Server == "" && read.LooksLikeRDAP(h.Raw) {
		h.Protocol = "rdap" // a stored answer, told by its form
	}
	f, p, err := read.Answer(read.Answered{Hop: hop, Server: h.Server, Protocol: h.Protocol, Raw: h.Raw}, r.Query)
	h.Charset, h.Mended = p.Charset, p.Mended
	rec.Verdict, rec.Network, rec.AS, rec.Domain = f.Verdict, f.Network, f.AS, f.Domain
	rec.Holder, rec.Country, rec.CountryFrom, rec.Abuse, rec.Contacts = f.Holder, f.Country, f.CountryFrom, f.Abuse, f.Contacts
	rec.Created, rec.Updated, rec.Expires = f.Created, f.Updated, f.Expires
	rec.Sources, rec.Redacted, rec.Empty, rec.Unparsed, rec.Undecided = f.Sources, f.Redacted, f.Empty, f.Unparsed, f.Undecided
	return rec, p, err
}
