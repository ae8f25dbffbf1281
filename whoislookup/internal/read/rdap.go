package read

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/message"
	"github.com/opskit-go/opskit/whoislookup/internal/status"
)

// LooksLikeRDAP reports whether an answer is JSON.
func LooksLikeRDAP(raw []byte) bool {
	raw = bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// rdapReader fills a record from an RDAP answer (RFC 9083).
type rdapReader struct {
	rec     *Facts
	query   answer.Query
	hop     int
	related string // where the registrar's answer is
}

func (r *rdapReader) note(field string, index int, n *node) {
	for _, s := range r.rec.Sources {
		if s.Field == field && s.Index == index {
			return
		}
	}
	r.rec.Sources = append(r.rec.Sources, answer.Source{Field: field, Index: index, Hop: r.hop, Line: int(n.line)})
}

// set stores a string member unless it is empty, withheld or there already.
func (r *rdapReader) set(dst *string, field string, n *node) bool {
	v := strings.TrimSpace(n.str())
	if *dst != "" || v == "" {
		return false
	}
	if isRedacted(strings.ToLower(v)) {
		if strings.HasPrefix(field, "domain.") {
			r.redacted(field)
		}
		return false
	}
	*dst = v
	r.note(field, 0, n)
	return true
}

func (r *rdapReader) redacted(field string) {
	if !slices.Contains(r.rec.Redacted, field) {
		r.rec.Redacted = append(r.rec.Redacted, field)
	}
}

// readRDAP reads an answer that is JSON.
func readRDAP(rec *Facts, h Answered, q answer.Query) (Part, error) {
	p := Part{Charset: "utf-8"}
	fail := func(v answer.Verdict, err error) (Part, error) {
		rec.Verdict = v
		return p, &opskit.Error{Op: "read answer", Target: h.Server, Err: err}
	}
	top, err := parseTree(h.Raw)
	if err != nil {
		return fail(answer.VerdictUnknown, fmt.Errorf("%v: %w", err, ErrGarbage))
	}
	r := rdapReader{rec: rec, query: q, hop: h.Hop}
	if code := top.get("errorCode"); code.kind != 0 {
		v, err := rdapError(code.str())
		if v == answer.VerdictNotFound && top.says() == message.Reserved {
			v, err = answer.VerdictReserved, ErrReserved
		}
		return fail(v, fmt.Errorf("error %s %s: %w", code.str(), opskit.Escape(top.get("title").str()), err))
	}
	obj := &top
	for _, key := range [...]string{"domainSearchResults", "nameserverSearchResults", "entitySearchResults", "ipSearchResults", "autnumSearchResults", "entities", "nameservers"} {
		if list := top.get(key).items(); len(list) > 0 && top.get("objectClassName").kind == 0 && top.get("handle").kind == 0 && top.get("ldhName").kind == 0 {
			obj = &list[0]
			if len(list) > 1 {
				rec.Undecided = append(rec.Undecided, opskit.Gap{What: fmt.Sprintf("%d more results", len(list)-1), Why: "a search has several, and a record is about one"})
			}
			break
		}
	}
	if obj == &top && foundNothing(&top) {
		return fail(answer.VerdictNotFound, fmt.Errorf("a search without results: %w", ErrNotFound))
	}
	rec.Verdict = answer.VerdictFound
	switch class := strings.ToLower(obj.get("objectClassName").str()); {
	case class == "ip network" || obj.get("startAddress").kind != 0:
		if err := r.network(obj); err != nil {
			return fail(answer.VerdictUnknown, err)
		}
	case class == "autnum" || obj.get("startAutnum").kind != 0:
		if err := r.autnum(obj); err != nil {
			return fail(answer.VerdictUnknown, err)
		}
	case class == "domain" || class == "nameserver" || obj.get("ldhName").kind != 0 || obj.get("unicodeName").kind != 0:
		r.domain(obj)
		switch rec.keptBack() {
		case "reserved":
			return fail(answer.VerdictReserved, ErrReserved)
		case "free":
			return fail(answer.VerdictNotFound, ErrNotFound)
		}
	case class == "entity" || obj.get("vcardArray").kind != 0 || obj.get("roles").kind != 0:
		if q.Kind == answer.KindIP || q.Kind == answer.KindASN || q.Kind == answer.KindDomain {
			return fail(answer.VerdictUnknown, fmt.Errorf("somebody in place of the %s: %w", q.Kind, ErrGarbage))
		}
		r.entityObject(obj)
	case obj.get("rdapConformance").kind != 0 || obj.get("notices").kind != 0:
		rec.Verdict = answer.VerdictUnknown // an answer to "help": about nothing
		return p, nil
	default:
		return fail(answer.VerdictUnknown, fmt.Errorf("JSON that is no RDAP: %w", ErrGarbage))
	}
	r.withheld(obj)
	if n, as := rec.Network, rec.AS; n != nil && placeholder(n) || as != nil && as.To > as.From && rirOf(rec.Holder.Name) {
		rec.Verdict = answer.VerdictElsewhere
	}
	p.RDAP = r.related
	return p, nil
}

// says reads the title and the description of an error as what WHOIS says.
func (n *node) says() message.Sense {
	best := message.Of(n.get("title").str())
	for _, line := range n.get("description").list() {
		best = max(best, message.Of(line.str()))
	}
	return best
}

// keptBack reports whether a domain's statuses say that nobody holds it, and
// nothing else says that somebody does.
func (r *Facts) keptBack() string {
	d := r.Domain
	if d == nil || r.Created != "" || r.Expires != "" || r.Holder.Name != "" || len(d.Nameservers) > 0 || d.Registrar != (answer.Contact{}) || d.Registrant != (answer.Contact{}) {
		return ""
	}
	for _, s := range d.Status {
		if class := status.Class(string(s)); class != "held" {
			return class
		}
	}
	return ""
}

// foundNothing reports whether an answer is an empty list of results.
func foundNothing(top *node) bool {
	for i, k := range top.keys {
		if strings.HasSuffix(k, "SearchResults") && top.values[i].kind == '[' && len(top.values[i].values) == 0 {
			return top.get("objectClassName").kind == 0
		}
	}
	return false
}

// rdapError tells what an error code of RFC 9083 section 6 means.
func rdapError(code string) (answer.Verdict, error) {
	switch code {
	case "404":
		return answer.VerdictNotFound, ErrNotFound
	case "429":
		return answer.VerdictThrottled, ErrThrottled
	case "401", "403":
		return answer.VerdictDenied, ErrDenied
	}
	return answer.VerdictUnknown, ErrGarbage
}

// address reads an address as RDAP servers write it: with zeros in front
// (never octal), in full, or with a prefix length behind it.
func address(n *node) (answer.Range, bool) {
	s, _, _ := strings.Cut(strings.TrimSpace(n.str()), "/")
	a, ok := lex.WrittenAddr(s)
	return answer.Range{From: a, To: a}, ok
}

// networkOf returns the range of a network and the member that it stands in:
// start and end, or what a server gives in their place.
func networkOf(obj *node) (answer.Range, *node) {
	first, last := obj.get("startAddress"), obj.get("endAddress")
	start, ok := address(first)
	if end, ok2 := address(last); ok && ok2 {
		return answer.Range{From: start.From, To: end.To}, first
	}
	if last.str() != "" || first.str() != "" && !ok {
		return answer.Range{}, first
	}
	if got, ok := answer.ParseRange(first.str()); ok && got != start {
		return got, first // with its prefix length
	}
	cidrs := obj.get("cidr0_cidrs")
	if got := cidr0(cidrs); got.IsValid() && (!ok || got.Covers(start)) {
		return got, cidrs
	}
	handle := obj.get("handle")
	if got, is := answer.ParseRange(handle.str()); is && (!ok || got.Covers(start)) {
		return got, handle
	}
	return answer.Range{}, first
}

// cidr0 reads the prefixes of the extension of that name, if they make up one
// range.
func cidr0(n *node) answer.Range {
	var list []answer.Range
	for _, v := range n.items() {
		addr := v.get("v4prefix")
		if addr.str() == "" {
			addr = v.get("v6prefix")
		}
		p, ok := lex.Prefix(addr.str(), v.get("length").str())
		if !ok {
			return answer.Range{}
		}
		list = append(list, answer.RangeOf(p))
	}
	if len(list) == 0 {
		return answer.Range{}
	}
	slices.SortFunc(list, func(a, b answer.Range) int { return a.From.Compare(b.From) })
	for i := 1; i < len(list); i++ {
		if list[i].From != list[i-1].To.Next() {
			return answer.Range{}
		}
	}
	return answer.Range{From: list[0].From, To: list[len(list)-1].To}
}

func (r *rdapReader) network(obj *node) error {
	got, at := networkOf(obj)
	if !got.IsValid() {
		return fmt.Errorf("no range of addresses: %w", ErrGarbage)
	}
	if r.query.Kind == answer.KindIP {
		if asked := answer.RangeOf(r.query.Prefix); !got.Covers(asked) && !asked.Covers(got) {
			return fmt.Errorf("answer about another range, %s: %w", got, ErrGarbage)
		}
	}
	n := &answer.Network{Range: got}
	r.rec.Network = n
	r.note("network.range", 0, at)
	for p := range got.Prefixes() {
		n.Prefixes = append(n.Prefixes, p)
	}
	if got.From == got.To && obj.get("handle").str() == got.From.String() {
		// LACNIC echoes the queried address where the network should be.
		r.rec.Undecided = append(r.rec.Undecided, opskit.Gap{What: "the network's range", Why: "the server gave only the queried address", Need: "WHOIS"})
	}
	r.set(&n.Name, "network.name", obj.get("name"))
	r.set(&n.Handle, "network.handle", obj.get("handle"))
	r.set(&n.Status, "network.status", obj.get("type"))
	if parent := obj.get("parentHandle"); parent.str() != "" {
		if p, ok := answer.ParseRange(parent.str()); ok {
			n.Parent = p
			r.note("network.parent", 0, parent)
		} else {
			r.set(&n.ParentHandle, "network.parent_handle", parent)
		}
	}
	for _, key := range [...]string{"arin_originas0_originautnums", "originAutnums"} {
		for _, v := range obj.get(key).list() {
			if asn, ok := lex.ASN(v.str()); ok {
				r.note("network.origin", len(n.Origin), &v)
				n.Origin = append(n.Origin, asn)
			}
		}
	}
	r.country(obj.get("country"), "network")
	r.common(obj)
	if r.rec.Holder.Name == "" {
		r.remarks(obj)
	}
	return nil
}

// country reads a country without the comment that RIPE's database has behind
// some.
func (r *rdapReader) country(n *node, from string) {
	v := *n
	v.text, _, _ = strings.Cut(v.text, " #")
	if r.set(&r.rec.Country, "country", &v) {
		r.rec.CountryFrom = from
	}
}

func (r *rdapReader) autnum(obj *node) error {
	first, last := obj.get("startAutnum"), obj.get("endAutnum")
	from, ok := lex.ASN(first.str())
	if !ok {
		first = obj.get("handle")
		from, ok = lex.ASN(first.str())
	}
	to, two := lex.ASN(last.str())
	if !two {
		to, last = from, first
	}
	if !ok || to < from {
		return fmt.Errorf("no AS number: %w", ErrGarbage)
	}
	as := &answer.AS{From: from, To: to}
	r.rec.AS = as
	r.note("as.from", 0, first)
	r.note("as.to", 0, last)
	r.set(&as.Name, "as.name", obj.get("name"))
	r.set(&as.Handle, "as.handle", obj.get("handle"))
	r.set(&as.Status, "as.status", obj.get("type"))
	r.country(obj.get("country"), "as")
	r.common(obj)
	if r.rec.Holder.Name == "" {
		r.remarks(obj)
	}
	return nil
}

func (r *rdapReader) domain(obj *node) {
	d := &answer.Domain{}
	r.rec.Domain = d
	if name := obj.get("ldhName"); name.str() != "" {
		d.Name = strings.TrimSuffix(strings.ToLower(name.str()), ".")
		r.note("domain.name", 0, name)
	}
	if name := obj.get("unicodeName"); name.str() != "" {
		u := strings.TrimSuffix(strings.ToLower(name.str()), ".")
		if !lex.IsASCII(u) {
			d.Unicode = u
			r.note("domain.unicode", 0, name)
		}
		if ace, err := lex.DomainName(u); d.Name == "" && err == nil {
			d.Name = ace
			r.note("domain.name", 0, name)
		}
	}
	r.set(&d.ID, "domain.id", obj.get("handle"))
	for _, v := range obj.get("status").list() {
		if s := parseStatus(v.str()); s != "" && !slices.Contains(d.Status, s) {
			r.note("domain.status", len(d.Status), &v)
			d.Status = append(d.Status, s)
		}
	}
	for _, v := range obj.get("nameservers").list() {
		name := &v
		if v.kind == '{' {
			if name = v.get("ldhName"); name.str() == "" {
				name = v.get("unicodeName")
			}
		}
		host := strings.TrimSuffix(strings.ToLower(name.str()), ".")
		if host != "" && !slices.Contains(d.Nameservers, host) {
			r.note("domain.nameservers", len(d.Nameservers), name)
			d.Nameservers = append(d.Nameservers, host)
		}
	}
	secure := obj.get("secureDNS")
	if s := secure.get("delegationSigned"); s.text == "true" || s.text == "false" {
		d.DNSSEC = "unsigned"
		if s.text == "true" {
			d.DNSSEC = "signedDelegation"
		}
		r.note("domain.dnssec", 0, s)
	} else if ds := secure.get("dsData"); len(ds.items()) > 0 {
		d.DNSSEC = "signedDelegation"
		r.note("domain.dnssec", 0, ds)
	}
	for _, l := range obj.get("links").items() {
		if l.get("rel").str() == "related" && strings.Contains(l.get("type").str(), "rdap") {
			r.related = l.get("href").str()
		}
	}
	r.common(obj)
}

// entityObject reads an answer about an organisation or a person.
func (r *rdapReader) entityObject(obj *node) {
	c := r.card(obj)
	r.rec.Holder.Handle = obj.get("handle").str()
	if r.rec.Holder.Handle != "" {
		r.note("holder.handle", 0, obj.get("handle"))
	}
	if c.name.str() != "" && r.set(&r.rec.Holder.Name, "holder.name", c.name) {
		r.rec.Holder.From = "rdap"
	}
	r.common(obj)
}

// common reads what all objects have: events and entities.
func (r *rdapReader) common(obj *node) {
	for _, e := range obj.get("events").items() {
		field, dst := "", (*answer.Date)(nil)
		switch strings.ToLower(strings.TrimSpace(e.get("eventAction").str())) {
		case "registration":
			field, dst = "created", &r.rec.Created
		case "last changed":
			field, dst = "updated", &r.rec.Updated
		case "expiration":
			field, dst = "expires", &r.rec.Expires
		default:
			continue
		}
		v := e.get("eventDate").str()
		if *dst != "" || v == "" {
			continue
		}
		date, ok := parseDate(nil, v, strings.ToLower(v), orderUnknown)
		if !ok {
			r.rec.Unparsed = append(r.rec.Unparsed, field+": "+v)
			continue
		}
		if *dst = answer.Date(date); date == nil {
			*dst = answer.Date(v)
		}
		r.note(field, 0, e.get("eventDate"))
	}
	r.entities(obj, 0)
}

// remarks takes the first line of the description for the holder, as the
// descr of RPSL where no registrant is named.
func (r *rdapReader) remarks(obj *node) {
	for _, remark := range obj.get("remarks").items() {
		if title := strings.ToLower(remark.get("title").str()); title != "" && title != "description" {
			continue
		}
		for _, line := range remark.get("description").list() {
			if strings.Contains(line.str(), "@") || strings.Contains(strings.ToLower(line.str()), "abuse") {
				return // a note to the reader, no name
			}
			if r.set(&r.rec.Holder.Name, "holder.name", &line) {
				r.rec.Holder.From = "remarks"
			}
			return
		}
	}
}

// withheld reads the list of RFC 9537.
func (r *rdapReader) withheld(obj *node) {
	for _, e := range obj.get("redacted").items() {
		name := e.get("name")
		text := name.get("description").str()
		if text == "" {
			text = name.get("type").str()
		}
		if text == "" {
			continue
		}
		var key [labels.Max]byte
		ro, at := labels.Of(labels.Canon(key[:0], strings.ToLower(text)))
		switch {
		case (ro == labels.Registrant || ro == labels.Registrar) && at >= labels.Name && at <= labels.URL:
			r.redacted(contactPath(ro, at))
		case at == labels.DomainID:
			r.redacted("domain.id")
		default:
			r.redacted(text)
		}
	}
}
