package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// domainReader walks over an answer about a domain name. What a line means
// depends on its label and on the section that it stands in.
type domainReader struct {
	*reader
	d answer.Domain

	section  labels.Role
	indent   int16       // of the section's title
	depth    int16       // of the section's first line of content
	values   int         // lines of content since the title
	titles   int         // sections so far
	blank    bool        // a blank line since the last content
	inline   bool        // the title has a value of its own: "Registrar: X"
	labelled bool        // the section has labels, so a line without one is no value
	hidden   bool        // the section says that its values are withheld
	company  bool        // the section's title says that its first line is an organisation
	service  bool        // the section is about who serves the registrar's customers
	foreign  bool        // inside an object of its own that is not the domain
	apart    bool        // in such an object's lines, up to the next blank one
	pending  labels.Attr // a label whose value is on the next line

	weak     answer.Date // a renewal date
	weakLine int32
	changed  int32             // line of the last date of change
	contacts [5]answer.Contact // registrant to registrar, in the order of role
	hosts    [16]string
	hostN    int
	status   [16]answer.Status
	statusN  int
	ownerC   entry // "holder-c:", whose contact is in an object of its own
	state    entry // "state:", which counts where there is no status
	provider entry // "Registration Service Provider:", who is the registrar if nobody else is
	descr    entry // the first "descr:", which names the holder where nothing else does
	itself   bool  // the contact that stands by itself is the registrar
	nameSelf bool  // the name stands behind the bare word "Registrant"
	free     bool  // a status says that nobody holds the name
	reserved bool  // a status says that the registry keeps it back
	taken    bool  // a status says that somebody has it
	key      [labels.Max]byte
}

// readDomain fills the record from an answer about a domain name. It returns
// false if the answer holds none.
func (r *reader) readDomain(p *Part, into *answer.Domain) bool {
	d := domainReader{reader: r}
	r.dates = r.order()
	for i := range r.ents {
		d.line(&r.ents[i], p)
	}
	return d.finish(into)
}

// comment reads "% Registrant:", by which some registries start an object.
func (d *domainReader) comment(e *entry) {
	title := e.value
	for !title.empty() && strings.IndexByte("%#; ", d.reader.text[title.from]) >= 0 {
		title.from++
	}
	if title.empty() {
		d.blank = true // "%" alone
		return
	}
	if d.reader.text[title.to-1] != ':' {
		return
	}
	title.to--
	if ro, at := d.label(title); at == labels.Self && labels.IsContact(ro) {
		d.open(ro, e)
	}
}

func (d *domainReader) contact(ro labels.Role) *answer.Contact {
	return &d.contacts[ro-labels.Registrant]
}

// label tells what a label means. Of one in two languages, "Estado / Status",
// the last counts.
func (d *domainReader) label(name span) (labels.Role, labels.Attr) {
	low := d.lower(name)
	ro, at := labels.Of(labels.Canon(d.key[:0], low))
	if ro == labels.NoRole && at == labels.None && strings.IndexByte(low, '/') > 0 {
		if i := strings.LastIndex(low, " / "); i > 0 {
			return labels.Of(labels.Canon(d.key[:0], low[i+3:]))
		}
	}
	return ro, at
}

// line reads one line.
func (d *domainReader) line(e *entry, p *Part) {
	if d.unlike(e, p) {
		return
	}
	ro, at := d.label(e.name)
	if d.tabbed(e, p) {
		return
	}
	if v := d.in(e.value); strings.HasPrefix(v, "...") { // "Domain:......example.tn"
		n := *e
		n.value.from += int32(len(v) - len(strings.TrimLeft(v, ".")))
		d.line(&n, p)
		return
	}
	switch {
	case d.typed(e):
	case d.lower(e.name) == "descr" && !d.foreign:
		if d.descr.line == 0 && !e.value.empty() {
			d.descr = *e
		}
	case at == labels.None && ro == labels.NoRole:
		d.unknown(e, p)
	case !e.value.empty():
		if !d.objectStart(e) {
			d.attribute(e, ro, at, p)
		}
	case at == labels.Org && ro == labels.NoRole && d.d.Name != "" && (d.section == labels.NoRole || d.section == labels.DomainPart && d.ended(e)):
		d.open(labels.Registrant, e)
		d.company = true
	case at == labels.Self:
		d.open(ro, e)
		d.service = ro == labels.Registrar && strings.HasPrefix(d.lower(e.name), "registration service")
	case ro == labels.NoRole && at <= labels.Status:
		d.later(e, at)
	case d.objectStart(e):
	default:
		d.attribute(e, ro, at, p)
	}
}

