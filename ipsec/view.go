package ipsec

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// view is one end's connection as that end writes it.
type view struct {
	label  string
	end    End
	conn   *conf.Conn
	sides  [2]participant // left and right
	offers offers
}

// participant is left or right in one end's file.
type participant struct {
	word     string // left or right
	addr     conf.Param
	addrKind addrKind
	ip       netip.Addr
	idParam  conf.Param
	id       string // normal form; empty: cannot be told from the file
	idUnread bool   // id is empty because it is written in a form that is not known here
	nets     []netip.Prefix
	netParam conf.Param
	netKnown bool // nets is all there is to know
	netSet   bool // a subnet is written, not derived from the address
	leased   bool // the networks are handed out
	port     string
	portOf   conf.Param
	auth     authClass
	authOf   conf.Param
}

// addrKind is what left= or right= holds.
type addrKind uint8

const (
	addrNone  addrKind = iota // nothing
	addrIP                    // an address
	addrName                  // a host name
	addrMagic                 // %any, %defaultroute, ...
	addrBad                   // none of these
)

// authClass is a set of ways to authenticate.
type authClass uint16

const (
	authPSK authClass = 1 << iota
	authNull
	authOther
	authRSA1 // RSA with SHA-1
	authRSA256
	authRSA384
	authRSA512
	authECDSA256
	authECDSA384
	authECDSA512
	authEdDSA

	authRSA2   = authRSA256 | authRSA384 | authRSA512
	authECDSA  = authECDSA256 | authECDSA384 | authECDSA512
	authPubkey = authRSA1 | authRSA2 | authECDSA | authEdDSA
)

func newView(label string, e End, c *conf.Conn) *view {
	v := &view{label: label, end: e, conn: c}
	for i, word := range []string{"left", "right"} {
		p := &v.sides[i]
		p.word = word
		p.addr, _ = c.Get(word)
		p.addrKind, p.ip = readAddr(p.addr.Value)
		v.readID(p)
		p.portOf, _ = c.Get(word + "protoport")
		p.port = readProtoPort(p.portOf.Value)
		v.readNets(p)
		v.readAuth(p)
	}
	v.readOffers()
	return v
}

// get returns the first of several names of one parameter that is set.
func (v *view) get(names ...string) conf.Param {
	for _, n := range names {
		if p, ok := v.conn.Get(n); ok {
			return p
		}
	}
	return conf.Param{}
}

// value is get in lower case, or a default.
func (v *view) value(def string, names ...string) string {
	if p := v.get(names...); p.Value != "" {
		return strings.ToLower(p.Value)
	}
	return def
}

// ref points at a parameter, or at the connection where it is left out.
func (v *view) ref(p conf.Param) Ref {
	if p.Name == "" {
		return Ref{End: v.label, File: v.conn.File, Line: v.conn.Line, Text: "conn " + v.conn.Name}
	}
	return paramRef(v.label, p)
}

func readAddr(s string) (addrKind, netip.Addr) {
	switch {
	case s == "":
		return addrNone, netip.Addr{}
	case s[0] == '%':
		return addrMagic, netip.Addr{}
	}
	if a, err := netip.ParseAddr(s); err == nil {
		if a.IsUnspecified() {
			return addrMagic, netip.Addr{}
		}
		return addrIP, a
	}
	// strongSwan takes lists, ranges and networks of peers.
	if strings.ContainsAny(s, ",/-") && strings.Trim(s, "0123456789abcdefABCDEF.:,/-% ") == "" {
		return addrMagic, netip.Addr{}
	}
	if !isHostName(s) {
		return addrBad, netip.Addr{}
	}
	return addrName, netip.Addr{}
}

// isHostName reports whether a text can be a name in the DNS. An address with
// its last part masked ("192.0.2.X") cannot: no top level name has one letter,
// and none is a number.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, c := range []byte(l) {
			digit, letter := c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z'
			if !digit && !letter && c != '-' && c != '_' {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	if len(labels) == 4 && masked(labels) {
		return false
	}
	if len(labels) > 1 && len(last) == 1 {
		return false
	}
	return strings.Trim(last, "0123456789") != ""
}

// masked reports whether four labels are numbers and runs of one letter that
// stand for a number.
func masked(labels []string) bool {
	numbers := 0
	for _, l := range labels {
		switch {
		case strings.Trim(l, "0123456789") == "":
			numbers++
		case len(l) == 1, len(l) <= 3 && strings.Trim(l, "xX") == "":
		default:
			return false
		}
	}
	return numbers > 1
}

