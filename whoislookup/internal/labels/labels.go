// Package labels tells what the label of a line in a domain's answer means, in any
// spelling and in the languages of labels.txt.
package labels

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

// Role is whom a part of a domain answer is about.
type Role uint8

// The roles. Those of contacts stand together.
const (
	NoRole Role = iota
	Registrant
	Admin
	Tech
	Billing
	Registrar
	Nameservers // a list of hosts
	dates       // "Relevant dates:"
	DomainPart  // "Domain:", "Domain Information"
	Ignored     // what says nothing about this domain: DNSSEC keys, the server's own data
)

// Attr is what a label is about.
type Attr uint8

// The attributes: up to Whois those of the domain, up to URL those of a contact.
const (
	None Attr = iota
	Domain
	Unicode
	DomainID
	Created
	Updated
	Expires
	Renewal // a renewal date: counts if there is no expiry date
	Host
	Status
	DNSSEC
	Whois // the registrar's WHOIS server
	Name
	Org
	Email
	Phone
	Handle
	Country
	Address
	URL
	Self  // the label is a role and nothing else: "Registrant"
	Other // known, and of no interest: fax, city
)

// Max is longer than any label; what is longer is a sentence.
const Max = 56

// IsContact reports whether a role is somebody's.
func IsContact(ro Role) bool { return ro >= Registrant && ro <= Registrar }

// Canon writes a label in lower case with one space for every run of other
// characters, so that "Registrant-Email", "registrant_email" and
// "Registrant E-mail." differ in their words only. Numbering in front ("1a.",
// "**") and behind ("Name Server 2") and brackets "(s)" go. low is in lower
// case already. nil if it is no label.
func Canon(dst []byte, low string) []byte {
	if i := strings.IndexByte(low, '('); i > 0 && !strings.HasPrefix(low[i:], "(s)") && !strings.HasPrefix(low[i:], "(es)") {
		low = low[:i]
	}
	if len(low) > Max {
		return nil
	}
	gap := false
	for i := 0; i < len(low); i++ {
		c := low[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c == '\'' && i+1 < len(low) && low[i+1] == 's' && (i+2 == len(low) || low[i+2] == ' '):
			i++ // "Registrant's address"
			continue
		case c == '(' && (strings.HasPrefix(low[i:], "(s)") || strings.HasPrefix(low[i:], "(es)")):
			i += strings.IndexByte(low[i:], ')')
			continue
		case c == 0xc3 && i+1 < len(low) && low[i+1] >= 0x80 && low[i+1] < 0xc0: // U+00C0 to U+00FF
			const base = "aaaaaaaceeeeiiiidnooooo ouuuuypsaaaaaaaceeeeiiiidnooooo ouuuuypy"
			i++
			if c = base[low[i]-0x80]; c == ' ' {
				gap = true
				continue
			}
		case c < 0x80:
			gap = true
			continue
		}
		if gap && len(dst) > 0 {
			dst = append(dst, ' ')
		}
		gap = false
		dst = append(dst, c)
	}
	return unnumbered(dst)
}

// unnumbered takes off a label what only counts it.
func unnumbered(dst []byte) []byte {
	// "1a domain name", "2 name"
	if len(dst) > 3 && dst[0] >= '0' && dst[0] <= '9' {
		i := 1
		for i < len(dst) && dst[i] != ' ' && i < 3 {
			i++
		}
		if i < len(dst) && dst[i] == ' ' {
			dst = dst[i+1:]
		}
	}
	// "ns1 hostname", "dns1 name"
	if i := bytes.IndexByte(dst, ' '); i > 2 && dst[i-1] >= '0' && dst[i-1] <= '9' && (dst[0] == 'n' || dst[0] == 'd') {
		if word := bytes.TrimRight(dst[:i], "0123456789"); string(word) == "ns" || string(word) == "dns" {
			dst = append(word, dst[i:]...)
		}
	}
	// "name server 1", "dns1", "registrant address 2"
	n := len(dst)
	for n > 0 && dst[n-1] >= '0' && dst[n-1] <= '9' {
		n--
	}
	for n > 0 && n < len(dst) && dst[n-1] == ' ' {
		n--
	}
	if n > 1 {
		dst = dst[:n]
	}
	return dst
}

