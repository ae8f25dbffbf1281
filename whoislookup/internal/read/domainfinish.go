package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/message"
)

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
	d.nameRegistrar()
	d.nameRegistrant()
	d.d.Registrar = *d.contact(labels.Registrar)
	d.d.Registrant = *d.contact(labels.Registrant)
	if !d.judge() {
		return false
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
	d.others()
	d.holder(into)
	return true
}

// nameRegistrar takes for a registrar's name what the answer has of it.
func (d *domainReader) nameRegistrar() {
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
}

// nameRegistrant does so for the registrant.
func (d *domainReader) nameRegistrant() {
	rec := d.rec
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
}

// judge decides whether somebody has the name; false if nothing shows it.
func (d *domainReader) judge() bool {
	rec := d.rec
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
	return true
}

// others puts the other contacts into the record.
func (d *domainReader) others() {
	rec := d.rec
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
