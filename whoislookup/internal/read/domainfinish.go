package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/message"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// contactPath returns the name of a contact's field in JSON. Contacts other
// than the registrant and the registrar are renamed when their list is made.
func contactPath(ro labels.Role, at labels.Attr) string {
	if ro < labels.Registrant || ro > labels.Registrar || at < labels.Name || at > labels.URL {
		return ""
	}
	return contactPaths[ro-labels.Registrant][at-labels.Name]
}

// contactPaths holds the names by role and attribute, in the order of both
// enumerations, so that none has to be put together.
var contactPaths = [...][8]string{
	{
		"domain.registrant.name", "domain.registrant.organization", "domain.registrant.email", "domain.registrant.phone",
		"domain.registrant.handle", "domain.registrant.country", "domain.registrant.address", "domain.registrant.url",
	},
	{"admin.name", "admin.organization", "admin.email", "admin.phone", "admin.handle", "admin.country", "admin.address", "admin.url"},
	{"tech.name", "tech.organization", "tech.email", "tech.phone", "tech.handle", "tech.country", "tech.address", "tech.url"},
	{"billing.name", "billing.organization", "billing.email", "billing.phone", "billing.handle", "billing.country", "billing.address", "billing.url"},
	{
		"domain.registrar.name", "domain.registrar.organization", "domain.registrar.email", "domain.registrar.phone",
		"domain.registrar.handle", "domain.registrar.country", "domain.registrar.address", "domain.registrar.url",
	},
	{"contacts.name", "contacts.organization", "contacts.email", "contacts.phone", "contacts.handle", "contacts.country", "contacts.address", "contacts.url"},
}

// dotted reads "Nom de domaine#. . . . . example.dz": dots where others have a
// colon.
func (d *domainReader) dotted(e *entry, p *Part) bool {
	v := d.in(e.value)
	i := dots(v)
	if i <= 0 { // or two blanks: "Domain-name         example.sk"
		if i = twoBlanks(v); i <= 0 {
			if i = strings.IndexByte(v, '\t'); i <= 0 { // or a tab
				if i = strings.IndexByte(v, '='); i <= 0 || v[i-1] != ' ' {
					return d.sentence(e, v)
				}
			}
		}
	}
	end := i
	for end < len(v) && strings.IndexByte(". \t|=", v[end]) >= 0 {
		end++
	}
	split := *e
	split.kind, split.tag = rpsl.KindAttribute, ':'
	split.name = d.trim(span{e.value.from, e.value.from + int32(i)})
	for !split.name.empty() && strings.IndexByte("# .", d.reader.text[split.name.to-1]) >= 0 {
		split.name.to--
	}
	if j := twoBlanks(v[end:]); v[i] == ' ' && j > 0 && j < labels.Max { // "Domain  name    example.md"
		longer := d.trim(span{e.value.from, e.value.from + int32(end+j)})
		if _, at := labels.Of(labels.Canon(d.key[:0], d.lower(longer))); at != labels.None && at < labels.Name {
			for end += j; end < len(v) && v[end] == ' '; {
				end++
			}
			split.name = longer
		}
	}
	split.value = span{e.value.from + int32(end), e.value.to}
	if split.name.empty() {
		return false
	}
	if lex.IsHost(d.lower(split.name)) {
		return false
	}
	ro, at := d.label(split.name)
	leader := strings.ContainsAny(v[i:end], ".|=\t") && (v[i] != '\t' || e.indent == 0)
	if ro == labels.NoRole && (at == labels.None || at >= labels.Name && !leader) || at == labels.Self && !leader && (end-i < 4 || d.section != labels.NoRole || d.d.Name == "") {
		return false
	}
	d.line(&split, p)
	return true
}

// dots returns where the first "..." or ". . ." starts, or -1.
func dots(v string) int {
	first := strings.IndexByte(v, '.')
	if first < 0 {
		return -1
	}
	for i := first; i+2 < len(v); i++ {
		if v[i] == '.' && (v[i+1] == '.' && v[i+2] == '.' || strings.HasPrefix(v[i+1:], " . .")) {
			return i
		}
	}
	return -1
}

// twoBlanks returns where the first "  " starts, or -1. strings.Index is slow
// at it: it stops at every blank.
func twoBlanks(v string) int {
	for i := range len(v) - 1 {
		if v[i] == ' ' && v[i+1] == ' ' {
			return i
		}
	}
	return -1
}

