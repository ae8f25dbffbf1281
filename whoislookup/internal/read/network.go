package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// object is a run of entries between blank lines.
type object struct {
	class    objectClass
	from, to int // indexes into reader.ents
}

type objectClass uint8

// maxList bounds what a server can make a record grow to: more than any
// network has of nameservers, routes or origins.
const maxList = 256

const (
	otherObject objectClass = iota
	networkObject
	asObject
	routeObject
	orgObject     // RPSL organisation, by handle
	arinOrgObject // OrgName or CustName: belongs to the network before it
	contactObject // nic-hdl or irt
	arinContactObject
)

// classOf is classOf of an entry's label, but for "IP Address", which is that of
// one machine nearly everywhere and of a network where KRNIC wrote a range.
func (r *reader) classOf(e *entry) objectClass {
	label := r.lower(e.name)
	if label == "ip address" && strings.IndexByte(r.in(e.value), '-') > 0 {
		if _, ok := answer.ParseRange(r.in(e.value)); ok {
			return networkObject
		}
	}
	return classOf(label)
}

// classOf tells an object by the first label that decides.
func classOf(label string) objectClass {
	switch label {
	case "inetnum", "inet6num", "netrange", "network number", "ip-network", "ip-network-block", "netblock",
		"ipv4 address", "ipv6 address", "ipv4주소", "ipv6주소", "ipネットワークアドレス":
		return networkObject
	case "aut-num", "as-block", "asnumber", "as number", "autonomous system number", "as번호", "as番号":
		return asObject
	case "route", "route6":
		return routeObject
	case "organisation":
		return orgObject
	case "orgname", "custname":
		return arinOrgObject
	case "orgabusehandle", "rabusehandle", "orgtechhandle", "orgnochandle", "rtechhandle", "rnochandle",
		"orgdnshandle", "orgroutinghandle":
		return arinContactObject
	case "role", "person", "irt", "nic-hdl", "nic-hdl-br":
		return contactObject
	}
	return otherObject
}

// objects groups the entries by blank lines.
func (r *reader) objects(out []object) []object {
	r.dedent()
	open := false
	for i := range r.ents {
		e := &r.ents[i]
		switch e.kind {
		case rpsl.KindBlank:
			open = false
			continue
		case rpsl.KindComment:
			continue
		}
		if !open {
			out = append(out, object{from: i})
			open = true
		}
		o := &out[len(out)-1]
		o.to = i + 1
		if o.class == otherObject && e.indent == 0 {
			o.class = r.classOf(e)
		}
	}
	return out
}

// dedent takes away the indentation that all labels of a network answer have
// in common, as Taiwan's registry writes it.
func (r *reader) dedent() {
	least, network := int16(0), false
	for i := range r.ents {
		if e := &r.ents[i]; e.kind == rpsl.KindAttribute {
			if e.indent == 0 {
				return
			}
			if least == 0 || e.indent < least {
				least = e.indent
			}
			network = network || e.indent == least && classOf(r.lower(e.name)) == networkObject
		}
	}
	if !network {
		return
	}
	for i := range r.ents {
		r.ents[i].indent = max(0, r.ents[i].indent-least)
	}
}

// isRegistryAnswer reports whether the answer is about numbers, not names.
func isRegistryAnswer(objects []object) bool {
	for i := range objects {
		switch objects[i].class {
		case networkObject, asObject, routeObject, arinOrgObject:
			return true
		}
	}
	return false
}

// readNumbers fills the record from an answer about addresses or AS numbers.
// It returns false if there is no such object.
func (r *reader) readNumbers(objects []object) bool {
	if i := r.chooseNetwork(objects); i >= 0 {
		r.readNetwork(objects, i)
		return true
	}
	if i := r.chooseAS(objects); i >= 0 {
		r.readAS(objects, i)
		return true
	}
	if r.query.Kind == answer.KindIP && slices.ContainsFunc(objects, func(o object) bool { return o.class == networkObject }) {
		return false // of another network, or a part of what was asked for: so is the holder
	}
	return r.query.Kind != answer.KindASN && (r.readRoutes(objects) || r.readEntity(objects))
}

// networkRange returns the range that an object is about, and its entry.
func (r *reader) networkRange(o object) (answer.Range, *entry) {
	var found answer.Range
	var at *entry
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		if e.kind != rpsl.KindAttribute || r.classOf(e) != networkObject {
			continue
		}
		if got, ok := answer.ParseRange(r.in(e.value)); ok && (at == nil || got.Smaller(found)) {
			found, at = got, e
		}
	}
	return found, at
}

