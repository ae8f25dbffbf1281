package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// finishNumbers follows the handles of the chosen object: whose it is, in
// which country, and where to complain.
func (r *reader) finishNumbers(objects []object, index int, l *links) {
	rec := r.rec
	descrOnly := rec.Holder.Name == ""
	for i := index + 1; i < len(objects) && objects[i].class != networkObject && objects[i].class != asObject; i++ {
		if objects[i].class == arinOrgObject {
			r.arinOrg(objects[i])
		}
	}
	if rec.Holder.Name == "" && firstNetwork(objects) == index && index > 0 && objects[index-1].class == arinOrgObject {
		r.arinOrg(objects[index-1]) // as ARIN wrote it until 2011
	}
	if rec.Holder.Name == "" {
		r.orgBehind(objects, index)
		r.rwhoisHolder(objects, l)
		r.nameAbove(objects, index)
	}
	org := r.find(objects, orgObject, l.org, "organisation")
	if org != nil && descrOnly {
		if e := r.attr(org, "org-name"); e != nil && r.set(&rec.Holder.Name, "holder.name", e) {
			rec.Holder.From = "org-name"
		}
	}
	if org != nil {
		r.country(r.attr(org, "country"), "organisation")
	}
	if rec.Holder.Name == "" && l.descr.line != 0 && r.set(&rec.Holder.Name, "holder.name", &l.descr) {
		rec.Holder.From = "descr"
	}
	r.findAbuse(objects, index, org, l)
}

// orgBehind reads the block about the organisation that Korea's and Taiwan's
// registries may put behind the network or the AS number.
func (r *reader) orgBehind(objects []object, index int) {
	for i := index + 1; i < len(objects) && objects[i].class == otherObject; i++ {
		for _, label := range [...]string{"org name", "organization name", "organization", "기관명"} {
			e := r.attr(&objects[i], label)
			if e == nil {
				continue
			}
			r.holderName(e)
			if id := r.attr(&objects[i], "organization id"); id != nil {
				r.set(&r.rec.Holder.Handle, "holder.handle", id)
			}
			r.country(r.attr(&objects[i], "country code"), "organisation")
			return
		}
	}
}

// nameAbove reads the postal address that Taiwan's registry puts above the
// network, without labels: the name first and the country last.
func (r *reader) nameAbove(objects []object, index int) {
	if index == 0 || index != firstNetwork(objects) || r.attr(&objects[index], "netblock") == nil {
		return
	}
	o := objects[index-1]
	for i := o.from; i < o.to; i++ {
		if k := r.ents[i].kind; k != rpsl.KindText && k != rpsl.KindComment {
			return
		}
	}
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		switch {
		case e.kind == rpsl.KindComment:
		case r.rec.Holder.Name == "":
			if r.set(&r.rec.Holder.Name, "holder.name", e) {
				r.rec.Holder.From = "address"
			}
		case i == o.to-1 && len(r.in(e.value)) == 2:
			r.country(e, "holder")
		default:
			r.addLine(&r.rec.Holder.Address, "holder.address", e)
		}
	}
}

// firstNetwork returns the index of the first network or AS object, or -1.
func firstNetwork(objects []object) int {
	return slices.IndexFunc(objects, func(o object) bool { return o.class == networkObject || o.class == asObject })
}

// arinOrg reads the OrgName or CustName block behind an ARIN network. It wins
// over the "Organization:" line of the network, which is the same shortened.
func (r *reader) arinOrg(o object) {
	rec := r.rec
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		switch r.lower(e.name) {
		case "orgname", "custname":
			if rec.Holder.From == "Organization" || rec.Holder.From == "Customer" {
				rec.Holder.Name = ""
				r.unnote("holder.name")
			}
			if r.set(&rec.Holder.Name, "holder.name", e) {
				rec.Holder.From = r.in(e.name)
			}
		case "address", "city", "stateprov", "postalcode":
			r.addLine(&rec.Holder.Address, "holder.address", e)
		case "orgid", "custid":
			r.set(&rec.Holder.Handle, "holder.handle", e)
		case "country":
			r.country(e, "organisation")
		}
	}
}

// country reads a country without the comment that may follow it (RFC 2622
// section 2). nil is none.
func (r *reader) country(e *entry, from string) {
	if e == nil {
		return
	}
	v := *e
	if i := strings.Index(r.in(v.value), " #"); i > 0 {
		v.value.to = v.value.from + int32(i)
		for v.value.to > v.value.from && r.text[v.value.to-1] == ' ' {
			v.value.to--
		}
	}
	if r.set(&r.rec.Country, "country", &v) {
		r.rec.CountryFrom = from
	}
}

// unnote forgets where a value stood that is about to be replaced.
func (r *reader) unnote(field string) {
	for i := range r.sources {
		if r.sources[i].Field == field {
			r.sources = append(r.sources[:i], r.sources[i+1:]...)
			return
		}
	}
}