// unlike reads a line that is no label and its value.
func (d *domainReader) unlike(e *entry, p *Part) bool {
	switch {
	case e.kind == rpsl.KindBlank:
		d.blank, d.apart = true, false
		if d.inline {
			d.pending = labels.None
		}
	case e.kind == rpsl.KindComment:
		d.comment(e)
	case e.kind == rpsl.KindText:
		d.text(e, p)
	case d.section == labels.Nameservers && e.tag == ':' && d.listed(e): // its colon is an IPv6 address'
		w := d.whole(e)
		d.text(&w, p)
	case e.tag == ']' && d.lower(e.name) == "whois": // when the registry's data was changed
		d.object(labels.Ignored)
	default:
		return false
	}
	return true
}

// unknown reads a line whose label no table knows.
func (d *domainReader) unknown(e *entry, p *Part) {
	w := d.whole(e)
	switch {
	case d.blank && d.d.Name == "" && d.lower(e.name) == "server name":
		// Verisign lists the hosts first that have the name in theirs.
		d.open(labels.Ignored, e)
		d.values, d.foreign = 1, true
		return
	case e.value.empty() && d.blank && d.section != labels.Nameservers:
		d.section, d.blank, d.pending = labels.NoRole, false, labels.None
		d.sentence(&w, d.in(w.value))
		return
	case d.pending == labels.Status && d.inline:
		d.pending = labels.None // "Note: ..." below a status
	}
	if d.dotted(&w, p) || d.phrase(&w, d.lower(w.value), p) {
		return
	}
	if c := d.text0(e); d.pending != labels.None && d.pending != labels.Domain && d.pending != labels.Host && !d.inline && c >= '0' && c <= '9' {
		d.text(&w, p)
	} else if d.section != labels.NoRole && !d.ended(e) && d.tagged(e) && !d.labelled && !e.value.empty() && d.values > 0 && (!d.inline || e.indent > d.indent) {
		d.content(&w, p)
	}
}

// text0 returns the first byte of a line.
func (d *domainReader) text0(e *entry) byte { return d.reader.text[e.name.from] }

// tagged reports whether an attribute with an unknown label may be content.
func (d *domainReader) tagged(e *entry) bool { return e.tag == ':' && !e.name.empty() }

// tabbed splits "Domain name: example.fj<tab>Status: Active" into two lines.
func (d *domainReader) tabbed(e *entry, p *Part) bool {
	v := d.in(e.value)
	tab := strings.IndexByte(v, '\t')
	if tab <= 0 {
		return false
	}
	colon := strings.IndexByte(v[tab:], ':')
	if colon < 0 {
		return false
	}
	first, second := *e, *e
	second.name = d.trim(span{e.value.from + int32(tab), e.value.from + int32(tab+colon)})
	if _, at := labels.Of(labels.Canon(d.key[:0], d.lower(second.name))); at == labels.None {
		return false
	}
	second.value = d.trim(span{e.value.from + int32(tab+colon) + 1, e.value.to})
	first.value = d.trim(span{e.value.from, e.value.from + int32(tab)})
	d.line(&first, p)
	d.line(&second, p)
	return true
}

func (r *reader) trim(s span) span {
	for s.from < s.to && (r.text[s.from] == ' ' || r.text[s.from] == '\t') {
		s.from++
	}
	for s.to > s.from && (r.text[s.to-1] == ' ' || r.text[s.to-1] == '\t') {
		s.to--
	}
	return s
}