// chooseNetwork returns the index of the most specific network that holds the
// query, or of the most specific one if there was no query; -1 if none. Of two
// with the same range the one with ASCII labels wins: KRNIC says everything
// twice.
func (r *reader) chooseNetwork(objects []object) int {
	best, bestRange, bestASCII := -1, answer.Range{}, false
	for i, o := range objects {
		if o.class != networkObject {
			continue
		}
		got, e := r.networkRange(o)
		if e == nil || !r.wanted(got) {
			continue
		}
		ascii := lex.IsASCII(r.in(e.name))
		if best < 0 || got.Smaller(bestRange) || got == bestRange && ascii && !bestASCII {
			best, bestRange, bestASCII = i, got, ascii
		}
	}
	return best
}

// wanted reports whether a network is an answer to the query: a smaller one
// has a part of what was asked for only.
func (r *reader) wanted(got answer.Range) bool {
	if r.query.Kind != answer.KindIP {
		return true
	}
	return got.Covers(answer.RangeOf(r.query.Prefix))
}

// links are the handles by which an object names others.
type links struct {
	org, abuse, irt string
	orgContact      string
	descr, remark   entry
}

func (r *reader) readNetwork(objects []object, index int) {
	o := objects[index]
	got, at := r.networkRange(o)
	n := &answer.Network{Range: got, Prefixes: slices.Collect(got.Prefixes())}
	r.rec.Network = n
	r.note("network.range", 0, at.line)

	var l links
	last := ""
	for i := o.from; i < o.to; i++ {
		e := &r.ents[i]
		if e.kind == rpsl.KindComment {
			continue
		}
		label := r.lower(e.name)
		if e.indent > 0 || label == "" {
			continue
		}
		r.networkField(n, label, last, e, &l)
		last = label
	}
	r.krnicContact(objects, index)
	r.ianaRest(objects, index)
	r.finishNumbers(objects, index, &l)
	r.lessSpecific(objects, index, n)
	for _, o := range objects {
		if o.class == routeObject {
			r.readRoute(n, o)
		}
	}
}

// ianaRest reads what IANA puts behind a blank line: "changed: 1993-05".
func (r *reader) ianaRest(objects []object, index int) {
	for i := index + 1; i < len(objects) && objects[i].class == otherObject; i++ {
		if e := r.attr(&objects[i], "source"); e == nil || r.lower(e.value) != "iana" {
			continue
		}
		for j := objects[i].from; j < objects[i].to; j++ {
			e := &r.ents[j]
			r.numbersField(r.lower(e.name), e, &links{})
		}
	}
}

func (r *reader) networkField(n *answer.Network, label, last string, e *entry, l *links) {
	switch label {
	case "netname", "network name", "network-name", "ネットワーク名":
		r.set(&n.Name, "network.name", e)
	case "service name", "서비스명":
		r.set(&n.Name, "network.name", e)
	case "nethandle", "v6nethandle", "id":
		r.set(&n.Handle, "network.handle", e)
	case "status", "nettype", "network type", "네트워크 구분":
		r.set(&n.Status, "network.status", e)
	case "inetnum-up", "inet6num-up", "parent":
		if p, ok := answer.ParseRange(r.in(e.value)); ok {
			n.Parent = p
			r.note("network.parent", 0, e.line)
		} else if r.in(e.value) != "()" { // ARIN, of a block that has no parent
			r.set(&n.ParentHandle, "network.parent_handle", e)
		}
	case "originas", "origin", "aut-num", "origin-as":
		r.origins(n, e)
	case "nserver", "nameserver", "name server", "ネームサーバ":
		r.nameserver(&n.Nameservers, "network.nameservers", e)
	default:
		r.numbersField(label, e, l)
	}
}