// find returns the object of a class whose attribute label has that handle.
func (r *reader) find(objects []object, class objectClass, handle string, labels ...string) *object {
	if handle == "" {
		return nil
	}
	for i := range objects {
		if objects[i].class != class {
			continue
		}
		for _, label := range labels {
			if e := r.attr(&objects[i], label); e != nil && strings.EqualFold(r.in(e.value), handle) {
				return &objects[i]
			}
		}
	}
	return nil
}

// attr returns the first attribute of an object with that label.
func (r *reader) attr(o *object, label string) *entry {
	for i := o.from; i < o.to; i++ {
		if e := &r.ents[i]; e.kind == rpsl.KindAttribute && e.indent == 0 && r.lower(e.name) == label {
			return e
		}
	}
	return nil
}

// findAbuse takes the best source of an abuse contact that the answer has. A
// registry that says that there is none is believed: free text is then no
// contact either.
func (r *reader) findAbuse(objects []object, index int, org *object, l *links) {
	var about answer.Range
	if r.rec.Network != nil {
		about = r.rec.Network.Range
	}
	if len(r.rec.Abuse) > 0 || r.abuseComment(about) || r.abuseHandle(objects, l.abuse) {
		return
	}
	if org != nil {
		if e := r.attr(org, "abuse-mailbox"); e != nil && r.abuse(e, "", "abuse-mailbox") {
			return
		}
		if e := r.attr(org, "abuse-c"); e != nil && r.abuseHandle(objects, r.in(e.value)) {
			return
		}
	}
	if irt := r.find(objects, contactObject, l.irt, "irt"); irt != nil {
		for _, label := range [...]string{"abuse-mailbox", "e-mail"} {
			if e := r.attr(irt, label); e != nil && r.abuse(e, l.irt, "irt") {
				return
			}
		}
	}
	if !r.deniesAbuse() && r.widerComment() {
		return
	}
	for i := range objects {
		if objects[i].class == contactObject {
			if e := r.attr(&objects[i], "abuse-mailbox"); e != nil {
				r.abuse(e, "", "abuse-mailbox")
			}
		}
	}
	if len(r.rec.Abuse) > 0 || r.arinAbuse(objects, index) {
		return
	}
	if r.deniesAbuse() {
		return
	}
	if l.remark.line != 0 {
		r.abuseRemark(&l.remark)
		return
	}
	for i := range objects {
		if objects[i].class == contactObject && r.remarkIn(&objects[i]) {
			return
		}
	}
	r.abuseAround(objects, index)
}

// isAbuseRemark reports whether a line of free text names an abuse contact.
func (r *reader) isAbuseRemark(e *entry) bool {
	low := r.lower(e.value)
	if !strings.Contains(low, "abuse") && !strings.Contains(low, "spam") {
		return false
	}
	_, ok := r.firstEmail(e.value)
	return ok
}

func (r *reader) abuseRemark(e *entry) {
	if m, ok := r.firstEmail(e.value); ok {
		r.addAbuse(answer.Contact{Role: "abuse", Email: m, From: "remarks"}, e.line)
	}
}

// remarkIn takes the first remark of an object that names an abuse contact,
// but for one that may say where not to write.
func (r *reader) remarkIn(o *object) bool {
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		if label := r.lower(e.name); label != "remarks" && label != "comment" || !r.isAbuseRemark(e) {
			continue
		}
		if low := r.lower(e.value); !strings.Contains(low, "not ") && !strings.Contains(low, "n't ") {
			r.abuseRemark(e)
			return true
		}
	}
	return false
}

// abuseAround takes the abuse contact of another network of the answer around
// the chosen one, the narrowest that has one: who was given a part of it need
// not.
func (r *reader) abuseAround(objects []object, index int) {
	if r.rec.Network == nil || index < 0 {
		return
	}
	type network struct {
		at    int
		about answer.Range
	}
	var around []network
	for i, o := range objects {
		if o.class != networkObject || i == index {
			continue
		}
		if got, e := r.networkRange(o); e != nil && got.Covers(r.rec.Network.Range) {
			around = append(around, network{i, got})
		}
	}
	slices.SortStableFunc(around, func(a, b network) int {
		switch {
		case a.about.Smaller(b.about):
			return -1
		case b.about.Smaller(a.about):
			return 1
		}
		return 0
	})
	for _, n := range around {
		r.krnicContact(objects, n.at)
		if len(r.rec.Abuse) > 0 || r.arinAbuse(objects, n.at) {
			return
		}
		if e := r.attr(&objects[n.at], "abuse-c"); e != nil && r.abuseHandle(objects, r.in(e.value)) || r.remarkIn(&objects[n.at]) {
			return
		}
	}
}

