package read

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/status"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// later takes note of a label whose value is on the lines below.
func (d *domainReader) later(e *entry, at labels.Attr) {
	if !d.ended(e) && labels.IsContact(d.section) && contactOwns(d.lower(e.name)) {
		return
	}
	switch at {
	case labels.Domain:
		d.open(labels.DomainPart, e)
	case labels.Host:
		d.open(labels.Nameservers, e)
	default:
		d.open(labels.NoRole, e)
	}
	d.pending = at
}

// domainField reads a label about the domain itself.
func (d *domainReader) domainField(e *entry, at labels.Attr, p *Part) {
	rec := d.rec
	switch at {
	case labels.Domain:
		d.name(e)
	case labels.Unicode:
		if !lex.IsASCII(d.in(e.value)) {
			d.set(&d.d.Unicode, "domain.unicode", e)
		}
	case labels.DomainID:
		if e.tag != ']' && d.lower(e.name) == "registration no." {
			return // a company's
		}
		d.set(&d.d.ID, "domain.id", e)
	case labels.Created:
		d.date(&rec.Created, "created", e, firstDate)
	case labels.Updated:
		if d.lower(e.name) == "changed" && strings.HasSuffix(d.lower(e.value), "(assigned)") {
			d.date(&rec.Created, "created", e, firstDate)
			return
		}
		pick := firstDate
		if d.lower(e.name) == "changed" && e.line == d.changed+1 {
			pick = lastDate // RPSL lists changes in order
		}
		d.changed = e.line
		d.date(&rec.Updated, "updated", e, pick)
	case labels.Expires:
		d.date(&rec.Expires, "expires", e, firstDate)
	case labels.Renewal:
		if date, ok := d.readDate(d.in(e.value), d.lower(e.value)); ok && d.weak == "" {
			d.weak, d.weakLine = date, e.line
		}
	case labels.Host:
		d.host(e)
		d.goesOn(labels.Nameservers, at, e)
	case labels.Status:
		if d.lower(e.name) == "state" {
			if d.state.line == 0 {
				d.state = *e
			}
			return
		}
		d.statusLine(e)
		d.goesOn(labels.NoRole, at, e)
	case labels.DNSSEC:
		d.set(&d.d.DNSSEC, "domain.dnssec", e)
	case labels.Whois:
		if f, ok := ParseReferral(d.in(e.value)); ok && p.Referral.Host == "" {
			p.Referral = f
		}
	}
}

// goesOn expects more values of a label on deeper lines below it.
func (d *domainReader) goesOn(ro labels.Role, at labels.Attr, e *entry) {
	if e.kind == rpsl.KindAttribute && d.section == labels.NoRole {
		d.open(ro, e)
		d.values, d.inline, d.pending = 1, true, at
	}
}

// name reads the domain name: the first one that the answer gives.
func (d *domainReader) name(e *entry) {
	low := strings.TrimSuffix(d.lower(e.value), ".")
	if i := strings.IndexAny(low, " \t"); i > 0 {
		if low = low[:i]; strings.IndexByte(low, '.') < 0 && lex.IsASCII(low) {
			return // "Domain  name    example.md"
		}
	}
	low = strings.Trim(low, "\"'")
	if d.d.Name != "" || low == "" || strings.IndexByte(low, '@') >= 0 || strings.IndexByte(low, ':') >= 0 {
		return
	}
	low = strings.TrimLeft(low, ".")
	if strings.Trim(low, "-.") == "" || strings.ContainsAny(low, "()[]{}<>/,;*=") {
		return
	}
	if !lex.IsASCII(low) {
		if d.d.Unicode == "" {
			d.d.Unicode = low
			d.note("domain.unicode", 0, e.line)
		}
		ace, err := lex.DomainName(low)
		if err != nil {
			return
		}
		low = ace
	}
	d.d.Name = low
	d.note("domain.name", 0, e.line)
	if order := orderOf(low); d.dates == orderUnknown || order == monthFirst {
		d.dates = order
	}
}

// listed reports whether a line begins with the name of a host.
func (d *domainReader) listed(e *entry) bool {
	first, _, more := strings.Cut(d.lower(e.name), " ")
	first, _, _ = strings.Cut(first, "\t")
	return (more || strings.ContainsAny(d.lower(e.name), "\t[(,/")) && strings.IndexByte(first, '.') > 0 && lex.IsHost(strings.TrimRight(first, ".,;"))
}

