package whoislookup

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// dateOrder is how an answer writes a day with slashes, as far as its other
// dates tell: 03/04/2015 alone does not.
type dateOrder uint8

const (
	orderUnknown dateOrder = iota
	dayFirst
	monthFirst
)

// order tells whether days or months come first where dates have slashes, as
// far as one date of the answer shows it.
func (r *reader) order() dateOrder {
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind != rpsl.Attribute || e.value.to-e.value.from < 8 {
			continue
		}
		v := r.in(e.value)
		if v[2] != '/' || v[5] != '/' {
			continue
		}
		a, ok1 := parseUint(v[:2], 31)
		b, ok2 := parseUint(v[3:5], 31)
		switch {
		case !ok1 || !ok2:
		case a > 12:
			return dayFirst
		case b > 12:
			return monthFirst
		}
	}
	return r.usualOrder()
}

// usualOrder is what the zone's country writes: everybody but the United
// States puts the day first. The names of generic domains tell nothing.
func (r *reader) usualOrder() dateOrder {
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind != rpsl.Attribute || !strings.HasPrefix(r.lower(e.name), "domain") {
			continue
		}
		low := strings.TrimRight(r.lower(e.value), ". ")
		if ofCountry(low) {
			return dayFirst
		}
		if e.value.empty() || !strings.Contains(low, ".") {
			return dayFirst
		}
		break
	}
	return orderUnknown
}

// ofCountry reports whether a name is of a country that writes the day first.
func ofCountry(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	return dot >= 0 && len(name)-dot == 3 && name[dot:] != ".us"
}
