package read

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/pasted"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

// Answered is one answer of a server.
type Answered struct {
	Hop      int // its place, for Facts.Sources
	Server   string
	Protocol string
	Raw      []byte
}

// Part is what an answer gives beside what it tells of the thing.
type Part struct {
	Referral Referral
	RDAP     string   // the registrar's RDAP answer
	Charset  string   // that the answer was decoded from
	Mended   []string // what was changed to read it
}

// maxLines is far more than one answer has. A dump is read with package rpsl.
const maxLines = 1 << 14

// Answer reads one answer. What is about another thing than q is none.
func Answer(h Answered, q answer.Query) (Facts, Part, error) {
	var rec Facts
	p, err := readAnswer(&rec, h, q)
	if err != nil {
		return rec, p, err
	}
	for _, check := range [...]func(*Facts, answer.Query) (opskit.Gap, bool){incomplete, otherHandle} {
		if gap, ok := check(&rec, q); ok {
			rec.Undecided = append(rec.Undecided, gap)
		}
	}
	nothing := Part{Charset: p.Charset, Mended: p.Mended}
	if rec.Verdict == answer.VerdictFound && unheld(rec.Network) {
		status := rec.Network.Status
		return Facts{Verdict: answer.VerdictNotFound}, nothing, &opskit.Error{Op: "read answer", Target: h.Server, Err: fmt.Errorf("status %s: %w", status, ErrNotFound)}
	}
	if other := mistaken(&rec, h.Raw, q); other != "" {
		return Facts{}, nothing, &opskit.Error{Op: "read answer", Target: h.Server, Err: fmt.Errorf("answer about another thing, %s: %w", other, ErrGarbage)}
	}
	return rec, p, nil
}

// readAnswer is ReadAnswer without a look at whether it is about what was asked.
func readAnswer(rec *Facts, h Answered, q answer.Query) (Part, error) {
	if len(bytes.TrimSpace(h.Raw)) > 0 && LooksLikeRDAP(h.Raw) {
		return readRDAP(rec, h, q)
	}
	var p Part
	fail := func(v answer.Verdict, err error) (Part, error) {
		rec.Verdict = v
		return Part{Charset: p.Charset, Mended: p.Mended}, &opskit.Error{Op: "read answer", Target: h.Server, Err: err}
	}
	if len(bytes.TrimSpace(h.Raw)) == 0 {
		return fail(answer.VerdictUnknown, fmt.Errorf("empty answer: %w", ErrGarbage))
	}
	data, charset := Decode(h.Server, h.Raw)
	p.Charset = charset
	data, changes := pasted.Clean(data)
	if bytes.IndexByte(data, 0) >= 0 {
		return fail(answer.VerdictUnknown, fmt.Errorf("binary answer: %w", ErrGarbage))
	}
	for _, change := range changes {
		if change.Kind != pasted.LineEnd && change.Kind != pasted.Mark {
			p.Mended = append(p.Mended, change.String())
		}
	}

	lines := bytes.Count(data, []byte{'\n'}) + 1
	if lines > maxLines {
		return fail(answer.VerdictUnknown, fmt.Errorf("%d lines: %w", lines, ErrTooBig))
	}
	work := &struct {
		reader
		room [80]entry // lines of most answers
	}{}
	r := &work.reader
	*r = reader{rec: rec, query: q, hop: h.Hop, protocol: h.Protocol, sources: make([]answer.Source, 0, min(lines, 40))}
	r.text, r.low = bothCases(data)
	if r.ents = work.room[:0]; lines > len(work.room) {
		r.ents = make([]entry, 0, lines)
	}
	r.scan(data)
	found := r.readText(h.Server, &p)
	rec.Sources = r.sources
	if found {
		if rec.Verdict == answer.VerdictUnknown {
			rec.Verdict = answer.VerdictFound
		}
		if d := rec.Domain; d != nil && q.Kind == answer.KindDomain && !strings.Contains(d.Name, ".") && lex.Under(q.Text, d.Name) {
			rec.Verdict = answer.VerdictElsewhere // IANA, about the top-level domain
		}
		return p, nil
	}
	if p.Referral.Host != "" {
		rec.Verdict = answer.VerdictElsewhere
		return p, nil
	}
	verdict, err := rec.Verdict, SentinelOf(rec.Verdict)
	if err == nil {
		verdict, err = r.refusal(h.Server)
	}
	if verdict == answer.VerdictThrottled {
		err = Paused(err, pauseIn(r.low))
	}
	_, err = fail(verdict, err)
	return p, err
}

// readText reads the lines of an answer in the form that they are in; false if there
// is no object in them.
func (r *reader) readText(server string, p *Part) bool {
	var room [24]object
	objects, rec, q := r.objects(room[:0]), r.rec, r.query
	if q.Kind != answer.KindDomain && (isRegistryAnswer(objects) || q.Kind == answer.KindHandle || r.isEntityAnswer(objects)) {
		found := r.readNumbers(objects)
		p.Referral = r.findReferral(server, objects)
		switch {
		case found && r.isPlaceholder(objects, p.Referral):
			rec.Verdict = answer.VerdictElsewhere
		case found && r.protocol != "local" && r.blockOnly(objects):
			// The region's numbers, and this one given to nobody yet.
			found, rec.Verdict = false, answer.VerdictNotFound
			rec.Holder, rec.Country, rec.CountryFrom, rec.Abuse = answer.Holder{}, "", "", nil
		case found:
			rec.Verdict = answer.VerdictFound
		}
		return found
	}
	if q.Kind != answer.KindDomain && strings.Contains(r.text, "(NET") && r.isARIN(server) && r.arinList() {
		return true
	}
	p.Referral = r.findReferral(server, objects)
	return r.readDomain(p, new(answer.Domain))
}

// SentinelOf returns the error that says the same as a verdict.
func SentinelOf(v answer.Verdict) error {
	switch v {
	case answer.VerdictNotFound:
		return ErrNotFound
	case answer.VerdictReserved:
		return ErrReserved
	case answer.VerdictThrottled:
		return ErrThrottled
	case answer.VerdictDenied:
		return ErrDenied
	}
	return nil
}

// isPlaceholder reports whether the record only says which registry knows.
func (r *reader) isPlaceholder(objects []object, f Referral) bool {
	n := r.rec.Network
	holder := r.rec.Holder.Name
	delegated := f.Host != "" && f.Scheme != "rwhois" && (strings.HasPrefix(holder, "Administered by ") || strings.HasPrefix(holder, "Assigned by ") || rirOf(holder))
	if n == nil { // a block of AS numbers that another registry hands out
		return r.rec.AS != nil && f.Host != "" && r.rec.AS.To > r.rec.AS.From && (delegated || r.asBlock("", objects).Host != "")
	}
	if placeholder(n) {
		return true
	}
	return delegated || f.Host != "" && f.Scheme != "rwhois" && r.apnicStub(objects).Host != ""
}

// placeholder reports whether a network by its own account is space that the
// registry keeps no data of.
func placeholder(n *answer.Network) bool {
	if n.Range.From.IsUnspecified() && (n.Range == answer.RangeOf(netip.PrefixFrom(n.Range.From, 0))) {
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
