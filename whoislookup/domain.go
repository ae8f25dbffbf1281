package whoislookup

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// domainReader walks over an answer about a domain name. What a line means
// depends on its label and on the section that it stands in.
type domainReader struct {
	*reader
	d Domain

	section  role
	indent   int16 // of the section's title
	depth    int16 // of the section's first line of content
	values   int   // lines of content since the title
	titles   int   // sections so far
	blank    bool  // a blank line since the last content
	inline   bool  // the title has a value of its own: "Registrar: X"
	labelled bool  // the section has labels, so a line without one is no value
	hidden   bool  // the section says that its values are withheld
	foreign  bool  // inside an object of its own that is not the domain
	pending  attr  // a label whose value is on the next line

	weak     Date // a renewal date
	weakLine int32
	changed  int32      // line of the last date of change
	contacts [5]Contact // registrant to registrar, in the order of role
	hosts    [16]string
	hostN    int
	status   [16]Status
	statusN  int
	ownerC   *entry // "holder-c:", whose contact is in an object of its own
	state    *entry // "state:", which counts where there is no status
	descr    *entry // the first "descr:", which names the holder where nothing else does
	nameSelf bool   // the name stands behind the bare word "Registrant"
	free     bool   // a status says that nobody holds the name
	reserved bool   // a status says that the registry keeps it back
	key      [maxLabel]byte
}

// readDomain fills the record from an answer about a domain name. It returns
// false if the answer holds none.
func (r *reader) readDomain(p *part) bool {
	d := domainReader{reader: r}
	r.dates = r.order()
	for i := range r.ents {
		d.line(&r.ents[i], p)
	}
	return d.finish(p)
}

// comment reads "% Registrant:", by which some registries start an object.
func (d *domainReader) comment(e *entry) {
	title := e.value
	for !title.empty() && strings.IndexByte("%#; ", d.reader.text[title.from]) >= 0 {
		title.from++
	}
	if title.empty() || d.reader.text[title.to-1] != ':' {
		return
	}
	title.to--
	if ro, at := d.label(title); at == aSelf && isContact(ro) {
		d.open(ro, e)
	}
}

func (d *domainReader) contact(ro role) *Contact { return &d.contacts[ro-registrant] }

func isContact(ro role) bool { return ro >= registrant && ro <= registrar }

// line reads one line.
func (d *domainReader) line(e *entry, p *part) {
	switch e.kind {
	case rpsl.Blank:
		d.blank = true
		if d.inline {
			d.pending = noAttr
		}
		return
	case rpsl.Comment:
		d.comment(e)
		return
	}
	if e.kind == rpsl.Text {
		d.text(e, p)
		return
	}
	ro, at := d.label(e.name)
	if d.tabbed(e, p) {
		return
	}
	if v := d.in(e.value); strings.HasPrefix(v, "...") { // "Domain:......example.tn"
		n := *e
		n.value.from += int32(len(v) - len(strings.TrimLeft(v, ".")))
		e = &n
	}
	switch {
	case d.typed(e):
		return
	case d.lower(e.name) == "descr" && !d.foreign:
		if d.descr == nil && !e.value.empty() {
			d.descr = e
		}
		return
	case at == aOrg && ro == noRole && e.value.empty() && d.section == noRole && d.d.Name != "":
		d.open(registrant, e)
		return
	case at == noAttr && ro == noRole && e.value.empty() && d.blank && d.section != nameservers:
		d.section, d.blank, d.pending = noRole, false, noAttr
		return
	case at == noAttr && ro == noRole:
		if w := whole(e); d.dotted(w, p) || d.phrase(w, d.lower(w.value), p) {
			return
		}
		if c := d.text0(e); d.pending != noAttr && d.pending != aDomain && d.pending != aHost && !d.inline && c >= '0' && c <= '9' {
			d.text(whole(e), p)
		} else if d.section != noRole && !d.ended(e) && d.tagged(e) && !d.labelled && !e.value.empty() {
			d.content(whole(e), p)
		}
		return
	case at == aSelf && e.value.empty():
		d.open(ro, e)
		return
	case ro == noRole && at != noAttr && at <= aStatus && e.value.empty():
		d.later(e, at)
		return
	case d.objectStart(e):
		return
	}
	d.attribute(e, ro, at, p)
}

