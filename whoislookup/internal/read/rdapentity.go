package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
)

// card is what is taken from a jCard (RFC 7095). The nodes keep the lines.
type card struct {
	name, org, email, phone, url, country *node
	emails                                []*node
	address                               []string
	adr                                   *node
	isOrg                                 bool
}

// card reads the card of an entity as far as it is well formed; broken
// properties are passed over, as half an answer is better than none.
func (r *rdapReader) card(entity *node) card {
	n := entity.get("vcardArray")
	empty := &node{}
	c := card{name: empty, org: empty, email: empty, phone: empty, url: empty, country: empty, adr: empty}
	if n.kind != '[' {
		for _, key := range [...]string{"jscard", "jscontact_card"} {
			c.jscard(entity.get(key))
		}
		return c
	}
	props := n.items()
	if len(props) >= 2 && strings.EqualFold(props[0].str(), "vcard") {
		props = props[1].items()
	}
	for _, p := range props {
		if p.kind != '[' || len(p.values) < 4 {
			continue
		}
		value := &p.values[3]
		all := value.list()
		for i := range p.values[4:] { // RFC 7095 section 3.3.1.3: several values
			all = append(slices.Clip(all), p.values[4+i].list()...)
		}
		if value.kind == '[' && len(value.values) > 0 && !strings.EqualFold(p.values[0].str(), "adr") {
			value = &value.values[0]
		}
		keep := func(dst **node) { firstOf(dst, value) }
		switch strings.ToLower(p.values[0].str()) {
		case "fn":
			keep(&c.name)
		case "org":
			keep(&c.org)
		case "email":
			keep(&c.email)
			for i := range all {
				c.emails = append(c.emails, &all[i])
			}
			if hasType(p.values[1].get("type"), "abuse") { // RIPE's mark, among other addresses
				n := len(c.emails) - len(all)
				c.emails = append(slices.Clone(c.emails[n:]), c.emails[:n]...)
			}
		case "contact-uri": // RFC 8605
			if mail, ok := strings.CutPrefix(value.str(), "mailto:"); ok && c.email.str() == "" {
				v := *value
				v.text = mail
				c.email = &v
				c.emails = append(c.emails, &v)
			}
		case "kind":
			c.isOrg = strings.EqualFold(value.str(), "org")
		case "tel":
			if t := p.values[1].get("type"); !hasType(t, "fax") {
				keep(&c.phone)
			}
		case "url":
			keep(&c.url)
		case "adr":
			c.postal(&p)
		}
	}
	return c
}

// hasType reports whether a type parameter, a string or an array, names t.
func hasType(n *node, t string) bool {
	if n.kind == '[' {
		return slices.ContainsFunc(n.values, func(v node) bool { return strings.EqualFold(v.str(), t) })
	}
	return strings.EqualFold(n.str(), t)
}

// postal reads an address, structured or as a label.
func (c *card) postal(p *node) {
	if c.adr.kind != 0 {
		return
	}
	if label := p.values[1].get("label"); label.str() != "" {
		c.adr = label
		for line := range strings.SplitSeq(label.str(), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				c.address = append(c.address, line)
			}
		}
	}
	labelled := c.adr.kind != 0
	if len(c.address) > 1 { // the last line, where servers give a label only
		if named := countryNamed(c.adr, c.address[len(c.address)-1]); named != nil {
			c.country = named
		}
	}
	for i := range p.values[3].items() {
		part := &p.values[3].values[i]
		lines := part.list()
		for j := range lines {
			v := &lines[j]
			s := strings.TrimSpace(v.str())
			if i == 6 && len(s) == 2 {
				c.country = v
				continue
			}
			if i == 6 {
				if named := countryNamed(v, s); named != nil {
					c.country = named
				}
			}
			if s != "" && !labelled {
				if c.adr.kind == 0 {
					c.adr = v
				}
				c.address = append(c.address, s)
			}
		}
	}
	if cc := p.values[1].get("cc"); len(cc.str()) == 2 { // RFC 8605 section 3.1
		c.country = cc
	}
}

// entities reads the entities of an object, and those within them: registries
// put the abuse contact anywhere.
func (r *rdapReader) entities(obj *node, depth int) {
	list := obj.get("entities").list()
	owner := -1
	if depth == 0 {
		owner = r.owner(list)
	}
	for i := range list {
		e := &list[i]
		c := r.card(e)
		for _, role := range e.get("roles").list() {
			switch strings.ToLower(role.str()) {
			case "abuse":
				r.abuse(e, &c)
			case "registrant":
				if i == owner {
					r.registrant(e, &c)
				}
			case "registrar":
				if depth == 0 && r.rec.Domain != nil {
					d := &r.rec.Domain.Registrar
					r.contact(d, "domain.registrar", e, &c)
					r.set(&d.Name, "domain.registrar.name", c.org)
					for _, id := range e.get("publicIds").list() {
						if strings.Contains(strings.ToLower(id.get("type").str()), "iana") {
							d.Handle = ""
							r.forget("domain.registrar.handle")
							r.set(&d.Handle, "domain.registrar.handle", id.get("identifier"))
						}
					}
				}
			case "administrative", "technical", "billing", "noc":
				if depth == 0 {
					r.other(map[string]string{"administrative": "admin", "technical": "tech"}, role.str(), e, &c)
				}
			}
		}
		r.entities(e, depth+1)
	}
}

