package whoislookup

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// looksLikeRDAP reports whether an answer is JSON.
func looksLikeRDAP(raw []byte) bool {
	raw = bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// rdapReader fills a record from an RDAP answer (RFC 9083).
type rdapReader struct {
	rec     *Record
	query   Query
	hop     int
	related string // where the registrar's answer is
}

func (r *rdapReader) note(field string, index int, n *node) {
	for _, s := range r.rec.Sources {
		if s.Field == field && s.Index == index {
			return
		}
	}
	r.rec.Sources = append(r.rec.Sources, Source{Field: field, Index: index, Hop: r.hop, Line: int(n.line)})
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

// readRDAP reads rec.Hops[hop], whose answer is JSON.
func readRDAP(rec *Record, hop int, q Query) (part, error) {
	h := &rec.Hops[hop]
	if h.Protocol == "whois" && h.Server == "" {
		h.Protocol = "rdap" // a stored answer, told by its form
	}
	h.Charset = "utf-8"
	fail := func(v Verdict, err error) (part, error) {
		rec.Verdict = v
		return part{}, &Error{Op: "read answer", Target: h.Server, Err: err}
	}
	top, err := parseTree(h.Raw)
	if err != nil {
		return fail(VerdictUnknown, fmt.Errorf("%v: %w", err, ErrGarbage))
	}
	r := rdapReader{rec: rec, query: q, hop: hop}
	if code := top.get("errorCode"); code.kind != 0 {
		v, err := rdapError(code.str())
		return fail(v, fmt.Errorf("error %s %s: %w", code.str(), quoteOutside(top.get("title").str()), err))
	}
	obj := &top
	for _, key := range [...]string{"domainSearchResults", "nameserverSearchResults", "entitySearchResults", "ipSearchResults", "autnumSearchResults", "entities", "nameservers"} {
		if list := top.get(key).items(); len(list) > 0 && top.get("objectClassName").kind == 0 && top.get("handle").kind == 0 && top.get("ldhName").kind == 0 {
			obj = &list[0]
			if len(list) > 1 {
				rec.Unseen = append(rec.Unseen, Gap{What: fmt.Sprintf("%d more results", len(list)-1), Why: "a search has several, and a record is about one"})
			}
			break
		}
	}
	rec.Verdict = VerdictFound
	switch class := obj.get("objectClassName").str(); {
	case class == "ip network" || obj.get("startAddress").kind != 0:
		if err := r.network(obj); err != nil {
			return fail(VerdictUnknown, err)
		}
	case class == "autnum" || obj.get("startAutnum").kind != 0:
		r.autnum(obj)
	case class == "domain" || class == "nameserver" || obj.get("ldhName").kind != 0 || obj.get("unicodeName").kind != 0:
		r.domain(obj)
	case class == "entity" || obj.get("vcardArray").kind != 0 || obj.get("roles").kind != 0:
		r.entityObject(obj)
	case obj.get("rdapConformance").kind != 0 || obj.get("notices").kind != 0:
		rec.Verdict = VerdictUnknown // an answer to "help": about nothing
		return part{}, nil
	default:
		return fail(VerdictUnknown, fmt.Errorf("JSON that is no RDAP: %w", ErrGarbage))
	}
	r.withheld(obj)
	return part{rdap: r.related}, nil
}

// rdapError tells what an error code of RFC 9083 section 6 means.
func rdapError(code string) (Verdict, error) {
	switch code {
	case "404":
		return VerdictNotFound, ErrNotFound
	case "429":
		return VerdictThrottled, ErrThrottled
	case "401", "403":
		return VerdictDenied, ErrDenied
	}
	return VerdictUnknown, ErrGarbage
}

// address reads an address as RDAP servers write it: with zeros in front
// (never octal), in full, or with a prefix length behind it.
func address(n *node) (Range, bool) {
	s, _, _ := strings.Cut(strings.TrimSpace(n.str()), "/")
	a, ok := parseAddr(s)
	return Range{a, a}, ok
}

func (r *rdapReader) network(obj *node) error {
	start, ok1 := address(obj.get("startAddress"))
	end, ok2 := address(obj.get("endAddress"))
	got := Range{start.From, end.To}
	if !ok1 || !ok2 || !got.IsValid() {
		return fmt.Errorf("no range of addresses: %w", ErrGarbage)
	}
	if r.query.Kind == KindIP {
		if asked := rangeOf(r.query.Prefix); !got.Covers(asked) && !asked.Covers(got) {
			return fmt.Errorf("answer about another range, %s: %w", got, ErrGarbage)
		}
	}
	n := &Network{Range: got}
	r.rec.Network = n
	r.note("network.range", 0, obj.get("startAddress"))
	for p := range got.Prefixes() {
		n.Prefixes = append(n.Prefixes, p)
	}
	if got.From == got.To && obj.get("handle").str() == got.From.String() {
		// LACNIC echoes the queried address where the network should be.
		r.rec.Unseen = append(r.rec.Unseen, Gap{What: "the network's range", Why: "the server gave only the queried address", Need: "WHOIS"})
	}
	r.set(&n.Name, "network.name", obj.get("name"))
	r.set(&n.Handle, "network.handle", obj.get("handle"))
	r.set(&n.Status, "network.status", obj.get("type"))
	if parent := obj.get("parentHandle"); parent.str() != "" {
		if p, ok := parseRange(parent.str()); ok {
			n.Parent = p
			r.note("network.parent", 0, parent)
		} else {
			r.set(&n.ParentHandle, "network.parent_handle", parent)
		}
	}
	for _, key := range [...]string{"arin_originas0_originautnums", "originAutnums"} {
		for _, v := range obj.get(key).items() {
			if asn, ok := parseASN(v.str()); ok {
				r.note("network.origin", len(n.Origin), &v)
				n.Origin = append(n.Origin, asn)
			}
		}
	}
	if r.set(&r.rec.Country, "country", obj.get("country")) {
		r.rec.CountryFrom = "network"
	}
	r.common(obj)
	if r.rec.Holder.Name == "" {
		r.remarks(obj)
	}
	return nil
}

func (r *rdapReader) autnum(obj *node) {
	from, _ := parseASN(obj.get("startAutnum").str())
	to, ok := parseASN(obj.get("endAutnum").str())
	if !ok {
		to = from
	}
	if from == 0 && to == 0 {
		from, _ = parseASN(obj.get("handle").str())
		to = from
	}
	as := &AS{From: from, To: to}
	r.rec.AS = as
	r.note("as.from", 0, obj.get("startAutnum"))
	r.note("as.to", 0, obj.get("endAutnum"))
	r.set(&as.Name, "as.name", obj.get("name"))
	r.set(&as.Handle, "as.handle", obj.get("handle"))
	r.set(&as.Status, "as.status", obj.get("type"))
	if r.set(&r.rec.Country, "country", obj.get("country")) {
		r.rec.CountryFrom = "as"
	}
	r.common(obj)
	if r.rec.Holder.Name == "" {
		r.remarks(obj)
	}
}

func (r *rdapReader) domain(obj *node) {
	d := &Domain{}
	r.rec.Domain = d
	if name := obj.get("ldhName"); name.str() != "" {
		d.Name = strings.TrimSuffix(strings.ToLower(name.str()), ".")
		r.note("domain.name", 0, name)
	}
	if name := obj.get("unicodeName"); name.str() != "" && !isASCII(name.str()) {
		d.Unicode = strings.TrimSuffix(strings.ToLower(name.str()), ".")
		r.note("domain.unicode", 0, name)
	}
	r.set(&d.ID, "domain.id", obj.get("handle"))
	for _, v := range obj.get("status").items() {
		if s := parseStatus(v.str()); s != "" && !slices.Contains(d.Status, s) {
			r.note("domain.status", len(d.Status), &v)
			d.Status = append(d.Status, s)
		}
	}
	for _, v := range obj.get("nameservers").items() {
		name := v.get("ldhName")
		host := strings.TrimSuffix(strings.ToLower(name.str()), ".")
		if host != "" && !slices.Contains(d.Nameservers, host) {
			r.note("domain.nameservers", len(d.Nameservers), name)
			d.Nameservers = append(d.Nameservers, host)
		}
	}
	if s := obj.get("secureDNS").get("delegationSigned"); s.kind == 't' {
		d.DNSSEC = "unsigned"
		if s.text == "true" {
			d.DNSSEC = "signedDelegation"
		}
		r.note("domain.dnssec", 0, s)
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
	c := r.card(obj.get("vcardArray"))
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
		field, dst := "", (*Date)(nil)
		switch e.get("eventAction").str() {
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
		if *dst = Date(date); date == nil {
			*dst = Date(v)
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
		for _, line := range remark.get("description").items() {
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
		var key [maxLabel]byte
		ro, at := labelOf(canon(key[:0], strings.ToLower(text)))
		switch {
		case (ro == registrant || ro == registrar) && at >= aName && at <= aURL:
			r.redacted(contactPath(ro, at))
		case at == aDomainID:
			r.redacted("domain.id")
		default:
			r.redacted(text)
		}
	}
}