// text0 returns the first byte of a line.
func (d *domainReader) text0(e *entry) byte { return d.reader.text[e.name.from] }

// whole is the line as text, label and all.
func whole(e *entry) *entry {
	w := *e
	w.kind = rpsl.Text
	w.value = span{e.name.from, max(e.name.to, e.value.to)}
	if e.value.empty() {
		w.value.to++ // the colon
	}
	return &w
}

// tagged reports whether an attribute with an unknown label may be content.
func (d *domainReader) tagged(e *entry) bool { return e.tag == ':' && !e.name.empty() }

// tabbed splits "Domain name: example.fj<tab>Status: Active" into two lines.
func (d *domainReader) tabbed(e *entry, p *part) bool {
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
	if _, at := labelOf(string(canon(d.key[:0], d.lower(second.name)))); at == noAttr {
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

// later takes note of a label whose value is on the lines below.
func (d *domainReader) later(e *entry, at attr) {
	if !d.ended(e) && isContact(d.section) && contactOwns(d.lower(e.name)) {
		return
	}
	switch at {
	case aDomain:
		d.open(domainPart, e)
	case aHost:
		d.open(nameservers, e)
	default:
		d.open(noRole, e)
	}
	d.pending = at
}

// open starts a section at its title.
func (d *domainReader) open(ro role, e *entry) {
	d.section, d.indent, d.depth, d.values = ro, e.indent, -1, 0
	if isContact(ro) {
		d.titles++
	}
	d.blank, d.foreign, d.inline, d.pending = false, false, false, noAttr
	d.labelled, d.hidden = false, false
}

// typed reads a contact's title that is a value: "contact: administrative",
// "Contact Type: owner".
func (d *domainReader) typed(e *entry) bool {
	if low := d.lower(e.name); low != "contact" && low != "contact type" {
		return false
	}
	word := strings.TrimSpace(d.lower(e.value))
	ro := roleWord(word)
	if ro == noRole {
		return false
	}
	d.open(ro, e)
	d.values = 1
	return true
}

// ended reports whether a line is no more in the section: after a blank line
// (behind some content) it has to be deeper than the title.
func (d *domainReader) ended(e *entry) bool {
	if d.section == noRole {
		return true
	}
	if d.inline && (d.blank || d.section == nameservers && e.indent <= d.indent) {
		d.section = noRole
		return true
	}
	if d.values > 0 && (d.blank && e.indent <= d.indent || e.indent < d.indent || d.depth > d.indent && e.indent <= d.indent) {
		d.section, d.foreign = noRole, false
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
	if d.d.Name != "" && d.hasHandle(e) {
		d.section, d.foreign, d.blank, d.values = ignored, true, false, 1
		return true
	}
	switch d.lower(e.name) {
	case "organisation", "organization":
		if d.d.Name == "" || d.section != noRole && !d.foreign {
			return false
		}
		if v := d.in(e.value); !looksLikeHandle(v) { // IANA's object of a top-level domain
			d.open(registrant, e)
			d.values = 1
			d.contactField(e, registrant, aOrg)
			return true
		}
		d.section, d.foreign, d.blank, d.values = ignored, true, false, 1
		return true
	case "contact", "person", "role", "nic-hdl", "nic-hdl-br", "irt", "mntner", "keyset", "key":
		if d.d.Name == "" {
			return false
		}
		d.section, d.foreign, d.blank, d.values = ignored, true, false, 1
		return true
	case "nsset":
		d.section, d.foreign, d.blank, d.values = nameservers, true, false, 1
		return true
	case "domain", "domain name":
		d.section, d.foreign = noRole, false
	}
	return false
}

// hasHandle reports whether the object that starts at e describes a contact:
// it has a NIC handle of its own.
func (d *domainReader) hasHandle(e *entry) bool {
	for i := range d.ents {
		if d.ents[i].line < e.line {
			continue
		}
		if d.ents[i].kind == rpsl.Blank {
			return false
		}
		switch d.lower(d.ents[i].name) {
		case "nic-hdl", "nic-hdl-br":
			return true
		}
	}
	return false
}

// attribute reads a line with a known label.
func (d *domainReader) attribute(e *entry, ro role, at attr, p *part) {
	out := d.ended(e)
	if d.foreign && d.blank && e.indent == 0 {
		d.section, d.foreign, out = noRole, false, true
	}
	inContact := !out && (isContact(d.section) || d.section == ignored)
	if !out {
		d.values++
		if d.depth < 0 {
			d.depth = e.indent
		}
	}
	d.blank = false
	if ro == noRole && at < aName && at != noAttr {
		if inContact && d.inline && e.indent <= d.indent {
			d.section, inContact = noRole, false
		}
		if inContact && (d.foreign || contactOwns(d.lower(e.name))) {
			return
		}
		d.domainField(e, at, p)
		return
	}
	if at == aSelf {
		d.selfField(e, ro)
		return
	}
	if ro == noRole {
		if out && d.section == noRole {
			d.looseField(e, at)
			return
		}
		ro = d.section
		d.labelled = true
		if ro == nameservers && at == aName {
			d.host(e)
			return
		}
		if ro == domainPart {
			switch at {
			case aName:
				d.domainField(e, aDomain, p)
			case aOrg:
				d.contactField(e, registrant, aOrg)
			}
			return
		}
	}
	if isContact(ro) && !d.foreign {
		d.contactField(e, ro, at)
	}
}

// contactOwns reports whether a label that can be about the domain is about
// the contact when it stands inside one.
func contactOwns(low string) bool {
	switch low {
	case "created", "created on", "changed", "updated", "updated on", "modified", "last modified", "last update", "last updated",
		"registered", "status", "state":
		return true
	}
	return false
}

// looseField reads a contact's label outside of any section.
func (d *domainReader) looseField(e *entry, at attr) {
	if d.foreign {
		return
	}
	low := d.lower(e.name)
	switch {
	case at == aURL && strings.Contains(low, "url"):
		d.set(&d.contact(registrar).URL, "domain.registrar.url", e)
	case strings.HasPrefix(low, "contact "), strings.HasPrefix(low, "company "), strings.HasPrefix(low, "organisation "),
		strings.HasPrefix(low, "organization "), strings.HasPrefix(low, "department "):
		d.contactField(e, registrant, at)
	case d.titles > 0:
	case low == "name", low == "person", low == "org", low == "organization", low == "organisation", low == "org-name":
		d.contactField(e, registrant, at)
	}
}

// selfField reads a label that is a role and nothing else: "Registrant: X".
func (d *domainReader) selfField(e *entry, ro role) {
	switch {
	case ro == nameservers:
		d.open(ro, e)
		d.values = 1
		d.host(e)
	case isContact(ro):
		if d.foreign {
			return
		}
		d.open(ro, e)
		d.values, d.inline = 1, true
		if ro == registrar {
			d.registrarName(e)
			return
		}
		if ro == registrant && d.holderC(e) {
			return
		}
		if looksLikeHandle(d.in(e.value)) {
			d.contactField(e, ro, aHandle)
			return
		}
		d.nameSelf = ro == registrant && d.contact(ro).Name == "" || d.nameSelf
		d.contactField(e, ro, aName)
	}
}

// holderC reads "holder-c: X" and "owner-c: X": the handle of a contact that
// is described in an object of its own.
func (d *domainReader) holderC(e *entry) bool {
	if !strings.HasSuffix(d.lower(e.name), "-c") {
		return false
	}
	d.ownerC = e
	return true
}

func (d *domainReader) registrarName(e *entry) {
	d.set(&d.contact(registrar).Name, "domain.registrar.name", e)
}

// domainField reads a label about the domain itself.
func (d *domainReader) domainField(e *entry, at attr, p *part) {
	rec := d.rec
	switch at {
	case aDomain:
		d.name(e)
	case aUnicode:
		if !isASCII(d.in(e.value)) {
			d.set(&d.d.Unicode, "domain.unicode", e)
		}
	case aDomainID:
		d.set(&d.d.ID, "domain.id", e)
	case aCreated:
		d.date(&rec.Created, "created", e, firstDate)
	case aUpdated:
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
	case aExpires:
		d.date(&rec.Expires, "expires", e, firstDate)
	case aExpiresWeak:
		if date, ok := parseDate(d.in(e.value), d.lower(e.value), d.dates); ok && d.weak == "" {
			d.weak, d.weakLine = date, e.line
		}
	case aHost:
		d.host(e)
		d.goesOn(nameservers, at, e)
	case aStatus:
		if d.lower(e.name) == "state" {
			if d.state == nil {
				d.state = e
			}
			return
		}
		d.statusLine(e)
		d.goesOn(noRole, at, e)
	case aDNSSEC:
		d.set(&d.d.DNSSEC, "domain.dnssec", e)
	case aWhois:
		if f, ok := parseReferral(d.in(e.value)); ok && p.referral.host == "" {
			p.referral = f
		}
	}
}

// goesOn expects more values of a label on deeper lines below it.
func (d *domainReader) goesOn(ro role, at attr, e *entry) {
	if e.kind == rpsl.Attribute && d.section == noRole {
		d.open(ro, e)
		d.values, d.inline, d.pending = 1, true, at
	}
}

// name reads the domain name: the first one that the answer gives.
func (d *domainReader) name(e *entry) {
	low := strings.TrimSuffix(d.lower(e.value), ".")
	if i := strings.IndexAny(low, " \t"); i > 0 {
		low = low[:i]
	}
	low = strings.Trim(low, "\"'")
	if d.d.Name != "" || low == "" || strings.IndexByte(low, '@') >= 0 || strings.IndexByte(low, ':') >= 0 {
		return
	}
	low = strings.TrimLeft(low, ".")
	if strings.Trim(low, "-.") == "" || strings.IndexAny(low, "()[]{}<>/,;*=") >= 0 {
		return
	}
	if !isASCII(low) {
		if d.d.Unicode == "" {
			d.d.Unicode = low
			d.note("domain.unicode", 0, e.line)
		}
		return
	}
	d.d.Name = low
	d.note("domain.name", 0, e.line)
}

// host reads one or several nameservers.
func (d *domainReader) host(e *entry) {
	rest := e.value
	for !rest.empty() {
		from := rest.from
		for from < rest.to && strings.IndexByte(" \t,;", d.reader.text[from]) >= 0 {
			from++
		}
		to := from
		for to < rest.to && strings.IndexByte(" \t,;", d.reader.text[to]) < 0 {
			to++
		}
		d.hostWord(span{from, to}, e.line)
		rest.from = to
	}
}

func (d *domainReader) hostWord(s span, line int32) {
	low := d.low[s.from:s.to]
	if i := strings.IndexAny(low, "[(/"); i > 0 {
		low = low[:i]
	}
	low = strings.TrimRight(low, ".")
	if !isHost(low) || low == d.d.Name || low == "not.defined" || d.hostN == len(d.hosts) || slices.Contains(d.hosts[:d.hostN], low) {
		return
	}
	if _, ip := parseAddr(low); ip {
		return
	}
	if last := low[strings.LastIndexByte(low, '.')+1:]; last[0] >= '0' && last[0] <= '9' {
		return
	}
	d.note("domain.nameservers", d.hostN, line)
	d.hosts[d.hostN] = low
	d.hostN++
}

// statusLine reads one status.
func (d *domainReader) statusLine(e *entry) {
	text := d.in(e.value)
	if isNothing(d.lower(e.value)) {
		d.list(&d.rec.Empty, "domain.status")
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
		if date, ok := parseDate(v, v, d.dates); ok {
			d.rec.Expires = date
			d.note("expires", 0, e.line)
		}
	}
	switch statusClass(d.lower(e.value)) {
	case VerdictNotFound:
		d.free = true
	case VerdictReserved:
		d.reserved = true
	}
	s := parseStatus(text)
	if s == "" || d.statusN == len(d.status) || slices.Contains(d.status[:d.statusN], s) {
		return
	}
	d.note("domain.status", d.statusN, e.line)
	d.status[d.statusN] = s
	d.statusN++
}

// statusClass knows the statuses of names that nobody holds.
func statusClass(low string) Verdict {
	switch strings.Trim(low, " .!") {
	case "available", "free", "no object found", "not registered!", "nothing found", "not registered", "no match", "not found", "avail", "unassigned", "unregistered", "220 available",
		"available for registration", "does not exist", "nonexistent":
		return VerdictNotFound
	case "reserved", "blocked", "restricted", "forbidden", "prohibited", "not available for registration", "not allowed":
		return VerdictReserved
	}
	return VerdictUnknown
}

// text reads a line without a label.
func (d *domainReader) text(e *entry, p *part) {
	if d.dotted(e, p) {
		return
	}
	low := d.lower(e.value)
	if ro, at := d.label(e.value); at == aSelf && ro != noRole && (d.section == noRole || d.blank || e.indent <= d.indent) {
		d.open(ro, e)
		return
	}
	if d.phrase(e, low, p) {
		return
	}
	if at := d.pending; at != noAttr && at != aDomain && at != aHost && !d.blank && (!d.inline || e.indent > d.indent) {
		if at != aStatus {
			d.pending = noAttr
		}
		d.domainField(e, at, p)
		return
	}
	if !d.ended(e) {
		d.content(e, p)
	}
	d.blank = false
}

// content reads a line of a section by its place.
func (d *domainReader) content(e *entry, p *part) {
	d.values++
	if d.depth < 0 {
		d.depth = e.indent
	}
	d.blank = false
	if d.foreign {
		return
	}
	switch ro := d.section; {
	case ro == nameservers:
		d.host(e)
	case ro == domainPart:
		d.name(e)
	case ro == registrar:
		if d.values == 1 {
			d.registrarName(e)
		}
	case isContact(ro):
		d.place(e, ro)
	}
}

// place reads an unlabelled line of a contact.
func (d *domainReader) place(e *entry, ro role) {
	c := d.contact(ro)
	if d.columns(e, ro) {
		return
	}
	if d.hidden = d.hidden || isRedacted(d.lower(e.value)); d.hidden && c.Name == "" {
		d.list(&d.rec.Redacted, contactPath(ro, aName, "name"))
		return
	}
	v := d.in(e.value)
	if _, ok := d.email(e.value); ok {
		d.contactField(e, ro, aEmail)
		return
	}
	switch {
	case looksLikeHandle(v) && c.Name == "":
		d.contactField(e, ro, aHandle)
	case looksLikePhone(v):
		d.contactField(e, ro, aPhone)
	case c.Name == "" && c.Address == "":
		d.contactField(e, ro, aName)
	default:
		d.contactField(e, ro, aAddress)
	}
}

// columns reads "DNS Admin  (handle)  dns-admin@example.net".
func (d *domainReader) columns(e *entry, ro role) bool {
	v := d.in(e.value)
	gap := strings.LastIndexAny(v, " \t")
	if gap <= 0 {
		return false
	}
	mail := *e
	mail.value.from += int32(gap) + 1
	if _, ok := d.email(mail.value); !ok {
		return false
	}
	d.contactField(&mail, ro, aEmail)
	rest := *e
	rest.value = d.trim(span{e.value.from, e.value.from + int32(gap)})
	if text := d.in(rest.value); strings.HasSuffix(text, ")") {
		if i := strings.LastIndexByte(text, '('); i > 0 {
			handle := rest
			handle.value = span{rest.value.from + int32(i) + 1, rest.value.to - 1}
			d.contactField(&handle, ro, aHandle)
			rest.value = d.trim(span{rest.value.from, rest.value.from + int32(i)})
		}
	}
	if c := d.contact(ro); c.Name == "" {
		d.contactField(&rest, ro, aName)
	}
	return true
}

// looksLikeHandle is "GOO001748-MARKM": one word of capitals and digits with
// both digits and a hyphen.
func looksLikeHandle(s string) bool {
	digit, hyphen := false, false
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digit = true
		case c == '-':
			hyphen = true
		case c < 'A' || c > 'Z':
			return false
		}
	}
	return digit && hyphen && len(s) < 24
}

func looksLikePhone(s string) bool {
	if len(s) < 6 || s[0] != '+' {
		return false
	}
	digits := 0
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte(" .-()/x", c) < 0:
			return false
		}
	}
	return digits >= 5
}