// abuseComment reads the line that the RIPE database software puts on top:
// "% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'". Of
// several networks, that of about counts.
func (r *reader) abuseComment(about answer.Range) bool {
	found := false
	for i := range r.ents {
		e := &r.ents[i]
		got, is, ok := r.aboutAbuse(e)
		if !ok || got.IsValid() && about.IsValid() && got != about {
			continue
		}
		for from := is.from; from < is.to; {
			to := from
			for to < is.to && r.text[to] != ',' && r.text[to] != '\'' && r.text[to] != ' ' {
				to++
			}
			if m, ok := r.email(span{from, to}); ok {
				r.addAbuse(answer.Contact{Role: "abuse", Email: m, From: "comment"}, e.line)
				found = true
			}
			from = to + 1
		}
	}
	return found
}

// widerComment reads the comment about the narrowest network around the one
// that was chosen.
func (r *reader) widerComment() bool {
	if r.rec.Network == nil {
		return false
	}
	var around answer.Range
	for i := range r.ents {
		got, _, ok := r.aboutAbuse(&r.ents[i])
		if ok && got.Covers(r.rec.Network.Range) && (!around.IsValid() || got.Smaller(around)) {
			around = got
		}
	}
	return around.IsValid() && r.abuseComment(around)
}

// aboutAbuse takes a comment about an abuse contact apart: the network that it
// is about, if it is about one, and what stands behind "is".
func (r *reader) aboutAbuse(e *entry) (about answer.Range, is span, ok bool) {
	if e.kind != rpsl.KindComment || !strings.HasPrefix(strings.TrimLeft(r.lower(e.value), "% "), "abuse contact for '") {
		return answer.Range{}, span{}, false
	}
	text := r.in(e.value)
	at := strings.LastIndex(text, " is '")
	if at < 0 {
		return answer.Range{}, span{}, false
	}
	_, what, _ := strings.Cut(text, "'")
	what, _, _ = strings.Cut(what, "'")
	about, _ = answer.ParseRange(what)
	return about, span{e.value.from + int32(at+len(" is '")), e.value.to}, true
}

// deniesAbuse reports whether the registry says that no contact is registered.
func (r *reader) deniesAbuse() bool {
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.KindComment && strings.Contains(r.lower(e.value), "no abuse contact registered") {
			return true
		}
	}
	return false
}

// abuseHandle adds the addresses of the contact with that handle.
func (r *reader) abuseHandle(objects []object, handle string) bool {
	o := r.find(objects, contactObject, handle, "nic-hdl", "nic-hdl-br")
	if o == nil {
		o = r.rwhoisContact(objects, handle)
	}
	if o == nil {
		return false
	}
	for _, label := range [...]string{"abuse-mailbox", "e-mail", "poc-email", "email"} {
		if e := r.attr(o, label); e != nil && r.abuse(e, handle, "abuse-c") {
			c := &r.rec.Abuse[len(r.rec.Abuse)-1]
			for i := o.from; i < o.to; i++ {
				if a := &r.ents[i]; r.lower(a.name) == "address" {
					r.addLine(&c.Address, "abuse.address", a)
				}
			}
			return true
		}
	}
	return false
}

// arinAbuse reads the abuse contacts of the network, and behind them those of
// its organisation.
func (r *reader) arinAbuse(objects []object, index int) bool {
	for _, label := range [...]string{"rabuseemail", "orgabuseemail"} {
		for i := index + 1; i < len(objects) && objects[i].class != networkObject && objects[i].class != asObject; i++ {
			for j := objects[i].from; j < objects[i].to; j++ {
				if e := &r.ents[j]; r.lower(e.name) == label {
					r.abuse(e, "", r.in(e.name))
				}
			}
		}
	}
	return len(r.rec.Abuse) > 0
}

// krnicContact reads KRNIC's "[ Network Abuse Contact Information ]" block.
func (r *reader) krnicContact(objects []object, index int) {
	inside := false
	for i := objects[index].to; i < len(r.ents); i++ {
		e := &r.ents[i]
		label := r.lower(e.name)
		switch {
		case e.tag == ']' && e.value.empty():
			inside = strings.Contains(label, "abuse")
		case r.classOf(e) == networkObject:
			return
		case inside && (label == "e-mail" || label == "전자우편"):
			r.abuse(e, "", "abuse contact information")
			return
		}
	}
}

// abuse adds the address in e; false if there is none.
func (r *reader) abuse(e *entry, handle, from string) bool {
	m, ok := r.email(e.value)
	if ok {
		r.addAbuse(answer.Contact{Role: "abuse", Handle: handle, Email: m, From: from}, e.line)
	}
	return ok
}

func (r *reader) addAbuse(c answer.Contact, line int32) {
	if len(r.rec.Abuse) == maxList {
		return
	}
	for i := range r.rec.Abuse {
		if strings.EqualFold(r.rec.Abuse[i].Email, c.Email) {
			return
		}
	}
	r.note("abuse.email", len(r.rec.Abuse), line)
	r.rec.Abuse = append(r.rec.Abuse, c)
}