// sentence reads "Domain EXAMPLE.KG (ACTIVE)".
func (d *domainReader) sentence(e *entry, v string) bool {
	low := d.lower(e.value)
	if d.d.Name != "" {
		return false
	}
	for _, start := range [...]string{"information about '", "informations about '"} {
		if name, ok := strings.CutPrefix(low, start); ok { // "Informations about 'example.pf' :"
			end := strings.IndexByte(name, '\'')
			if end < 0 || !lex.IsHost(name[:end]) {
				return false
			}
			n := *e
			n.value = span{e.value.from + int32(len(start)), e.value.from + int32(len(start)+end)}
			d.name(&n)
			return true
		}
	}
	rest, ok := strings.CutPrefix(low, "domain ")
	if !ok {
		return false
	}
	name, after, _ := strings.Cut(rest, " ")
	if name = strings.TrimRight(name, ".:"); !lex.IsHost(name) || strings.IndexByte(name, '.') < 0 || after != "" && after[0] != '(' {
		return false
	}
	n := *e
	n.value = span{e.value.from + 7, e.value.from + 7 + int32(len(name))}
	d.name(&n)
	if len(after) > 2 && after[len(after)-1] == ')' {
		n.value = span{n.value.to + 2, e.value.to - 1}
		d.statusLine(&n)
	}
	return true
}

// phrase reads a date in a sentence: "Record created on 22-Apr-2003".
func (d *domainReader) phrase(e *entry, low string, p *Part) bool {
	if e.indent == 0 && d.blank && strings.HasPrefix(low, "last updated on ") {
		return false // the registry's database, not the domain
	}
	head := low
	if len(low) > labels.Max && strings.IndexByte(low, '(') < 0 {
		head = low[:labels.Max] // what is longer is no label, but for what stands in brackets
	}
	for _, mark := range [...]string{" on ", " at ", " until "} {
		i := strings.Index(head, mark)
		if i <= 0 {
			continue
		}
		end := i + len(mark)
		_, at := labels.Of(labels.Canon(d.key[:0], low[:end]))
		if at == labels.None && mark == " at " { // "Record last updated at"
			_, at = labels.Of(labels.Canon(d.key[:0], low[:i]))
		}
		if at == labels.Created || at == labels.Updated || at == labels.Expires {
			if d.dateBehind(e, end, at, p) {
				return true
			}
		}
	}
	// "Record last updated 01-20-2011"
	if i := strings.IndexAny(head, "0123456789"); i > 1 && head[i-1] == ' ' && strings.HasPrefix(head, "record ") {
		if _, at := labels.Of(labels.Canon(d.key[:0], low[:i])); at == labels.Created || at == labels.Updated || at == labels.Expires {
			return d.dateBehind(e, i, at, p)
		}
	}
	return false
}

// dateBehind reads what stands from byte i of a line on, if that is a date.
func (d *domainReader) dateBehind(e *entry, i int, at labels.Attr, p *Part) bool {
	v := *e
	v.value = d.trim(span{e.value.from + int32(i), e.value.to})
	for !v.value.empty() && d.reader.text[v.value.to-1] == '.' {
		v.value.to--
	}
	if _, ok := d.readDate(d.in(v.value), d.lower(v.value)); !ok {
		return false
	}
	d.domainField(&v, at, p)
	return true
}

