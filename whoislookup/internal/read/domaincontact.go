package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

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
func (d *domainReader) looseField(e *entry, at labels.Attr) {
	if d.foreign {
		return
	}
	low := d.lower(e.name)
	if number, rest, ok := strings.Cut(low, " "); ok && number != "" && number[0] >= '0' && number[0] <= '9' {
		low = strings.TrimLeft(rest, " ") // "2a.  Department Name"
	}
	switch {
	case at == labels.URL && strings.Contains(low, "url"):
		d.set(&d.contact(labels.Registrar).URL, "domain.registrar.url", e)
	case strings.HasPrefix(low, "contact ") && (d.itself || strings.EqualFold(d.in(e.value), d.contact(labels.Registrar).Name)):
		d.itself = true // the registrar, which is not the holder therefore
	case strings.HasPrefix(low, "contact "), strings.HasPrefix(low, "company "), strings.HasPrefix(low, "organisation "),
		strings.HasPrefix(low, "organization "), strings.HasPrefix(low, "department "):
		d.contactField(e, labels.Registrant, at)
	case d.titles > 0:
	case (at == labels.Phone || at == labels.Email) && *d.contact(labels.Admin) == (answer.Contact{}) && *d.contact(labels.Tech) == (answer.Contact{}) && (d.descr.line > 0 || d.contact(labels.Registrant).Name != "" || d.contact(labels.Registrant).Organization != "" || slices.Contains(d.rec.Redacted, "domain.registrant.name")):
		n := *e
		for !n.value.empty() && strings.IndexByte(": \t", d.reader.text[n.value.from]) >= 0 { // "Telephone: : +1.5550000"
			n.value.from++
		}
		d.contactField(&n, labels.Registrant, at)
	case low == "name" && d.d.Name == "" && strings.Contains(d.in(e.value), ".") && lex.IsHost(d.lower(e.value)):
		d.name(e)
	case low == "name", low == "person", low == "org", low == "org-name", at == labels.Org && strings.HasPrefix(low, "organi"):
		d.contactField(e, labels.Registrant, at)
	}
}

// selfField reads a label that is a role and nothing else: "Registrant: X".
func (d *domainReader) selfField(e *entry, ro labels.Role) {
	switch {
	case ro == labels.Ignored && strings.HasPrefix(d.lower(e.name), "registered through"):
		d.provider = *e
	case ro == labels.Nameservers:
		d.open(ro, e)
		d.values = 1
		d.host(e)
	case labels.IsContact(ro):
		if d.foreign {
			return
		}
		d.open(ro, e)
		d.values, d.inline = 1, true
		if ro == labels.Registrar && strings.HasPrefix(d.lower(e.name), "registration service") {
			d.provider = *e
			return
		}
		if ro == labels.Registrar {
			d.registrarName(e)
			return
		}
		if ro == labels.Registrant && d.holderC(e) {
			return
		}
		if v := d.in(e.value); looksLikeHandle(v) || looksLikeNumber(v) || d.keyed(e) {
			d.contactField(e, ro, labels.Handle)
			return
		}
		if c := d.contact(ro); ro == labels.Registrant && c.Name != "" && c.Organization == "" {
			d.contactField(e, ro, labels.Org) // "Registrant Contact Name: Person" and "Registrant: Company"
			return
		}
		d.nameSelf = ro == labels.Registrant && d.contact(ro).Name == "" || d.nameSelf
		d.contactField(e, ro, labels.Name)
	}
}

// keyed reports whether a label has a handle for its value, whatever it looks like:
// "tech-c:" of RPSL, and "holder:" where IIS writes "state:" above it (.se, .nu).
func (d *domainReader) keyed(e *entry) bool {
	label := d.lower(e.name)
	return strings.HasSuffix(label, "-c") || label == "holder" && d.state.line != 0 && !strings.Contains(d.in(e.value), " ")
}

// holderC reads "holder-c: X" and "owner-c: X": the handle of a contact that
// is described in an object of its own.
func (d *domainReader) holderC(e *entry) bool {
	if !strings.HasSuffix(d.lower(e.name), "-c") {
		return false
	}
	d.ownerC = *e
	return true
}

func (d *domainReader) registrarName(e *entry) {
	if looksLikePhone(d.in(e.value)) { // "Contact: +1.5550000"
		d.set(&d.contact(labels.Registrar).Phone, "domain.registrar.phone", e)
		return
	}
	n := *e
	if v := d.lower(e.value); strings.HasSuffix(v, ")") { // "Example(http://www.example.net)"
		if i := strings.LastIndex(v, "(http"); i > 0 && v[i-1] != ' ' {
			n.value.to = n.value.from + int32(i)
		}
	}
	if v := d.lower(e.value); strings.HasSuffix(v, "]") {
		for _, mark := range [...]string{" [ id = ", " id ["} { // "Example [ ID = EX ]", "Example ID [EX]"
			if i := strings.Index(v, mark); i > 0 {
				n.value.to = e.value.from + int32(i)
				id := *e
				id.value = d.trim(span{n.value.to + int32(len(mark)), e.value.to - 1})
				d.set(&d.contact(labels.Registrar).Handle, "domain.registrar.handle", &id)
			}
		}
	}
	d.set(&d.contact(labels.Registrar).Name, "domain.registrar.name", &n)
}

