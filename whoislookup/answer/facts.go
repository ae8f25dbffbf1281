package answer

import (
	"net/netip"
)

// Network is a registered range of addresses.
type Network struct {
	Range        Range          `json:"range"`                   // exactly as registered
	Prefixes     []netip.Prefix `json:"prefixes,omitzero"`       // the fewest that make up Range
	Name         string         `json:"name,omitempty"`          // as registered
	Handle       string         `json:"handle,omitempty"`        // the registry's key
	Status       string         `json:"status,omitempty"`        // "ASSIGNED PA", "reallocated", "Direct Allocation"
	Parent       Range          `json:"parent,omitzero"`         // the range that this one was cut from
	ParentHandle string         `json:"parent_handle,omitempty"` // where the registry names it instead
	Origin       []uint32       `json:"origin,omitempty"`        // AS numbers that the registration names as origin
	Routes       []Route        `json:"routes,omitempty"`        // route objects in the answer
	Nameservers  []string       `json:"nameservers,omitempty"`   // for the reverse zone; lower case, no final dot
}

// Route is a route object: Origin may announce Prefix.
type Route struct {
	Prefix netip.Prefix `json:"prefix"` // of the route object
	Origin uint32       `json:"origin"` // the AS that may announce it
}

// AS is a registered AS number, or a block of them.
type AS struct {
	From     uint32         `json:"from"`               // the first number
	To       uint32         `json:"to"`                 // equal to From for a single number
	Name     string         `json:"name,omitempty"`     // as registered
	Handle   string         `json:"handle,omitempty"`   // the registry's key
	Status   string         `json:"status,omitempty"`   // as written by the registry
	Prefixes []netip.Prefix `json:"prefixes,omitempty"` // networks that the registry lists with it
}

// Domain is a domain name in its registry.
type Domain struct {
	Name        string   `json:"name,omitempty"`        // lower case, A-labels where the answer has them, no final dot
	Unicode     string   `json:"unicode,omitempty"`     // U-label form, if the name is internationalised
	ID          string   `json:"id,omitempty"`          // the registry's key
	Status      []Status `json:"status,omitempty"`      // EPP status codes, or the registry's own words
	Registrar   Contact  `json:"registrar,omitzero"`    // through whom
	Registrant  Contact  `json:"registrant,omitzero"`   // who registered it, where that is published
	Nameservers []string `json:"nameservers,omitempty"` // lower case, no final dot
	DNSSEC      string   `json:"dnssec,omitempty"`      // as written: "signedDelegation", "unsigned"
}

// Holder is whose it is.
type Holder struct {
	Name   string     `json:"name,omitempty"`   // as registered
	Handle string     `json:"handle,omitempty"` // the registry's key
	From   string     `json:"from,omitempty"`   // the label it was read from: "owner", "org-name", "OrgName", "descr"
	Kind   HolderKind `json:"kind,omitempty"`   // by a table of words, and where it stood

	Address string `json:"address,omitempty"` // postal, lines joined by "\n"
}

// Contact is somebody to write to, in some role. The zero value is nobody.
type Contact struct {
	Role         string `json:"role,omitempty"`         // "abuse", "registrant", "admin", "tech", "billing", "registrar"
	Handle       string `json:"handle,omitempty"`       // the registry's key
	Name         string `json:"name,omitempty"`         // of the person or role
	Organization string `json:"organization,omitempty"` // that it belongs to
	Email        string `json:"email,omitempty"`        // the part behind '@' in lower case
	Phone        string `json:"phone,omitempty"`        // as written
	Address      string `json:"address,omitempty"`      // postal, lines joined by "\n"
	Country      string `json:"country,omitempty"`      // as registered
	URL          string `json:"url,omitempty"`          // as written
	From         string `json:"from,omitempty"`         // how it was found: "comment", "abuse-c", "abuse-mailbox", "OrgAbuseEmail", "remarks", "rdap"
}

// Source says where a value stands.
type Source struct {
	Field string `json:"field"`           // "holder.name", "domain.nameservers"
	Index int    `json:"index,omitempty"` // which element, for a list
	Hop   int    `json:"hop"`             // index in Record.Hops
	Line  int    `json:"line"`            // number in that hop's text, from 1; for RDAP, of the member's value
}

// Query is one question. [ParseQuery] makes it from what a person types;
// Client's methods make it from typed values.
type Query struct {
	Kind   Kind         `json:"kind"`            // what Text is
	Text   string       `json:"text"`            // as sent: lower case, A-labels
	Prefix netip.Prefix `json:"prefix,omitzero"` // for KindIP: a single address has the full length
	ASN    uint32       `json:"asn,omitempty"`   // for KindASN
}