// numbersField reads what networks and AS numbers have in common.
func (r *reader) numbersField(label string, e *entry, l *links) {
	rec := r.rec
	switch label {
	case "owner", "organization", "customer", "organization name", "org name", "org-name", "organisation", "custname",
		"orgname", "기관명", "組織名":
		r.holderName(e)
	case "ownerid", "orgid", "org-id", "custid":
		if r.set(&rec.Holder.Handle, "holder.handle", e) && l.org == "" {
			l.org = rec.Holder.Handle
		}
	case "org":
		if r.set(&rec.Holder.Handle, "holder.handle", e) {
			l.org = rec.Holder.Handle
		}
	case "address":
		r.addLine(&rec.Holder.Address, "holder.address", e)
	case "country", "country-code", "country code":
		if rec.Network != nil {
			r.country(e, "network")
		} else {
			r.country(e, "as")
		}
	case "created", "regdate", "registration date", "assigned date", "allocated date", "할당일자", "할당내역 등록일", "등록일자", "割当年月日":
		r.date(&rec.Created, "created", r.rwhoisStamp(e), firstDate)
	case "changed", "updated", "last-modified", "last update", "last updated", "最終更新":
		r.date(&rec.Updated, "updated", r.rwhoisStamp(e), lastDate)
	case "abuse-c":
		if l.abuse == "" {
			l.abuse = r.in(e.value)
		}
	case "mnt-irt":
		if l.irt == "" {
			l.irt = r.in(e.value)
		}
	case "abuse-mailbox", "abuse-contact", "abuse", "abuse-email", "abuse email":
		if !r.abuse(e, "", r.in(e.name)) && l.abuse == "" {
			l.abuse = r.in(e.value) // RWhois: the ID of a contact
		}
	case "org-contact":
		l.orgContact = r.in(e.value)
	case "descr", "description":
		if l.descr.line == 0 {
			l.descr = *e
		}
	case "remarks", "comment":
		if l.remark.line == 0 && r.isAbuseRemark(e) {
			l.remark = *e
		}
	}
}

// holderName takes "Google Inc. (GOGL)" apart where ARIN writes the handle
// behind the name.
func (r *reader) holderName(e *entry) {
	rec := r.rec
	v := *e
	if label := r.lower(e.name); (label == "organization" || label == "customer") && strings.HasSuffix(r.in(e.value), ")") {
		text := r.in(e.value)
		if i := strings.LastIndex(text, " ("); i > 0 {
			handle := text[i+2 : len(text)-1]
			if !strings.ContainsAny(handle, " ()") {
				if rec.Holder.Handle == "" {
					rec.Holder.Handle = handle
					r.note("holder.handle", 0, e.line)
				}
				v.value.to = v.value.from + int32(i)
			}
		}
	}
	if r.set(&rec.Holder.Name, "holder.name", &v) {
		rec.Holder.From = r.in(e.name)
	}
}

// origins adds the AS numbers in a value such as "AS32181, AS64500".
func (r *reader) origins(n *answer.Network, e *entry) {
	v := r.in(e.value)
	for v != "" {
		word := v
		if i := strings.IndexAny(v, ", "); i >= 0 {
			word, v = v[:i], v[i+1:]
		} else {
			v = ""
		}
		if len(word) > 2 && (word[0]|0x20) == 'a' && (word[1]|0x20) == 's' {
			if asn, ok := lex.ASN(word); ok && len(n.Origin) < maxList && !slices.Contains(n.Origin, asn) {
				r.note("network.origin", len(n.Origin), e.line)
				n.Origin = append(n.Origin, asn)
			}
		}
	}
}

// nameserver adds the host in a value, which may be followed by addresses.
func (r *reader) nameserver(to *[]string, field string, e *entry) {
	low := r.lower(e.value)
	if i := strings.IndexAny(low, " \t,"); i >= 0 {
		low = low[:i]
	}
	low = strings.TrimRight(low, ".")
	if !lex.IsHost(low) || len(*to) == maxList || slices.Contains(*to, low) {
		return
	}
	r.note(field, len(*to), e.line)
	*to = append(*to, low)
}

// lessSpecific finds the parent where the answer shows it without saying so:
// a wider network of the same answer, or JPNIC's "Less Specific Info.".
func (r *reader) lessSpecific(objects []object, index int, n *answer.Network) {
	if n.Parent.IsValid() {
		return
	}
	consider := func(got answer.Range, line int32) {
		if got != n.Range && got.Covers(n.Range) && (!n.Parent.IsValid() || got.Smaller(n.Parent)) {
			n.Parent = got
			r.unnote("network.parent")
			r.note("network.parent", 0, line)
		}
	}
	for i, o := range objects {
		if o.class == networkObject && i != index {
			if got, e := r.networkRange(o); e != nil {
				consider(got, e.line)
			}
			continue
		}
		for j := o.from; j < o.to; j++ {
			e := &r.ents[j]
			text := r.in(e.value)
			if e.kind == rpsl.KindText && !strings.HasSuffix(text, ")") {
				if k := strings.LastIndexByte(text, ']'); k > 0 {
					text = text[k+1:]
				} else {
					continue
				}
			} else if e.tag != ']' {
				continue
			}
			if got, ok := answer.ParseRange(text); ok {
				consider(got, e.line)
			}
		}
	}
}
