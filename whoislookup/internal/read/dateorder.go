package read

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// dateOrder is how an answer writes a day with slashes or hyphens, as far as its
// other dates tell: 03/04/2015 alone does not.
type dateOrder uint8

const (
	orderUnknown dateOrder = iota
	dayFirst
	monthFirst
)

// order tells whether days or months come first where dates have slashes or
// hyphens, as far as one date of the answer shows it.
func (r *reader) order() dateOrder {
	for i := range r.ents {
		e := &r.ents[i]
		v := r.in(e.value)
		if e.kind == rpsl.KindText && len(v) < labels.Max && strings.HasPrefix(r.lower(e.value), "record ") { // "Record expires on 01-20-2013"
			v = v[max(0, strings.IndexAny(v, "0123456789")):]
		} else if e.kind != rpsl.KindAttribute {
			continue
		}
		if len(v) < 8 || v[2] != '/' && v[2] != '-' || v[5] != v[2] {
			continue
		}
		a, ok1 := lex.Uint(v[:2], 31)
		b, ok2 := lex.Uint(v[3:5], 31)
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
		if e.kind != rpsl.KindAttribute || !strings.HasPrefix(r.lower(e.name), "domain") {
			continue
		}
		low := strings.TrimRight(r.lower(e.value), ". ")
		if order := orderOf(low); order != orderUnknown {
			return order
		}
		if e.value.empty() || !strings.Contains(low, ".") {
			return dayFirst
		}
		break
	}
	return orderUnknown
}

// orderOf tells what the registry of a name's country writes first; the names of
// generic domains tell nothing.
func orderOf(name string) dateOrder {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || len(name)-dot != 3 {
		return orderUnknown
	}
	switch servers.DateOrder(name[dot+1:]) {
	case "month_first":
		return monthFirst
	case "day_first":
		return dayFirst
	}
	return orderUnknown
}
