package whoislookup

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/pasted"
)

// Parse reads one stored answer without asking anybody. server is the host
// that gave it, which decides the charset of bytes that are not UTF-8 and
// whose referrals count; "" if it is not known, and then several answers in one
// text, such as what a client prints that followed referrals, are read as such. raw is kept in the record's Hops, not copied:
// it must not be changed afterwards.
//
// An answer that is JSON is read as RDAP (RFC 9083).
//
// The error is nil exactly if the verdict is VerdictFound, VerdictNotFound,
// VerdictReserved or VerdictElsewhere. Otherwise it matches [ErrThrottled],
// [ErrDenied] or [ErrGarbage] (as RDAP's help does, which is about nothing), and
// the record still holds the raw answer and what was read of it. Of several
// networks in the answer the most specific one is taken.
//
// In an answer of VerdictElsewhere the holder is the registry that keeps the
// placeholder, not the owner.
func Parse(server string, raw []byte) (*Record, error) {
	rec := &Record{Hops: []Hop{{Server: server, Protocol: "whois", Raw: raw}}}
	if server == "" && !looksLikeRDAP(raw) {
		for _, split := range [...]func([]byte) []Hop{splitTranscript, splitHeadings, splitAnswers} {
			if hops := split(raw); len(hops) > 1 {
				rec.Hops = hops
				break
			}
		}
	}
	return rec, unanswered(rec.judge())
}

// part is what one hop gave beside the record.
type part struct {
	referral referral
	rdap     string // the registrar's RDAP answer
}

// maxLines is far more than one answer has. A dump is read with package rpsl.
const maxLines = 1 << 14

// readHop reads rec.Hops[hop] into rec, which has nothing but its server and
// hops.
func readHop(rec *Record, hop int, q Query) (part, error) {
	p, err := readAnswer(rec, hop, q)
	if err != nil {
		return p, err
	}
	for _, check := range [...]func(*Record, Query) (opskit.Gap, bool){incomplete, otherHandle} {
		if gap, ok := check(rec, q); ok {
			rec.Undecided = append(rec.Undecided, gap)
		}
	}
	if rec.Verdict == VerdictFound && rec.Network.unheld() {
		status := rec.Network.Status
		*rec = Record{Server: rec.Server, Hops: rec.Hops, Verdict: VerdictNotFound}
		return part{}, &opskit.Error{Op: "read answer", Target: rec.Hops[hop].Server, Err: fmt.Errorf("status %s: %w", status, errNotFound)}
	}
	if other := mistaken(rec, hop, q); other != "" {
		*rec = Record{Server: rec.Server, Hops: rec.Hops}
		return part{}, &opskit.Error{Op: "read answer", Target: rec.Hops[hop].Server, Err: fmt.Errorf("answer about another thing, %s: %w", other, ErrGarbage)}
	}
	return p, nil
}

