package whoislookup

import (
	"slices"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
)

// Record is what the registries say about one query, whichever of them
// answered and over which protocol. Exactly one of Network, AS and Domain is
// set when Verdict is VerdictFound and the query was no handle. Query, Hops,
// Embedded and Unseen are what was seen; Judge derives the rest. Values are
// UTF-8 as the registry wrote them, and may hold control characters: String
// escapes them, JSON does by itself.
//
// A Record is a plain value: it may be read by several goroutines, and it
// keeps the raw answers alive that its strings were taken from.
type Record struct {
	Query   Query    `json:"query,omitzero"`    // what was asked; nothing for a stored answer, see Subject
	Verdict Verdict  `json:"verdict"`           // what the registry answered
	Server  string   `json:"server,omitempty"`  // whose answer decided
	Network *Network `json:"network,omitempty"` // for an address or prefix
	AS      *AS      `json:"as,omitempty"`      // for an AS number
	Domain  *Domain  `json:"domain,omitempty"`  // for a domain

	Holder      Holder    `json:"holder,omitzero"`        // whose it is
	Country     string    `json:"country,omitempty"`      // as registered, mostly two letters (ISO 3166-1); EU, AP and ZZ occur, and are no countries. RDAP may have its name only: then its code
	CountryFrom string    `json:"country_from,omitempty"` // "network", "as", "organisation", "holder", "registry"
	Abuse       []Contact `json:"abuse,omitempty"`        // where to complain, best first
	Contacts    []Contact `json:"contacts,omitempty"`     // everybody else named

	Created Date `json:"created,omitempty"` // when it was registered
	Updated Date `json:"updated,omitempty"` // when the registration was last changed
	Expires Date `json:"expires,omitempty"` // Presence("expires") tells not published from not parsed

	// Embedded is about the IPv4 addresses inside a 6to4 (RFC 3056) or Teredo
	// address (RFC 4380: the client's, then the server's). They have holders,
	// while the IPv6 range that this record is about has none.
	Embedded []*Record `json:"embedded,omitempty"`

	Hops        []Hop           `json:"hops,omitempty"`        // every server asked, in order
	Sources     []Source        `json:"sources,omitempty"`     // where each value stands; see Where
	Redacted    []string        `json:"redacted,omitempty"`    // fields withheld by the registry
	Empty       []string        `json:"empty,omitempty"`       // fields that the answer has, without a value
	Unparsed    []string        `json:"unparsed,omitempty"`    // "field: text" that could not be read
	Differences []opskit.Change `json:"differences,omitempty"` // with Client.Compare: Old is what RDAP says and New what WHOIS does; see Gaps for a protocol that gave no answer
	Unseen      []opskit.Gap    `json:"unseen,omitempty"`      // what could not be asked
	Undecided   []opskit.Gap    `json:"undecided,omitempty"`   // what the answers leave open

	RetryAfter time.Duration `json:"retry_after_ns,omitempty"` // of VerdictThrottled: how long to wait, if the server said so
}

// Hop is one server asked, with everything that is needed to read its answer
// again: what [Parse] does offline.
type Hop struct {
	Server   string         `json:"server"`             // host name, with ":port" where it is not the protocol's own
	Protocol string         `json:"protocol"`           // "whois", "rwhois", "rdap", or "local" for special-purpose space
	Sent     string         `json:"sent,omitempty"`     // the query line without its line break, or the URL
	Raw      []byte         `json:"raw,omitempty"`      // the answer, byte by byte
	Charset  string         `json:"charset,omitempty"`  // that Raw was decoded from
	Mended   []string       `json:"mended,omitempty"`   // what was changed to read it, as it had been copied from a page or a terminal: "line 3: no-break or typographic space read as a space"; Raw has it as it was
	Asked    time.Time      `json:"asked,omitzero"`     // UTC
	Latency  time.Duration  `json:"latency_ns"`         // from the first dial to the last byte
	Referral string         `json:"referral,omitempty"` // "whois://whois.lacnic.net", as far as one was read; for RDAP, the URL that the server redirected to
	Failure  opskit.Failure `json:"error,omitzero"`     // why this hop gave no usable answer

	RetryAfter time.Duration `json:"retry_after_ns,omitempty"` // that an HTTP header of the answer asks for; at most 24 h
}

type presenceKind struct{}

// Presence says whether an answer has a field, and if not, why. The zero value
// is PresenceUnknown: there is no answer, or no such field, or the answer says
// that it leaves something out.
type Presence = opskit.Enum[presenceKind]

// The ways in which a field can be there or not.
const (
	PresenceUnknown     Presence = ""
	PresencePublished   Presence = "published"   // there is a value
	PresenceRedacted    Presence = "redacted"    // there is one, and it is withheld ("REDACTED FOR PRIVACY", RFC 9537)
	PresenceUnparsed    Presence = "unparsed"    // there is one, and it could not be read; Record.Unparsed has the text
	PresenceAbsent      Presence = "absent"      // the answer has the field without a value
	PresenceUnsupported Presence = "unsupported" // the answer has no such field: this registry does not publish it
)

// Presence says whether the answer has the field, named as in JSON
// ("expires", "domain.registrant.email"), and if not, why. It never guesses:
// what the answer of VerdictFound does not mention is Unsupported, and without
// such an answer what is not there is PresenceUnknown.
func (r *Record) Presence(field string) Presence {
	if r == nil || len(r.Hops) == 0 {
		return PresenceUnknown
	}
	if _, ok := r.Where(field); ok {
		return PresencePublished
	}
	for _, f := range r.Unparsed {
		if len(f) > len(field) && f[:len(field)] == field && f[len(field)] == ':' {
			return PresenceUnparsed
		}
	}
	if slices.Contains(r.Redacted, field) {
		return PresenceRedacted
	}
	if slices.Contains(r.Empty, field) {
		return PresenceAbsent
	}
	if r.Verdict == VerdictFound && !slices.Contains(r.Undecided, read.Reduced) {
		return PresenceUnsupported
	}
	return PresenceUnknown
}

// Where returns the hop and line that a value was read from. field is the path
// of the value in JSON: "holder.name", "network.range", "abuse.0.email",
// "domain.nameservers.1"; without an index the first element is meant.
// network.prefixes stands where network.range does. False if the record has no
// such value.
func (r *Record) Where(field string) (Source, bool) {
	if r == nil {
		return Source{}, false
	}
	name, index := splitIndex(field)
	if name == "network.prefixes" {
		name, index = "network.range", 0
	}
	for _, s := range r.Sources {
		if s.Index == index && s.Field == name {
			return s, true
		}
	}
	return Source{}, false
}

// splitIndex takes the numeric part out of a path: "abuse.1.email" is
// "abuse.email", 1.
func splitIndex(field string) (string, int) {
	for from := 0; from < len(field); {
		to := from
		for to < len(field) && field[to] != '.' {
			to++
		}
		if n, ok := lex.Uint(field[from:to], 1<<31-1); ok && from > 0 {
			return field[:from-1] + field[to:], int(n)
		}
		from = to + 1
	}
	return field, 0
}