// open starts a section at its title.
func (d *domainReader) open(ro labels.Role, e *entry) {
	d.section, d.indent, d.depth, d.values = ro, e.indent, -1, 0
	if labels.IsContact(ro) {
		d.titles++
	}
	d.blank, d.foreign, d.inline, d.pending = false, false, false, labels.None
	d.labelled, d.hidden, d.company, d.service = false, false, false, false
}

// typed reads a contact's title that is a value: "contact: administrative",
// "Contact Type: owner".
func (d *domainReader) typed(e *entry) bool {
	if low := d.lower(e.name); low != "contact" && low != "contact type" {
		return false
	}
	word := strings.TrimSpace(d.lower(e.value))
	if len(word) > len(d.key) {
		return false
	}
	ro := labels.OfWord(append(d.key[:0], word...))
	if ro == labels.NoRole {
		return false
	}
	d.open(ro, e)
	d.values = 1
	return true
}

// ended reports whether a line is no more in the section: after a blank line
// (behind some content) it has to be deeper than the title.
func (d *domainReader) ended(e *entry) bool {
	if d.section == labels.NoRole {
		return true
	}
	if d.inline && (d.blank || d.section == labels.Nameservers && e.indent <= d.indent) {
		d.section = labels.NoRole
		return true
	}
	if d.values > 0 && (d.blank && e.indent <= d.indent || e.indent < d.indent || d.depth > d.indent && e.indent <= d.indent) {
		d.section, d.foreign = labels.NoRole, false
		return true
	}
	return false
}

// objectStart recognises an RPSL object that describes a contact or a set of
// nameservers; its dates are its own.
func (d *domainReader) objectStart(e *entry) bool {
	if !d.blank || e.indent > 0 || e.tag != ':' {
		return false
	}
	if d.d.Name != "" && (strings.HasSuffix(d.lower(e.name), " handle") || d.hasHandle(e)) {
		d.object(labels.Ignored)
		return true
	}
	switch d.lower(e.name) {
	case "organisation", "organization":
		if d.d.Name == "" || d.section != labels.NoRole && !d.foreign {
			return false
		}
		if v := d.in(e.value); !looksLikeHandle(v) { // IANA's object of a top-level domain
			d.open(labels.Registrant, e)
			d.values = 1
			d.contactField(e, labels.Registrant, labels.Org)
			return true
		}
		d.object(labels.Ignored)
		return true
	case "contact", "person", "role", "nic-hdl", "nic-hdl-br", "irt", "mntner", "keyset", "key":
		if d.d.Name == "" {
			return false
		}
		d.object(labels.Ignored)
		return true
	case "nsset":
		d.object(labels.Nameservers)
		return true
	case "domain", "domain name":
		d.section, d.foreign = labels.NoRole, false
	}
	return false
}

// object starts an object of its own that is not the domain.
func (d *domainReader) object(ro labels.Role) {
	d.section, d.foreign, d.apart, d.blank, d.values = ro, true, true, false, 1
}

// hasHandle reports whether the object that starts at e describes a contact:
// it has a NIC handle of its own.
func (d *domainReader) hasHandle(e *entry) bool {
	from, _ := slices.BinarySearchFunc(d.ents, e.line, func(x entry, line int32) int { return int(x.line - line) })
	for i := from; i < len(d.ents) && d.ents[i].kind != rpsl.KindBlank; i++ {
		switch d.lower(d.ents[i].name) {
		case "nic-hdl", "nic-hdl-br":
			return true
		}
	}
	return false
}

