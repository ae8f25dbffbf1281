package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// chooseAS returns the index of the narrowest AS object that holds the query,
// or of the narrowest one if there was no query; -1 if none. Registries give
// the block that a number lies in as well.
func (r *reader) chooseAS(objects []object) int {
	best, width, bestASCII := -1, uint32(0), false
	for i, o := range objects {
		if o.class != asObject {
			continue
		}
		from, to, e := r.numberRange(o)
		if e == nil || r.query.Kind == answer.KindASN && (r.query.ASN < from || r.query.ASN > to) {
			continue
		}
		ascii := lex.IsASCII(r.in(e.name)) // KRNIC says everything twice
		if best < 0 || to-from < width || to-from == width && ascii && !bestASCII {
			best, width, bestASCII = i, to-from, ascii
		}
	}
	return best
}

// blockOnly reports whether a question about one AS number found nothing but the
// as-block that it lies in.
func (r *reader) blockOnly(objects []object) bool {
	i := r.chooseAS(objects)
	if r.query.Kind != answer.KindASN || i < 0 || r.rec.AS == nil {
		return false
	}
	_, _, at := r.numberRange(objects[i])
	return r.lower(at.name) == "as-block"
}

// numberRange returns the AS numbers that an object is about, and its entry.
func (r *reader) numberRange(o object) (from, to uint32, at *entry) {
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		if e.kind != rpsl.KindAttribute || e.indent > 0 || classOf(r.lower(e.name)) != asObject {
			continue
		}
		first, last, two := strings.Cut(r.in(e.value), "-")
		a, ok := lex.ASN(strings.TrimSpace(first))
		b := a
		if two && ok {
			b, ok = lex.ASN(strings.TrimSpace(last))
		}
		if ok && a <= b {
			return a, b, e
		}
	}
	return 0, 0, nil
}

func (r *reader) readAS(objects []object, index int) {
	o := objects[index]
	from, to, at := r.numberRange(o)
	as := &answer.AS{From: from, To: to}
	r.rec.AS = as
	r.note("as.from", 0, at.line)
	r.note("as.to", 0, at.line)
	var l links
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		label := r.lower(e.name)
		if e.kind != rpsl.KindAttribute || e.indent > 0 {
			continue
		}
		switch label {
		case "aut-num", "as-block", "asnumber", "as number", "autonomous system number", "as번호", "as番号":
		case "as-name", "asname", "as name", "as이름", "as名":
			r.set(&as.Name, "as.name", e)
		case "ashandle":
			r.set(&as.Handle, "as.handle", e)
		case "status":
			r.set(&as.Status, "as.status", e)
		case "inetnum", "inet6num":
			if got, ok := answer.ParseRange(r.in(e.value)); ok && len(as.Prefixes) < maxList {
				list := slices.Collect(got.Prefixes())
				for i := range list {
					r.note("as.prefixes", len(as.Prefixes)+i, e.line)
				}
				as.Prefixes = append(as.Prefixes, list...)
			}
		default:
			r.numbersField(label, e, &l)
		}
	}
	r.ianaRest(objects, index)
	r.finishNumbers(objects, index, &l)
}