// readID fills in the identity that the daemon would use.
func (v *view) readID(p *participant) {
	p.idParam = v.get(p.word + "id")
	id := p.idParam.Value
	switch {
	case id == "":
		p.idParam = p.addr
		if cert := v.get(p.word+"cert", p.word+"ckaid", p.word+"cert2"); cert.Name != "" {
			p.idParam = cert // the certificate's subject
			return
		}
		if how := v.get(p.word + "auth"); v.conn.Dialect == conf.DialectSwanctl && authOf(quotedOr(how.Value, "pubkey"))&authPubkey != 0 {
			return // of whichever certificate it takes
		}
		if v.conn.Dialect == conf.DialectSwanctl && p.word == "right" {
			return // anybody who has the key
		}
		if p.addrKind == addrIP {
			p.id = "address " + p.ip.String()
		}
	case id[0] == '%' || strings.Contains(id, "*"):
	default:
		p.id = normalID(id, v.conn.Dialect)
		p.idUnread = p.id == ""
	}
}

// normalID brings the ways to write one identity into one form.
func normalID(id string, d conf.Dialect) string {
	if id == "" {
		return ""
	}
	if a, err := netip.ParseAddr(strings.TrimPrefix(id, "@")); err == nil && (id[0] != '@' || !conf.Strong(d)) {
		return "address " + a.String()
	}
	if kind, rest, typed := strings.Cut(id, ":"); typed && conf.Strong(d) {
		switch strings.ToLower(kind) {
		case "fqdn", "dns":
			return "name " + strings.ToLower(rest)
		case "email", "rfc822", "userfqdn":
			return "user " + strings.ToLower(rest)
		case "ipv4", "ipv6":
			return normalID(rest, d)
		}
	}
	switch {
	case strings.HasPrefix(id, "@@") && strings.Contains(id[2:], "@"):
		return "user " + strings.ToLower(id[2:])
	case strings.HasPrefix(id, "@#"):
		return "key " + strings.ToLower(strings.TrimPrefix(id[2:], "0x"))
	case strings.HasPrefix(id, "@["), strings.Contains(id, ":"):
		return "" // key IDs and typed forms, which have many spellings
	case strings.HasPrefix(id, "@@"), strings.HasPrefix(id, "@~"):
		return ""
	case id[0] == '@':
		return "name " + strings.ToLower(id[1:])
	case strings.Contains(id, "="):
		return "subject " + normalDN(id)
	case strings.Contains(id, "@"):
		return "user " + strings.ToLower(id)
	case conf.Strong(d):
		return "name " + strings.ToLower(id)
	}
	return "" // a bare name is resolved to an address
}

// normalDN brings separators, spacing and attribute names of a distinguished
// name into one form.
func normalDN(dn string) string {
	sep := ","
	if strings.HasPrefix(dn, "/") {
		sep = "/"
	}
	var parts []string
	for part := range strings.SplitSeq(dn, sep) {
		key, value, found := strings.Cut(part, "=")
		if !found {
			if strings.TrimSpace(part) != "" {
				parts = append(parts, strings.ToLower(strings.TrimSpace(part)))
			}
			continue
		}
		key = strings.ToUpper(strings.TrimSpace(key))
		if key == "EMAIL" || key == "EMAILADDRESS" {
			key = "E"
		}
		parts = append(parts, key+"="+strings.ToLower(strings.TrimSpace(value)))
	}
	return strings.Join(parts, ", ")
}

// readNets fills in the networks that the tunnel carries for a participant.
func (v *view) readNets(p *participant) {
	for _, lease := range []string{"addresspool", "modecfgclient", "modecfgserver", "subnetwithin", "vti", "interface-ip"} {
		if x := v.get(p.word + lease); x.Value != "" && lease != "vti" && lease != "interface-ip" {
			p.leased = true
			return
		}
	}
	if lease := v.value("", p.word+"sourceip"); strings.HasPrefix(lease, "%") || strings.Contains(lease, "/") || v.conn.Dialect == conf.DialectSwanctl && lease != "" {
		p.leased = true
		return
	}
	p.netParam = v.get(p.word+"subnet", p.word+"subnets")
	text := p.netParam.Value
	if conf.Strong(v.conn.Dialect) {
		text = p.selectors(text)
	}
	if text == "" || text == "dynamic" || text == "%dynamic" {
		p.netParam = p.addr
		if p.addrKind == addrIP {
			p.nets, p.netKnown = []netip.Prefix{netip.PrefixFrom(p.ip, p.ip.BitLen())}, true
		}
		return
	}
	p.netSet = true
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	for _, w := range words {
		n, ok := readPrefix(w)
		if !ok {
			p.nets = nil
			return
		}
		p.nets = append(p.nets, n)
	}
	slices.SortFunc(p.nets, netip.Prefix.Compare)
	p.nets, p.netKnown = slices.Compact(p.nets), len(p.nets) > 0
}