// attribute reads a line with a known label.
func (d *domainReader) attribute(e *entry, ro labels.Role, at labels.Attr, p *Part) {
	out := d.ended(e)
	d.pending = labels.None
	if d.foreign && d.blank && e.indent == 0 {
		d.section, d.foreign, out = labels.NoRole, false, true
	}
	inContact := !out && (labels.IsContact(d.section) || d.section == labels.Ignored)
	if !out {
		d.values++
		if d.depth < 0 {
			d.depth = e.indent
		}
	}
	d.blank = false
	if at == labels.Domain && labels.IsContact(d.section) && !d.foreign && d.indent < e.indent {
		d.section, inContact = labels.NoRole, false // "Domain Name:" as deep as the contact before it
	}
	if ro == labels.NoRole && at < labels.Name && at != labels.None {
		if inContact && d.lower(e.name) == "state" && d.contactHasAddress() {
			return // a province: the one of the address above it
		}
		if inContact && d.inline && e.indent <= d.indent {
			d.section, inContact = labels.NoRole, false
		}
		if (d.foreign || d.apart) && at != labels.Host || inContact && contactOwns(d.lower(e.name)) {
			return // when a contact or a set of nameservers was changed, not the domain
		}
		d.domainField(e, at, p)
		return
	}
	if at == labels.Self {
		d.selfField(e, ro)
		return
	}
	if at == labels.Other && (out || d.inline && e.indent <= d.indent) && d.provider.line == 0 && d.lower(e.name) == "account name" {
		d.provider = *e // IEDR: the registrar's
		return
	}
	named := ro == labels.Registrar && at == labels.Name // "Registrar Name:" in an object of its own
	if ro == labels.NoRole {
		if out && d.section == labels.NoRole {
			d.looseField(e, at)
			return
		}
		ro = d.section
		d.labelled = true
		if ro == labels.Nameservers && at == labels.Name {
			d.host(e)
			return
		}
		if ro == labels.DomainPart {
			switch at {
			case labels.Name:
				d.domainField(e, labels.Domain, p)
			case labels.Org:
				d.contactField(e, labels.Registrant, labels.Org)
			}
			return
		}
	}
	if labels.IsContact(ro) && (!d.foreign || named) {
		d.contactField(e, ro, at)
	}
}

// contactHasAddress reports whether the section tells a contact's address.
func (d *domainReader) contactHasAddress() bool {
	return labels.IsContact(d.section) && d.contact(d.section).Address != ""
}

// text reads a line without a label.
func (d *domainReader) text(e *entry, p *Part) {
	if d.dotted(e, p) {
		return
	}
	low := d.lower(e.value)
	if ro, at := d.title(e.value); at == labels.Self && ro != labels.NoRole && (d.section == labels.NoRole || d.blank || e.indent <= d.indent) {
		d.open(ro, e)
		return
	}
	if d.phrase(e, low, p) {
		return
	}
	if at := d.pending; at != labels.None && at != labels.Domain && at != labels.Host && !d.blank && (!d.inline || e.indent > d.indent) {
		if at != labels.Status {
			d.pending = labels.None
		}
		d.domainField(e, at, p)
		return
	}
	if !d.ended(e) {
		d.content(e, p)
	}
	d.blank = false
}

// title is label for a line without a colon, which is no title if it is long:
// most of such lines are terms of use.
func (d *domainReader) title(s span) (labels.Role, labels.Attr) {
	if s.to-s.from > 48 {
		return labels.NoRole, labels.None
	}
	return d.label(s)
}

// content reads a line of a section by its place.
func (d *domainReader) content(e *entry, p *Part) {
	d.values++
	if d.depth < 0 {
		d.depth = e.indent
	}
	d.blank = false
	if d.foreign {
		return
	}
	switch ro := d.section; {
	case ro == labels.Nameservers:
		d.host(e)
	case ro == labels.DomainPart:
		name, after, more := strings.Cut(d.lower(e.value), " ")
		if !more || strings.HasPrefix(after, "is ") { // else a sentence
			d.name(e)
		}
		if after == "is active" {
			status := *e
			status.value.from += int32(len(name) + len(" is "))
			d.statusLine(&status)
		}
	case ro == labels.Registrar:
		switch {
		case d.values == 1 && d.service:
			d.provider = *e
		case d.values == 1:
			d.registrarName(e)
		}
	case labels.IsContact(ro):
		d.place(e, ro)
	}
}