// owner returns the index of the entity that is the registrant, or -1. RIPE and
// APNIC give maintainers that role too, which are keys and nobody; where only one of those is there,
// the description says more.
func (r *rdapReader) owner(list []node) int {
	best, nameless, isOrg := -1, false, false
	for i := range list {
		e := &list[i]
		if !slices.ContainsFunc(e.get("roles").list(), func(v node) bool { return strings.EqualFold(v.str(), "registrant") }) {
			continue
		}
		c := r.card(e)
		handle := strings.ToUpper(e.get("handle").str())
		if r.rec.Domain == nil && (strings.HasSuffix(handle, "-MNT") || strings.HasPrefix(handle, "MNT-") || strings.HasPrefix(handle, "MAINT-")) && !c.isOrg {
			continue
		}
		empty := c.name.str() == "" && c.org.str() == ""
		if best < 0 || r.rec.Domain == nil && (nameless || c.isOrg && !isOrg && !empty) {
			best, nameless, isOrg = i, empty, c.isOrg
		}
	}
	return best
}

func (r *rdapReader) forget(field string) {
	r.rec.Sources = slices.DeleteFunc(r.rec.Sources, func(s answer.Source) bool { return s.Field == field })
}

// contact fills one contact.
func (r *rdapReader) contact(to *answer.Contact, path string, e *node, c *card) {
	r.set(&to.Handle, path+".handle", e.get("handle"))
	r.set(&to.Name, path+".name", c.name)
	r.set(&to.Organization, path+".organization", c.org)
	if m, ok := rdapEmail(c.email); ok && to.Email == "" {
		to.Email = m
		r.note(path+".email", 0, c.email)
	}
	if v := strings.TrimPrefix(c.phone.str(), "tel:"); v != "" && to.Phone == "" {
		to.Phone = v
		r.note(path+".phone", 0, c.phone)
	}
	r.set(&to.Country, path+".country", c.country)
	if len(c.address) > 0 && to.Address == "" {
		to.Address = strings.Join(c.address, "\n")
		r.note(path+".address", 0, c.adr)
	}
	for _, l := range e.get("links").items() {
		if l.get("rel").str() == "about" {
			r.set(&to.URL, path+".url", l.get("href"))
		}
	}
	r.set(&to.URL, path+".url", c.url)
}

// rdapEmail checks an address the way WHOIS values are checked.
func rdapEmail(n *node) (string, bool) {
	var r reader
	r.text, r.low = bothCases([]byte(strings.TrimSpace(n.str())))
	all := span{0, int32(len(r.text))}
	if m, ok := r.email(all); ok {
		return m, true
	}
	return r.firstEmail(all) // "Abuse desk <abuse@example.net>"
}

// registrant is whose it is.
func (r *rdapReader) registrant(e *node, c *card) {
	rec := r.rec
	if d := rec.Domain; d != nil {
		r.contact(&d.Registrant, "domain.registrant", e, c)
	}
	name := c.name
	if c.org.str() != "" && (rec.Domain != nil || strings.TrimSpace(name.str()) == "") {
		name = c.org
	}
	if r.set(&rec.Holder.Name, "holder.name", name) {
		rec.Holder.From = "rdap"
		r.set(&rec.Holder.Handle, "holder.handle", e.get("handle"))
		if len(c.address) > 0 {
			rec.Holder.Address = strings.Join(c.address, "\n")
			r.note("holder.address", 0, c.adr)
		}
	}
	if r.set(&rec.Country, "country", c.country) {
		rec.CountryFrom = "holder"
	}
}

func (r *rdapReader) abuse(e *node, c *card) {
	for _, n := range c.emails {
		m, ok := rdapEmail(n)
		if !ok || slices.ContainsFunc(r.rec.Abuse, func(a answer.Contact) bool { return strings.EqualFold(a.Email, m) }) {
			continue
		}
		r.note("abuse.email", len(r.rec.Abuse), n)
		r.rec.Abuse = append(r.rec.Abuse, answer.Contact{Role: "abuse", Handle: e.get("handle").str(), Email: m, From: "rdap"})
	}
}

// other adds one of the remaining contacts.
func (r *rdapReader) other(short map[string]string, role string, e *node, c *card) {
	role = strings.ToLower(role)
	if s, ok := short[role]; ok {
		role = s
	}
	var one answer.Contact
	mark := len(r.rec.Sources)
	r.contact(&one, "contacts.#", e, c)
	if one == (answer.Contact{}) {
		return
	}
	one.Role = role
	for i := mark; i < len(r.rec.Sources); i++ {
		s := &r.rec.Sources[i]
		s.Field = strings.Replace(s.Field, ".#", "", 1)
		s.Index = len(r.rec.Contacts)
	}
	r.rec.Contacts = append(r.rec.Contacts, one)
}