// place reads an unlabelled line of a contact.
func (d *domainReader) place(e *entry, ro labels.Role) {
	c := d.contact(ro)
	if d.columns(e, ro) {
		return
	}
	if d.hidden = d.hidden || isRedacted(d.lower(e.value)); d.hidden && c.Name == "" {
		d.list(&d.rec.Redacted, contactPath(ro, labels.Name))
		return
	}
	if _, at := d.title(e.value); at >= labels.Name && at <= labels.Address {
		return // a label whose value is on the next line, or is none
	}
	v := d.in(e.value)
	if _, ok := d.email(e.value); ok {
		d.contactField(e, ro, labels.Email)
		return
	}
	if d.telephone(e, ro) {
		return
	}
	if strings.HasPrefix(v, "(") { // "(Tel) 03-0000", "(Fax) 03-0001"
		if tag, _, ok := strings.Cut(d.lower(e.value), ")"); ok && (tag == "(tel" || tag == "(phone" || tag == "(fax") {
			n := *e
			n.value = d.trim(span{e.value.from + int32(len(tag)) + 1, e.value.to})
			if tag != "(fax" {
				d.contactField(&n, ro, labels.Phone)
			}
			return
		}
	}
	switch {
	case looksLikeHandle(v) && c.Name == "":
		d.contactField(e, ro, labels.Handle)
	case looksLikePhone(v):
		d.contactField(e, ro, labels.Phone)
	case strings.HasPrefix(v, "+") && d.phoneAndFax(e, ro):
	case d.company:
		d.company = false
		d.contactField(e, ro, labels.Org)
	case c.Name == "" && c.Address == "" && c.Organization == "" && !d.labelled:
		d.contactField(e, ro, labels.Name)
	default:
		d.contactField(e, ro, labels.Address)
	}
}

// telephone reads "Tel. +91.0000000", and passes over "Fax. +91.0000001".
func (d *domainReader) telephone(e *entry, ro labels.Role) bool {
	low := d.lower(e.value)
	for _, tag := range [...]string{"tel. ", "tel ", "phone. ", "phone ", "ph. ", "fax. ", "fax "} {
		if !strings.HasPrefix(low, tag) {
			continue
		}
		n := *e
		n.value = d.trim(span{e.value.from + int32(len(tag)), e.value.to})
		if !looksLikePhone(d.in(n.value)) {
			return false
		}
		if tag[0] != 'f' {
			d.contactField(&n, ro, labels.Phone)
		}
		return true
	}
	return false
}

// phoneAndFax reads "+1.5550000000 (FAX) +1.5550000001".
func (d *domainReader) phoneAndFax(e *entry, ro labels.Role) bool {
	before, _, ok := strings.Cut(d.lower(e.value), "fax")
	if before = strings.TrimRight(before, " ([-"); !ok || !looksLikePhone(before) {
		return false
	}
	n := *e
	n.value.to = n.value.from + int32(len(before))
	d.contactField(&n, ro, labels.Phone)
	return true
}

// columns reads "DNS Admin  (handle)  dns-admin@example.net" and "DNS Admin
// (dns-admin@example.net)". Where a line with another name comes first, that is
// the organisation.
func (d *domainReader) columns(e *entry, ro labels.Role) bool {
	v := d.in(e.value)
	gap := strings.LastIndexAny(v, " \t")
	if gap <= 0 {
		return false
	}
	if looksLikePhone(v[gap+1:]) && strings.IndexByte(v, '@') > 0 { // and a telephone number behind them
		number, rest := *e, *e
		number.value.from += int32(gap) + 1
		rest.value = d.trim(span{e.value.from, e.value.from + int32(gap)})
		if !d.columns(&rest, ro) {
			return false
		}
		d.contactField(&number, ro, labels.Phone)
		return true
	}
	mail := *e
	mail.value.from += int32(gap) + 1
	if !mail.value.empty() && v[gap+1] == '(' && v[len(v)-1] == ')' {
		mail.value.from++
		mail.value.to--
	}
	if _, ok := d.email(mail.value); !ok {
		return false
	}
	d.contactField(&mail, ro, labels.Email)
	rest := *e
	rest.value = d.trim(span{e.value.from, e.value.from + int32(gap)})
	if text := d.in(rest.value); strings.HasSuffix(text, ")") {
		if i := strings.LastIndexByte(text, '('); i > 0 {
			handle := rest
			handle.value = span{rest.value.from + int32(i) + 1, rest.value.to - 1}
			d.contactField(&handle, ro, labels.Handle)
			rest.value = d.trim(span{rest.value.from, rest.value.from + int32(i)})
		}
	}
	c := d.contact(ro)
	if c.Name != "" && c.Organization == "" && c.Address == "" && d.values == 2 && !rest.value.empty() {
		c.Organization, c.Name = c.Name, ""
		d.rename(contactPath(ro, labels.Name), contactPath(ro, labels.Org))
	}
	if c.Name == "" {
		d.contactField(&rest, ro, labels.Name)
	}
	return true
}