// selectors takes the protocol and port, written in brackets, off networks that all
// have the same; others stay as they are.
func (p *participant) selectors(text string) string {
	var nets []string
	common := ""
	for i, one := range strings.Split(text, ",") {
		net, rest, found := strings.Cut(strings.TrimSpace(one), "[")
		rest, closed := strings.CutSuffix(rest, "]")
		if found != closed || i > 0 && rest != common {
			return text
		}
		nets, common = append(nets, net), rest
	}
	if common != "" && p.port == "" {
		p.port, p.portOf = readProtoPort(common), p.netParam
	}
	return strings.Join(nets, ",")
}

// readPrefix reads one network; an address alone is the network of itself.
func readPrefix(s string) (netip.Prefix, bool) {
	if n, err := netip.ParsePrefix(s); err == nil {
		return n.Masked(), true
	}
	if host, bits, found := strings.Cut(s, "/"); found && !strings.Contains(host, ":") {
		// Trailing zeros may be left out: 10/8.
		if n, err := netip.ParsePrefix(host + strings.Repeat(".0", max(0, 3-strings.Count(host, "."))) + "/" + bits); err == nil {
			return n.Masked(), true
		}
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if host, mask, found := strings.Cut(s, "/"); found {
		a, err1 := netip.ParseAddr(host)
		m, err2 := netip.ParseAddr(mask)
		if err1 == nil && err2 == nil && a.Is4() && m.Is4() {
			return prefixOfMask(a, m)
		}
	}
	return netip.Prefix{}, false
}

// prefixOfMask reads a network with a dotted mask, 10.0.0.0/255.0.0.0.
func prefixOfMask(a, m netip.Addr) (netip.Prefix, bool) {
	bits := 0
	bytes := m.As4()
	for bits < 32 && bytes[bits/8]&(0x80>>(bits%8)) != 0 {
		bits++
	}
	n := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked()
	if n.Addr() != m {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, bits).Masked(), true
}

// readProtoPort brings tcp/666 and 6/666 into one form; empty when it is not
// set or admits anything.
func readProtoPort(s string) string {
	if s == "" {
		return ""
	}
	proto, port, _ := strings.Cut(strings.ToLower(s), "/")
	switch proto {
	case "tcp":
		proto = "6"
	case "udp":
		proto = "17"
	case "icmp":
		proto = "1"
	case "gre":
		proto = "47"
	case "ipv6-icmp", "icmpv6":
		proto = "58"
	case "sctp":
		proto = "132"
	case "any", "%any", "0":
		return "" // all traffic, as without the parameter
	case "l2tp":
		return "17/1701"
	}
	if port == "" || port == "0" || port == "%any" || port == "any" {
		return proto + "/any"
	}
	if known := map[string]string{"l2tp": "1701", "l2f": "1701", "ssh": "22", "domain": "53", "http": "80", "https": "443"}[port]; known != "" {
		port = known
	}
	return proto + "/" + port
}

// readAuth fills in how a participant authenticates, 0 where it cannot be told.
func (v *view) readAuth(p *participant) {
	p.authOf = v.get(p.word+"auth", "authby")
	p.auth = authOf(p.authOf.Value)
	if p.authOf.Value == "" || conf.Strong(v.conn.Dialect) && p.auth&authPubkey != 0 {
		// The default of both families; strongSwan's finer words say what the
		// certificates may be signed with, too.
		p.auth |= authPubkey
	}
}

func authOf(s string) authClass {
	var c authClass
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ',' || r == '|' || r == ' ' || r == '+' }) {
		switch {
		case w == "secret" || w == "psk":
			c |= authPSK
		case w == "rsa-sha1":
			c |= authRSA1
		case w == "rsa-sha2":
			c |= authRSA2
		case w == "rsa-sha2_256":
			c |= authRSA256
		case w == "rsa-sha2_384":
			c |= authRSA384
		case w == "rsa-sha2_512":
			c |= authRSA512
		case w == "ecdsa-sha2_256":
			c |= authECDSA256
		case w == "ecdsa-sha2_384":
			c |= authECDSA384
		case w == "ecdsa-sha2_512":
			c |= authECDSA512
		case strings.HasPrefix(w, "rsa"):
			c |= authRSA1 | authRSA2
		case strings.HasPrefix(w, "ecdsa"):
			c |= authECDSA
		case strings.HasPrefix(w, "eddsa"), strings.HasPrefix(w, "ed25519"), strings.HasPrefix(w, "ed448"):
			c |= authEdDSA
		case strings.HasPrefix(w, "pubkey"), strings.HasPrefix(w, "ike:"):
			c |= authPubkey
		case w == "null":
			c |= authNull
		default:
			c |= authOther
		}
	}
	return c
}
