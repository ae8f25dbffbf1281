package read

import (
	"slices"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

// readRoutes reads an answer of a routing registry, which knows who may
// announce addresses but not whose they are.
func (r *reader) readRoutes(objects []object) bool {
	n := &answer.Network{}
	for _, o := range objects {
		if o.class != routeObject {
			continue
		}
		from := len(n.Routes)
		r.readRoute(n, o)
		for _, route := range n.Routes[from:] {
			got := answer.RangeOf(route.Prefix)
			if !r.wanted(got) {
				continue
			}
			line := r.sources[len(r.sources)-1].Line
			if !n.Range.IsValid() || got.Smaller(n.Range) {
				r.unnote("network.range")
				r.note("network.range", 0, int32(line))
				n.Range, n.Prefixes = got, slices.Collect(got.Prefixes())
			}
		}
	}
	if !n.Range.IsValid() {
		return false
	}
	r.rec.Network = n
	r.rec.Undecided = append(r.rec.Undecided, opskit.Gap{What: "the holder", Why: "a routing registry tells who may announce addresses, not whose they are", Need: "the registry of the addresses"})
	return true
}

func (r *reader) readRoute(n *answer.Network, o object) {
	var route answer.Route
	line := int32(0)
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		switch r.lower(e.name) {
		case "route", "route6":
			if got, ok := answer.ParseRange(r.in(e.value)); ok {
				route.Prefix = slices.Collect(got.Prefixes())[0]
				line = e.line
			}
		case "origin":
			route.Origin, _ = lex.ASN(r.in(e.value))
		}
	}
	if len(n.Routes) < maxList && line > 0 && route.Origin != 0 && route.Prefix.IsValid() && !slices.Contains(n.Routes, route) {
		r.note("network.routes", len(n.Routes), line)
		n.Routes = append(n.Routes, route)
	}
}
