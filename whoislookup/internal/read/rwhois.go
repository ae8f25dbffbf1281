package read

import "strings"

// rwhoisContact returns the contact of RFC 2167 with that ID.
func (r *reader) rwhoisContact(objects []object, id string) *object {
	if id == "" {
		return nil
	}
	for i := range objects {
		if e := r.attr(&objects[i], "id"); e != nil && objects[i].class != networkObject && strings.EqualFold(r.in(e.value), id) {
			return &objects[i]
		}
	}
	return nil
}

// rwhoisHolder reads the contact that an RWhois network names for its holder.
func (r *reader) rwhoisHolder(objects []object, l *links) {
	o := r.rwhoisContact(objects, l.orgContact)
	if o == nil {
		return
	}
	for _, label := range [...]string{"organization", "org-name", "poc-name", "name"} {
		if e := r.attr(o, label); e != nil && r.set(&r.rec.Holder.Name, "holder.name", e) {
			r.rec.Holder.From = "org-contact"
			r.set(&r.rec.Holder.Handle, "holder.handle", r.attr(o, "id"))
		}
	}
	for _, label := range [...]string{"country-code", "country"} {
		r.country(r.attr(o, label), "holder")
	}
}

// rwhoisStamp shortens "20150506123456789", RFC 2167's time with milliseconds.
func (r *reader) rwhoisStamp(e *entry) *entry {
	if text := r.in(e.value); len(text) == 17 && strings.Trim(text, "0123456789") == "" {
		e.value.to -= 3
	}
	return e
}