// looksLikeHandle is "GOO001748-MARKM": one word of capitals and digits with
// both digits and a hyphen, or "zedzed0000-00001", as .se and .nu write it.
func looksLikeHandle(s string) bool {
	if i := strings.LastIndexByte(s, '-'); i >= 6 && len(s)-i > 4 && len(s) < 24 && strings.Trim(s[i+1:], "0123456789") == "" &&
		strings.Trim(s[:i], "abcdefghijklmnopqrstuvwxyz0123456789") == "" && strings.ContainsAny(s[:i], "0123456789") {
		return true
	}
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

// looksLikeTag is "EXAMPLE-REG": what a registry calls a registrar, one word of
// capitals and digits with a hyphen.
func looksLikeTag(s string) bool {
	return strings.Contains(s, "-") && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// looksLikeNumber is "G123456": a letter or two and a number behind it.
func looksLikeNumber(s string) bool {
	letters := 0
	for letters < len(s) && s[letters] >= 'A' && s[letters] <= 'Z' {
		letters++
	}
	if letters == 0 || letters > 3 || len(s)-letters < 5 || len(s) > 16 {
		return false
	}
	return strings.Trim(s[letters:], "0123456789") == ""
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
func (d *domainReader) contactField(e *entry, ro labels.Role, at labels.Attr) {
	c := d.contact(ro)
	field := contactPath(ro, at)
	switch at {
	case labels.Name:
		if ro == labels.Registrar {
			if looksLikeHandle(c.Name) && c.Handle == "" { // "Registrar: FAJN-0002" and then its object
				c.Handle, c.Name = c.Name, ""
				d.rename("domain.registrar.name", "domain.registrar.handle")
			}
			d.registrarName(e)
			return
		}
		if ro == labels.Registrant && c.Name != "" && d.nameSelf && strings.Contains(d.lower(e.name), "contact") {
			// "Registrant: Company" and "Registrant Contact Name: Person"
			d.nameSelf = false
			if c.Organization == "" {
				c.Organization = c.Name
				d.rename("domain.registrant.name", "domain.registrant.organization")
			}
			c.Name = ""
			d.unnote("domain.registrant.name")
		}
		if ro == labels.Registrant && c.Name != "" && c.Name == c.Organization && d.lower(e.name) == "person" {
			c.Name = ""
			d.unnote("domain.registrant.name")
		}
		d.set(&c.Name, field, e)
	case labels.Org:
		d.set(&c.Organization, field, e)
	case labels.Email:
		if m, ok := d.email(e.value); ok && c.Email == "" {
			c.Email = m
			d.note(field, 0, e.line)
		} else if c.Email == "" {
			d.noEmail(e, ro, field)
		}
	case labels.Phone:
		n := *e
		for strings.HasSuffix(d.in(n.value), " -") { // "+86.1000000 - ", without the extension
			n.value = d.trim(span{n.value.from, n.value.to - 2})
		}
		d.set(&c.Phone, field, &n)
	case labels.Handle:
		d.set(&c.Handle, field, e)
	case labels.Country:
		d.set(&c.Country, field, e)
	case labels.URL:
		d.set(&c.URL, field, e)
	case labels.Address:
		d.addLine(&c.Address, field, e)
	}
}

// noEmail tells what stands in the place of an address.
func (d *domainReader) noEmail(e *entry, ro labels.Role, field string) {
	low := d.lower(e.value)
	switch {
	case isNothing(low):
		d.list(&d.rec.Empty, field)
	case isRedacted(low), strings.Contains(low, "visit "), strings.Contains(low, "http"), strings.Contains(low, "contact the registr"), strings.Contains(low, "query the rdds"):
		d.list(&d.rec.Redacted, field)
	default:
		if m, ok := d.firstEmail(e.value); ok {
			d.contact(ro).Email = m
			d.note(field, 0, e.line)
			return
		}
		d.rec.Unparsed = append(d.rec.Unparsed, field+": "+d.in(e.value))
	}
}