// readAnswer is readHop without a look at whether it is about what was asked.
func readAnswer(rec *Record, hop int, q Query) (part, error) {
	h := &rec.Hops[hop]
	fail := func(v Verdict, err error) (part, error) {
		rec.Verdict = v
		return part{}, &opskit.Error{Op: "read answer", Target: h.Server, Err: err}
	}
	if err := h.Failure.Err(); err != nil {
		return part{}, paused(err, h.RetryAfter)
	}
	if len(bytes.TrimSpace(h.Raw)) == 0 {
		return fail(VerdictUnknown, fmt.Errorf("empty answer: %w", ErrGarbage))
	}
	if looksLikeRDAP(h.Raw) {
		return readRDAP(rec, hop, q)
	}
	data, charset := decode(h.Server, h.Raw)
	h.Charset = charset
	data, changes := pasted.Clean(data)
	if bytes.IndexByte(data, 0) >= 0 {
		return fail(VerdictUnknown, fmt.Errorf("binary answer: %w", ErrGarbage))
	}
	for _, change := range changes {
		if change.Kind != pasted.LineEnd && change.Kind != pasted.Mark {
			h.Mended = append(h.Mended, change.String())
		}
	}

	var objectBuf [24]object
	lines := bytes.Count(data, []byte{'\n'}) + 1
	if lines > maxLines {
		return fail(VerdictUnknown, fmt.Errorf("%d lines: %w", lines, ErrTooBig))
	}
	work := &struct {
		reader
		room [80]entry // lines of most answers
	}{}
	r := &work.reader
	*r = reader{rec: rec, query: q, hop: hop, sources: make([]Source, 0, min(lines, 40))}
	r.text, r.low = bothCases(data)
	if r.ents = work.room[:0]; lines > len(work.room) {
		r.ents = make([]entry, 0, lines)
	}
	r.scan(data)
	objects := r.objects(objectBuf[:0])
	var p part
	found := false
	if q.Kind != KindDomain && (isRegistryAnswer(objects) || q.Kind == KindHandle || r.isEntityAnswer(objects)) {
		found = r.readNumbers(objects)
		p.referral = r.findReferral(h.Server, objects)
		switch {
		case found && r.isPlaceholder(objects, p.referral):
			rec.Verdict = VerdictElsewhere
		case found && h.Protocol != "local" && r.blockOnly(objects):
			// The region's numbers, and this one given to nobody yet.
			found, rec.Verdict = false, VerdictNotFound
			rec.Holder, rec.Country, rec.CountryFrom, rec.Abuse = Holder{}, "", "", nil
		case found:
			rec.Verdict = VerdictFound
		}
	} else if q.Kind != KindDomain && strings.Contains(r.text, "(NET") && r.isARIN(h.Server) && r.arinList() {
		found = true
	} else {
		p.referral = r.findReferral(h.Server, objects)
		found = r.readDomain(&p, new(Domain))
	}
	rec.Sources = r.sources
	if found {
		if rec.Verdict == VerdictUnknown {
			rec.Verdict = VerdictFound
		}
		if d := rec.Domain; d != nil && q.Kind == KindDomain && !strings.Contains(d.Name, ".") && under(q.Text, d.Name) {
			rec.Verdict = VerdictElsewhere // IANA, about the top-level domain
		}
		return p, nil
	}
	if p.referral.host != "" {
		rec.Verdict = VerdictElsewhere
		return p, nil
	}
	verdict, err := rec.Verdict, sentinelOf(rec.Verdict)
	if err == nil {
		verdict, err = r.refusal(h.Server)
	}
	if verdict == VerdictThrottled {
		err = paused(err, pauseIn(r.low))
	}
	_, err = fail(verdict, err)
	return p, err
}

// sentinelOf returns the error that says the same as a verdict.
func sentinelOf(v Verdict) error {
	switch v {
	case VerdictNotFound:
		return errNotFound
	case VerdictReserved:
		return errReserved
	case VerdictThrottled:
		return ErrThrottled
	case VerdictDenied:
		return ErrDenied
	}
	return nil
}

// isPlaceholder reports whether the record only says which registry knows.
func (r *reader) isPlaceholder(objects []object, f referral) bool {
	n := r.rec.Network
	holder := r.rec.Holder.Name
	delegated := f.host != "" && f.scheme != "rwhois" && (strings.HasPrefix(holder, "Administered by ") || strings.HasPrefix(holder, "Assigned by ") || rirOf(holder))
	if n == nil { // a block of AS numbers that another registry hands out
		return r.rec.AS != nil && f.host != "" && r.rec.AS.To > r.rec.AS.From && (delegated || r.asBlock("", objects).host != "")
	}
	if n.placeholder() {
		return true
	}
	return delegated || f.host != "" && f.scheme != "rwhois" && r.apnicStub(objects).host != ""
}

// placeholder reports whether a network by its own account is space that the
// registry keeps no data of.
func (n *Network) placeholder() bool {
	if n.Range.From.IsUnspecified() && (n.Range == rangeOf(prefixAll(n.Range.From))) {
		return true // "IANA-BLK": the whole space
	}
	status := strings.ToLower(n.Status)
	if strings.Contains(status, "transferred to ") || strings.HasPrefix(status, "early registration") ||
		strings.HasPrefix(status, "allocated to ") && rirHost(strings.ToLower(lastWord(status))) != "" {
		return true
	}
	switch strings.ToUpper(n.Name) {
	case "NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK", "IANA-BLK", "IANA-NETBLOCK", "ERX-NETBLOCK", "NOT-MANAGED-BY-RIPE-NCC":
		return true
	}
	return false
}

// rirOf reports whether a name is that of a regional registry.
func rirOf(name string) bool {
	switch strings.ToUpper(name) {
	case "APNIC", "ARIN", "LACNIC", "AFRINIC", "RIPE NCC", "RIPE NETWORK COORDINATION CENTRE",
		"ASIA PACIFIC NETWORK INFORMATION CENTRE", "AFRICAN NETWORK INFORMATION CENTER",
		"LATIN AMERICAN AND CARIBBEAN IP ADDRESS REGIONAL REGISTRY":
		return true
	}
	return false
}

func lastWord(s string) string {
	return s[strings.LastIndexByte(s, ' ')+1:]
}
