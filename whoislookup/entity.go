package whoislookup

import "strings"

// readEntity reads an answer about an organisation or a contact: what a
// handle gives, or what is left of a longer answer.
func (r *reader) readEntity(objects []object) bool {
	var org *object
	for i := range objects {
		o := &objects[i]
		named := r.rec.Holder.Name != ""
		switch o.class {
		case arinOrgObject:
			r.arinOrg(*o)
		case orgObject, contactObject:
			for _, label := range [...]string{"org-name", "role", "person", "irt"} {
				if e := r.attr(o, label); e != nil && r.set(&r.rec.Holder.Name, "holder.name", e) {
					r.rec.Holder.From = label
				}
			}
			for _, label := range [...]string{"organisation", "nic-hdl", "nic-hdl-br"} {
				if e := r.attr(o, label); e != nil {
					r.set(&r.rec.Holder.Handle, "holder.handle", e)
				}
			}
			from := "holder"
			if o.class == orgObject {
				from = "organisation"
				if org == nil {
					org = o
				}
			}
			r.country(r.attr(o, "country"), from)
		case otherObject: // a person or role of ARIN's
			h, name := r.attr(o, "handle"), r.attr(o, "name")
			if h == nil || name == nil || !strings.EqualFold(r.in(h.value), r.query.Text) || !r.set(&r.rec.Holder.Name, "holder.name", name) {
				continue
			}
			r.rec.Holder.From = r.in(name.name)
			r.set(&r.rec.Holder.Handle, "holder.handle", h)
			r.country(r.attr(o, "country"), "holder")
		}
		for j := o.from; j < o.to && !named && r.rec.Holder.Name != ""; j++ {
			switch e := &r.ents[j]; r.lower(e.name) {
			case "created", "regdate":
				r.date(&r.rec.Created, "created", e, firstDate)
			case "last-modified", "updated", "changed":
				r.date(&r.rec.Updated, "updated", e, lastDate)
			}
		}
	}
	if r.rec.Holder.Name == "" {
		return false
	}
	r.findAbuse(objects, -1, org, &links{})
	return true
}
