package whoislookup

import (
	"strings"
)

// mergeDomain fills what the registry does not say with what the registrar
// does. What both say stays as the registry has it.
func mergeDomain(into, from *Record) {
	a, b := into.Domain, from.Domain
	take := func(prefix string) {
		for _, s := range from.Sources {
			if strings.HasPrefix(s.Field, prefix) {
				into.Sources = append(into.Sources, s)
			}
		}
	}
	into.Redacted = append(into.Redacted, from.Redacted...)
	into.Empty = append(into.Empty, from.Empty...)
	if a.Registrant == (Contact{}) && b.Registrant != (Contact{}) {
		a.Registrant = b.Registrant
		take("domain.registrant.")
	}
	if into.Holder.Name == "" && from.Holder.Name != "" {
		into.Holder = from.Holder
		take("holder.")
	}
	if into.Country == "" && from.Country != "" {
		into.Country, into.CountryFrom = from.Country, from.CountryFrom
		take("country")
	}
	if len(into.Contacts) == 0 && len(from.Contacts) > 0 {
		into.Contacts = from.Contacts
		take("contacts.")
	}
	if a.Registrar == (Contact{}) && b.Registrar != (Contact{}) {
		a.Registrar = b.Registrar
		take("domain.registrar.")
	}
	if len(a.Nameservers) == 0 && len(b.Nameservers) > 0 {
		a.Nameservers = b.Nameservers
		take("domain.nameservers")
	}
	for _, d := range []struct {
		into *Date
		from Date
		name string
	}{{&into.Created, from.Created, "created"}, {&into.Updated, from.Updated, "updated"}, {&into.Expires, from.Expires, "expires"}} {
		if *d.into == "" && d.from != "" {
			*d.into = d.from
			take(d.name)
		}
	}
}