// finish decides what the answer was and puts the domain into the record.
func (d *domainReader) finish(into *answer.Domain) bool {
	rec := d.rec
	if d.statusN == 0 && d.state.line != 0 {
		d.statusLine(&d.state)
	}
	if rec.Expires == "" && d.weak != "" {
		rec.Expires = d.weak
		d.note("expires", 0, d.weakLine)
	}
	d.lists()
	d.resolve()
	if d.contact(labels.Registrar).Name == "" && d.provider.line != 0 {
		d.registrarName(&d.provider)
	}
	if c := d.contact(labels.Registrar); c.Handle == "" && c.Organization != "" && looksLikeTag(c.Name) {
		c.Handle, c.Name = c.Name, ""
		d.rename("domain.registrar.name", "domain.registrar.handle")
	}
	if c := d.contact(labels.Registrar); c.Name == "" && c.Organization != "" {
		c.Name = c.Organization
		d.copyNote("domain.registrar.organization", "domain.registrar.name")
	}
	if c := d.contact(labels.Registrar); c.Name == "" && looksLikeHandle(c.Handle) {
		c.Name = c.Handle // what the registry calls it, and all that it tells
		d.copyNote("domain.registrar.handle", "domain.registrar.name")
	}
	if c := d.contact(labels.Registrant); d.descr.line != 0 && c.Name == "" && c.Organization == "" {
		d.contactField(&d.descr, labels.Registrant, labels.Name)
	}
	if c := d.contact(labels.Registrant); strings.EqualFold(c.Organization, "not assigned") {
		d.free = true // IANA: a top-level domain that nobody has
		*c = answer.Contact{}
	}
	if c := d.contact(labels.Registrant); c.Name == "" && c.Organization != "" &&
		!slices.Contains(rec.Redacted, "domain.registrant.name") && !slices.Contains(rec.Empty, "domain.registrant.name") {
		c.Name = c.Organization
		d.copyNote("domain.registrant.organization", "domain.registrant.name")
	}
	d.d.Registrar = *d.contact(labels.Registrar)
	d.d.Registrant = *d.contact(labels.Registrant)
	strong, facts := d.proof()
	held := strong > 0 && facts > 1
	said := message.Nothing
	if !held || strings.Contains(d.low, "reduced") || strings.Contains(d.low, "limited information") {
		said = d.sense()
	}
	switch {
	case d.free && strong == 0:
		rec.Verdict = answer.VerdictNotFound
	case d.reserved && (!held || d.statusN == 1 && d.d.Registrant == (answer.Contact{})):
		rec.Verdict = answer.VerdictReserved
	case held, d.taken && d.d.Name != "":
		rec.Verdict = answer.VerdictFound
	case d.d.Name != "" || d.statusN > 0:
		if rec.Verdict = verdictOfSense(said); rec.Verdict == answer.VerdictUnknown || said == message.Reduced {
			return false // a name and nothing that only a registered one has
		}
	default:
		return false
	}
	if rec.Verdict == answer.VerdictFound && said == message.Reduced {
		rec.Undecided = append(rec.Undecided, Reduced)
	}
	rec.Domain = into
	*into = d.d
	if rec.Verdict != answer.VerdictFound {
		d.sources = slices.DeleteFunc(d.sources, func(s answer.Source) bool { // of contacts that are not told of what nobody has
			role, _, _ := strings.Cut(s.Field, ".")
			return role == "admin" || role == "tech" || role == "billing" || into.Registrant == (answer.Contact{}) && strings.HasPrefix(s.Field, "domain.registrant.")
		})
		return false
	}
	for ro := labels.Admin; ro <= labels.Billing; ro++ {
		if c := *d.contact(ro); c != (answer.Contact{}) {
			if rec.Contacts == nil {
				rec.Contacts = make([]answer.Contact, 0, 3)
			}
			c.Role = [...]string{labels.Admin: "admin", labels.Tech: "tech", labels.Billing: "billing"}[ro]
			d.moveNotes(ro, len(rec.Contacts))
			rec.Contacts = append(rec.Contacts, c)
		}
	}
	d.holder(into)
	return true
}

// Reduced is the gap of an answer that says that it was cut down.
var Reduced = opskit.Gap{What: "what the server left out", Why: "its answer is reduced, as it was asked too often", Need: "asking again later"}

// proof counts what the answer tells that only a name has which somebody holds: a
// date, hosts, a registrar, a holder, an ID; and with the name and other contacts,
// all that it tells of it. A date of change may be that of the database.
func (d *domainReader) proof() (strong, facts int) {
	others := len(d.rec.Redacted) > 0
	for ro := labels.Admin; ro <= labels.Billing; ro++ {
		others = others || *d.contact(ro) != (answer.Contact{})
	}
	for i, told := range [...]bool{
		d.rec.Created != "" || d.rec.Expires != "", d.hostN > 0, d.d.Registrar != (answer.Contact{}), d.d.Registrant != (answer.Contact{}), d.d.ID != "",
		d.d.Name != "" || d.d.Unicode != "", others,
	} {
		if told {
			facts++
			if i < 5 {
				strong++
			}
		}
	}
	return strong, facts
}

// lists puts nameservers and statuses into the record, with one allocation for
// as many as domains usually have.
func (d *domainReader) lists() {
	if d.hostN > 0 && d.statusN > 0 && d.hostN <= 4 && d.statusN <= 6 {
		both := &struct {
			hosts  [4]string
			status [6]answer.Status
		}{}
		d.d.Nameservers = append(both.hosts[:0], d.hosts[:d.hostN]...)
		d.d.Status = append(both.status[:0], d.status[:d.statusN]...)
		return
	}
	d.d.Nameservers = append([]string(nil), d.hosts[:d.hostN]...)
	d.d.Status = append([]answer.Status(nil), d.status[:d.statusN]...)
}

