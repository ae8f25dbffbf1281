package read

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/labels"

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