//go:embed labels.txt
var text string

// meaning is what the table says of a label, by where it stands.
type meaning struct {
	domain, contact Attr
	role            Role
	between         bool
}

var (
	attrs = map[string]Attr{
		"domain": Domain, "unicode": Unicode, "id": DomainID, "created": Created, "updated": Updated, "expires": Expires, "renewal": Renewal,
		"host": Host, "status": Status, "dnssec": DNSSEC, "whois": Whois, "name": Name, "org": Org, "email": Email, "phone": Phone,
		"handle": Handle, "country": Country, "address": Address, "url": URL, "other": Other,
	}
	roles = map[string]Role{
		"registrant": Registrant, "admin": Admin, "tech": Tech, "billing": Billing, "registrar": Registrar, "nameservers": Nameservers,
		"dates": dates, "domain": DomainPart, "ignored": Ignored,
	}
)

var table = sync.OnceValue(func() map[string]meaning {
	known := make(map[string]meaning, 1024)
	for section, row := range words.Rows(text) {
		label, _, _ := strings.Cut(row, "\t")
		where, what, _ := strings.Cut(section, ".")
		m := known[label]
		switch where {
		case "domain":
			m.domain = attrs[what]
		case "contact":
			m.contact = attrs[what]
		case "role":
			m.role = roles[what]
		case "between":
			m.between = true
		}
		known[label] = m
	}
	return known
})

// Of tells what a canonical label means.
func Of(key []byte) (Role, Attr) {
	if len(key) == 0 {
		return NoRole, None
	}
	known := table()
	whole := known[string(key)]
	if whole.domain != None {
		return NoRole, whole.domain
	}
	ro, rest := rolePrefix(known, key)
	switch {
	case ro == NoRole && whole.contact != None:
		return NoRole, whole.contact
	case ro == NoRole:
		return roleBehind(known, key)
	case len(rest) == 0:
		return ro, Self
	}
	m := known[string(rest)]
	switch {
	case ro == Registrar && m.domain == Whois:
		return NoRole, Whois // "Sponsoring Registrar WHOIS Server"
	case ro == Nameservers && (m.domain == Host || m.contact == Name || string(rest) == "host"):
		return NoRole, Host
	case ro == Nameservers:
		return ro, Other
	case m.contact == None:
		return NoRole, None
	}
	return ro, m.contact
}

// OfContact tells what a canonical label means inside a contact.
func OfContact(key []byte) Attr { return table()[string(key)].contact }

// OfWord tells whom a canonical word or phrase names.
func OfWord(key []byte) Role { return table()[string(key)].role }

// roleBehind reads "telephone contact administratif" and "nom du titulaire".
func roleBehind(known map[string]meaning, key []byte) (Role, Attr) {
	i := bytes.LastIndexByte(key, ' ')
	if i < 0 {
		return NoRole, None
	}
	ro := known[string(key[i+1:])].role
	if !IsContact(ro) {
		return NoRole, None
	}
	what := key[:i]
	for _, word := range [...]string{" contact", " contacto", " du", " del", " de", " of"} {
		what = bytes.TrimSuffix(what, []byte(word))
	}
	if a := known[string(what)].contact; a != None {
		return ro, a
	}
	return NoRole, None
}

// rolePrefix splits a key such as "administrative contact email": the longest role
// that it begins with, without the words between that add nothing, and the rest.
func rolePrefix(known map[string]meaning, key []byte) (Role, []byte) {
	for end := len(key); end > 0; end = bytes.LastIndexByte(key[:end], ' ') {
		ro := known[string(key[:end])].role
		if ro == NoRole {
			continue
		}
		rest := key[min(end+1, len(key)):]
		for len(rest) > 0 {
			next, after, _ := bytes.Cut(rest, []byte{' '})
			if !known[string(next)].between || string(next) == "person" && len(after) == 0 && ro != Registrant {
				break
			}
			rest = after
		}
		return ro, rest
	}
	if rest, ok := bytes.CutPrefix(key, []byte("registrant")); ok && bytes.IndexByte(rest, ' ') < 0 {
		return Registrant, rest // "registrantemail"
	}
	return NoRole, nil
}