// contactField stores one value of a contact.
func (d *domainReader) contactField(e *entry, ro role, at attr) {
	c := d.contact(ro)
	field := func(last string) string { return contactPath(ro, at, last) }
	switch at {
	case aName:
		if ro == registrar {
			if looksLikeHandle(c.Name) && c.Handle == "" { // "Registrar: FAJN-0002" and then its object
				c.Handle, c.Name = c.Name, ""
				d.rename("domain.registrar.name", "domain.registrar.handle")
			}
			d.registrarName(e)
			return
		}
		if ro == registrant && c.Name != "" && d.nameSelf && strings.Contains(d.lower(e.name), "contact") {
			// "Registrant: Company" and "Registrant Contact Name: Person"
			d.nameSelf = false
			if c.Organization == "" {
				c.Organization = c.Name
				d.rename("domain.registrant.name", "domain.registrant.organization")
			}
			c.Name = ""
			d.unnote("domain.registrant.name")
		}
		d.set(&c.Name, field("name"), e)
	case aOrg:
		d.set(&c.Organization, field("organization"), e)
	case aEmail:
		if m, ok := d.email(e.value); ok && c.Email == "" {
			c.Email = m
			d.note(field("email"), 0, e.line)
		} else if c.Email == "" {
			d.noEmail(e, field("email"))
		}
	case aPhone:
		d.set(&c.Phone, field("phone"), e)
	case aHandle:
		d.set(&c.Handle, field("handle"), e)
	case aCountry:
		d.set(&c.Country, field("country"), e)
	case aURL:
		d.set(&c.URL, field("url"), e)
	case aAddress:
		d.addLine(&c.Address, field("address"), e)
	}
}

// noEmail tells what stands in the place of an address.
func (d *domainReader) noEmail(e *entry, field string) {
	low := d.lower(e.value)
	switch {
	case isNothing(low):
		d.list(&d.rec.Empty, field)
	case isRedacted(low), strings.Contains(low, "visit "), strings.Contains(low, "contact the registr"), strings.Contains(low, "query the rdds"):
		d.list(&d.rec.Redacted, field)
	default:
		if m, ok := d.firstEmail(e.value); ok {
			c := d.contact(d.section)
			if isContact(d.section) && c.Email == "" {
				c.Email = m
				d.note(field, 0, e.line)
			}
			return
		}
		d.rec.Unparsed = append(d.rec.Unparsed, field+": "+d.in(e.value))
	}
}