// host reads one or several nameservers, with or without their addresses. A line
// that it can make nothing of is told.
func (d *domainReader) host(e *entry) {
	low := d.lower(e.value)
	first, _, _ := strings.Cut(low, " ")
	// What begins otherwise than a host or an address is a sentence, or the handle of a set.
	understood := isNothing(low) || isRedacted(low) || !strings.ContainsAny(first, ".:") || strings.HasSuffix(first, ":")
	for rest := e.value; !rest.empty(); {
		from := rest.from
		for from < rest.to && endsHost(d.reader.text[from]) {
			from++
		}
		to := from
		for to < rest.to && !endsHost(d.reader.text[to]) {
			to++
		}
		understood = d.hostWord(span{from, to}, e.line) || understood
		rest.from = to
	}
	if !understood {
		d.rec.Unparsed = append(d.rec.Unparsed, "domain.nameservers: "+d.in(e.value))
	}
}

func endsHost(c byte) bool { return c == ' ' || c == '\t' || c == ',' || c == ';' }

// hostWord reads one word of a list of hosts, false if it is neither a host nor an
// address.
func (d *domainReader) hostWord(s span, line int32) bool {
	low := d.low[s.from:s.to]
	if i := strings.IndexAny(low, "[(/"); i > 0 {
		low = low[:i]
	}
	if low = strings.TrimRight(low, "."); !lex.IsHost(low) || low[strings.LastIndexByte(low, '.')+1] >= '0' && low[strings.LastIndexByte(low, '.')+1] <= '9' {
		_, err := netip.ParseAddr(strings.Trim(low, "[]()/"))
		return err == nil
	}
	if low == d.d.Name || low == "not.defined" || slices.Contains(d.hosts[:d.hostN], low) {
		return true
	}
	if d.hostN == len(d.hosts) {
		return false
	}
	d.note("domain.nameservers", d.hostN, line)
	d.hosts[d.hostN] = low
	d.hostN++
	return true
}

// statusLine reads one status.
func (d *domainReader) statusLine(e *entry) {
	text := d.in(e.value)
	if low := d.lower(e.value); isNothing(low) && low != "not available" {
		d.list(&d.rec.Empty, "domain.status")
		return
	}
	if d.severalStatuses(e) {
		return
	}
	if i := strings.IndexByte(text, ','); i > 0 && d.lower(e.name) == "state" { // "REGISTERED, DELEGATED"
		first, rest := *e, *e
		first.value.to = e.value.from + int32(i)
		rest.value = d.trim(span{e.value.from + int32(i) + 1, e.value.to})
		d.statusLine(&first)
		d.statusLine(&rest)
		return
	}
	if i := strings.IndexByte(text, '('); i > 0 && strings.HasSuffix(text, ")") && d.rec.Expires == "" && e.tag == ']' {
		// JPRS: "[State] Connected (2016/03/31)", the day until which it is
		v := text[i+1 : len(text)-1]
		if date, ok := d.readDate(v, v); ok {
			d.rec.Expires = date
			d.note("expires", 0, e.line)
		}
	}
	if d.rec.Expires == "" { // "OK-UNTIL 20141204000000"
		if _, until, ok := strings.Cut(d.lower(e.value), "until "); ok {
			if date, ok := d.readDate(until, until); ok {
				d.rec.Expires = date
				d.note("expires", 0, e.line)
			}
		}
	}
	s := parseStatus(text)
	switch status.Class(string(s)) {
	case "free":
		d.free = true
	case "reserved":
		d.reserved = true
	case "held":
		d.taken = true
	}
	if s == "" || d.statusN == len(d.status) || slices.Contains(d.status[:d.statusN], s) {
		return
	}
	d.note("domain.status", d.statusN, e.line)
	d.status[d.statusN] = s
	d.statusN++
}

// severalStatuses reads "clientHold, serverHold" and "pendingDelete /
// redemptionPeriod": a line is several statuses where each part of it is an EPP
// status.
func (d *domainReader) severalStatuses(e *entry) bool {
	text := d.in(e.value)
	if len(text) < len("ok,ok") || !strings.ContainsAny(text, ",;/ \t") || strings.Contains(text, "http") {
		return false
	}
	if _, ok := status.EPP(text); ok {
		return false
	}
	for _, sep := range [...]string{",;/", ",;/ \t"} {
		if !strings.ContainsAny(text, sep) {
			continue
		}
		all := true
		for rest := e.value; all && !rest.empty(); {
			_, all = status.EPP(d.in(d.cut(&rest, sep)))
		}
		if !all {
			continue
		}
		part := *e
		for rest := e.value; !rest.empty(); {
			part.value = d.cut(&rest, sep)
			d.statusLine(&part)
		}
		return true
	}
	return false
}

// cut takes what stands before the first separator off rest.
func (r *reader) cut(rest *span, separators string) span {
	part := *rest
	if i := strings.IndexAny(r.in(part), separators); i >= 0 {
		part.to = part.from + int32(i)
	}
	rest.from = part.to + 1
	for rest.from < rest.to && strings.IndexByte(separators+" ", r.text[rest.from]) >= 0 {
		rest.from++
	}
	return r.trim(part)
}
