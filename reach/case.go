package reach

import (
	"time"

	"github.com/opskit-go/opskit/reach/cause"
)

// Case is everything known about one name that may not work: what the probes
// of this package found, and what the caller brings. It is plain data; its
// JSON can be saved and diagnosed again anywhere. Every field may be empty.
type Case struct {
	Name string    `json:"name"`        // the host name, as asked for
	At   time.Time `json:"at,omitzero"` // when this was gathered
	// DownSince is when the trouble began, where that is known. A change counts
	// as a cause only if it can have come first.
	DownSince time.Time `json:"down_since,omitzero"`

	DNS         []Comparison `json:"dns,omitempty"`         // of the name
	Connections []Connection `json:"connections,omitempty"` // to its addresses
	Pings       []Ping       `json:"pings,omitempty"`       // of its addresses
	HTTP        []HTTPAnswer `json:"http,omitempty"`        // for the name at its addresses
	// Controls are connections to other targets, known to be up and unrelated:
	// they tell this host's trouble from the target's.
	Controls []Connection `json:"controls,omitempty"`

	// What changed lately: the address that the name leads to, its name
	// servers, and who holds the address. A caller knows them from whois, from
	// a passive DNS service, or from its own earlier run.
	Address     *Change `json:"address,omitempty"`
	Nameservers *Change `json:"nameservers,omitempty"` // of the zone
	Owner       *Change `json:"owner,omitempty"`       // holder of the address, by its registry

	// Evidence is what else the caller knows.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Change is one thing that is not what it was.
type Change struct {
	Before string `json:"before"` // the old value
	After  string `json:"after"`  // the new one
	// LastBefore is when the old value was last seen, FirstAfter when the new
	// one was first seen; the change lies between them. Either may be zero.
	LastBefore time.Time `json:"last_before,omitzero"`
	FirstAfter time.Time `json:"first_after,omitzero"` // when the new value was first seen, or zero
	Source     string    `json:"source,omitempty"`     // who says so
}

// Evidence is one fact and what it speaks for and against.
type Evidence struct {
	Fact   string `json:"fact"`             // one sentence
	Source string `json:"source,omitempty"` // empty for what this package observed
	// Weight says how much: 1 a hint, 2 a clear sign, 4 strong, 8 as good as
	// proof. Weights of a caller are held to 1 to 8.
	Weight  int           `json:"weight"`
	For     []cause.Cause `json:"for,omitempty"`     // what it speaks for
	Against []cause.Cause `json:"against,omitempty"` // what it speaks against
}
