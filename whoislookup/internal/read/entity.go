package read

import "strings"

// isEntityAnswer reports whether the answer is one object about no address, AS
// number or domain: somebody to write to, a maintainer, or a set of RFC 2622.
// No registry of domains starts so without naming one.
func (r *reader) isEntityAnswer(objects []object) bool {
	if len(objects) == 0 {
		return false
	}
	switch first := &r.ents[objects[0].from]; r.lower(first.name) {
	case "role", "person", "irt", "organisation", "mntner", "as-set", "route-set", "rtr-set", "filter-set", "peering-set", "key-cert", "inet-rtr", "pochandle":
	default:
		return false
	}
	for i := range objects {
		if r.attr(&objects[i], "domain") != nil || r.attr(&objects[i], "nserver") != nil {
			return false
		}
	}
	return true
}

// otherEntity reads a person or role of ARIN's, and the classes of RFC 2622
// that have no name of their own.
func (r *reader) otherEntity(o *object) {
	first := &r.ents[o.from]
	handle, names := first, [...]string{"descr", r.lower(first.name)}
	switch r.lower(first.name) {
	case "mntner", "as-set", "route-set", "rtr-set", "filter-set", "peering-set", "key-cert", "inet-rtr":
	case "pochandle":
		names = [...]string{"companyname", "lastname"}
	default:
		handle, names = r.attr(o, "handle"), [...]string{"name", "company"}
		if handle == nil || !strings.EqualFold(r.in(handle.value), r.query.Text) {
			return
		}
	}
	for _, label := range names {
		if e := r.attr(o, label); e != nil && r.set(&r.rec.Holder.Name, "holder.name", e) {
			r.rec.Holder.From = r.in(e.name)
			r.set(&r.rec.Holder.Handle, "holder.handle", handle)
			r.country(r.attr(o, "country"), "holder")
		}
	}
}

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
		case otherObject:
			r.otherEntity(o)
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