// holder says whose the domain is, from the registrant.
func (d *domainReader) holder(kept *answer.Domain) {
	rec, c := d.rec, &kept.Registrant
	from, name := "domain.registrant.organization", c.Organization
	if name == "" {
		from, name = "domain.registrant.name", c.Name
	}
	if name == "" {
		return
	}
	rec.Holder.Name, rec.Holder.From = name, "registrant"
	d.copyNote(from, "holder.name")
	if c.Handle != "" {
		rec.Holder.Handle = c.Handle
		d.copyNote("domain.registrant.handle", "holder.handle")
	}
	if c.Country != "" {
		rec.Country, rec.CountryFrom = c.Country, "holder"
		d.copyNote("domain.registrant.country", "country")
	}
}

func (d *domainReader) copyNote(from, to string) {
	for _, s := range d.sources {
		if s.Field == from && s.Index == 0 {
			d.note(to, 0, int32(s.Line))
			return
		}
	}
}

// moveNotes names the sources of a contact by its place in Record.Contacts.
func (d *domainReader) moveNotes(ro labels.Role, index int) {
	from, to := &contactPaths[ro-labels.Registrant], &contactPaths[len(contactPaths)-1]
	prefix := strings.TrimSuffix(from[0], "name")
	for i := range d.sources {
		s := &d.sources[i]
		if !strings.HasPrefix(s.Field, prefix) {
			continue
		}
		for j := range from {
			if s.Field == from[j] {
				s.Field, s.Index = to[j], index
				break
			}
		}
	}
}

// resolve replaces a registrant that is a handle by the contact object of that
// name, as in RPSL and FRED answers. An owner of its own ("owner: X", "owner-c:
// HANDLE") stays the organisation; the object tells the person.
func (d *domainReader) resolve() {
	c := d.contact(labels.Registrant)
	handle := c.Name
	if handle == "" {
		handle = c.Handle
	}
	if handle == "" && looksLikeHandle(c.Organization) { // "org: ORG-EX1"
		handle = c.Organization
	}
	if d.ownerC.line != 0 {
		handle = d.in(d.ownerC.value)
	}
	if handle == "" || strings.ContainsAny(handle, " \t@") {
		return
	}
	from, to := d.contactObject(handle)
	if from < 0 {
		return
	}
	if d.ownerC.line == 0 {
		if c.Name != "" {
			c.Name = ""
			d.rename("domain.registrant.name", "domain.registrant.handle")
		}
	} else {
		d.note("domain.registrant.handle", 0, d.ownerC.line)
		if c.Name != "" && c.Organization == "" {
			c.Organization, c.Name = c.Name, ""
			d.rename("domain.registrant.name", "domain.registrant.organization")
		}
	}
	if c.Organization == handle {
		c.Organization = ""
		d.rename("domain.registrant.organization", "domain.registrant.handle")
	}
	c.Handle = handle
	company := false
	for i := from; i < to; i++ {
		e := &d.ents[i]
		low := d.lower(e.name)
		if low == "type" {
			company = d.lower(e.value) == "organization"
		}
		at := labels.OfContact(labels.Canon(d.key[:0], low))
		if at == labels.None || at == labels.Handle || strings.EqualFold(d.in(e.value), handle) {
			continue
		}
		if company && at == labels.Name && c.Organization == "" {
			d.contactField(e, labels.Registrant, labels.Org)
		}
		d.contactField(e, labels.Registrant, at)
	}
}

// rename gives a source another field.
func (d *domainReader) rename(from, to string) {
	for i := range d.sources {
		if d.sources[i].Field == from {
			d.sources[i].Field = to
		}
	}
}

// contactObject returns the entries of the contact object with that handle.
func (d *domainReader) contactObject(handle string) (from, to int) {
	start, match := -1, false
	for i := 0; i <= len(d.ents); i++ {
		if i == len(d.ents) || d.ents[i].kind == rpsl.KindBlank {
			if match {
				return start, i
			}
			start, match = -1, false
			continue
		}
		e := &d.ents[i]
		if e.kind != rpsl.KindAttribute {
			continue
		}
		label := d.lower(e.name)
		if start < 0 {
			start = i
		}
		switch label {
		case "nic-hdl", "nic-hdl-br", "handle", "contact-id":
			match = match || strings.EqualFold(d.in(e.value), handle)
		case "contact", "person", "contactid", "norid handle", "personid", "organisation", "organization":
			match = match || start == i && strings.EqualFold(d.in(e.value), handle)
		}
	}
	return -1, -1
}
