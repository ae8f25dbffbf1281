package why

import (
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
)

// Case is everything known about one name that may not work: what probes found,
// and what the caller brings. It is plain data. Every field may be empty.
type Case struct {
	Name string    `json:"name"`           // the host name, as asked for
	URL  string    `json:"url,omitempty"`  // the page, where one was asked for
	From string    `json:"from,omitempty"` // the host that looked, in evidence of several
	At   time.Time `json:"at,omitzero"`    // when this was gathered
	// DownSince is when the trouble began, where that is known. A change counts
	// as a cause only if it can have come first.
	DownSince time.Time `json:"down_since,omitzero"`

	DNS         []reach.Comparison `json:"dns,omitempty"`         // of the name
	Connections []reach.Connection `json:"connections,omitempty"` // to its addresses
	Pings       []reach.Ping       `json:"pings,omitempty"`       // of its addresses, and of resolvers
	HTTP        []reach.HTTPAnswer `json:"http,omitempty"`        // for the name at its addresses
	Samples     []reach.Sample     `json:"samples,omitempty"`     // of its addresses
	Traces      []reach.Trace      `json:"traces,omitempty"`      // to its addresses

	// Ways are this host's own: its route, link and gateway.
	Ways []reach.Way `json:"ways,omitempty"`
	// Controls are connections to other targets, known to be up and unrelated,
	// ControlHTTP pages of such and ControlDNS other names at the same
	// resolvers: they tell this host's trouble from the target's.
	Controls    []reach.Connection `json:"controls,omitempty"`
	ControlHTTP []reach.HTTPAnswer `json:"control_http,omitempty"` // see Controls
	ControlDNS  []reach.Comparison `json:"control_dns,omitempty"`  // see Controls
	// NoSuchDNS are names that were made up, at the same resolvers: an address for one
	// of them is a rewritten NXDOMAIN.
	NoSuchDNS []reach.Comparison `json:"no_such_dns,omitempty"`
	// Elsewhere is what other hosts found of the same name.
	Elsewhere []Case `json:"elsewhere,omitempty"`

	// What changed lately: the address that the name leads to, its name
	// servers, and who holds the address. A caller knows them from whois, from
	// a passive DNS service, or from its own earlier run.
	Address     *Change `json:"address,omitempty"`
	Nameservers *Change `json:"nameservers,omitempty"` // of the zone
	Owner       *Change `json:"owner,omitempty"`       // holder of the address, by its registry

	// Evidence is what else the caller knows.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Contact is whom to call about the address, as its registry says.
	Contact string `json:"contact,omitempty"`

	Unseen []opskit.Gap `json:"unseen,omitempty"` // what who looked could not see
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

// Evidence is one fact that the caller knows from elsewhere: a deploy, announced
// work, a provider's figures, the press.
type Evidence struct {
	Fact   string `json:"fact"`             // one sentence
	Source string `json:"source,omitempty"` // who says so
	// Certain: the source can know it. Hearsay makes a cause thinkable, and
	// decides nothing.
	Certain bool    `json:"certain,omitempty"`
	For     []Cause `json:"for,omitempty"`     // the causes that it speaks for
	Against []Cause `json:"against,omitempty"` // those that it excludes, where it is certain
}

// Seen tells whether anything was observed.
func (c *Case) Seen() bool {
	if c == nil {
		return false
	}
	for i := range c.DNS {
		if c.DNS[i].Seen() {
			return true
		}
	}
	for i := range c.Connections {
		if c.Connections[i].Seen() {
			return true
		}
	}
	return len(c.HTTP)+len(c.Pings)+len(c.Samples)+len(c.Ways) > 0
}

// judge judges every part again: saved evidence may be older than the rules.
func (c *Case) judge() {
	each(c.DNS, (*reach.Comparison).Judge)
	each(c.ControlDNS, (*reach.Comparison).Judge)
	each(c.NoSuchDNS, (*reach.Comparison).Judge)
	each(c.Connections, (*reach.Connection).Judge)
	each(c.Controls, (*reach.Connection).Judge)
	each(c.Pings, (*reach.Ping).Judge)
	each(c.HTTP, (*reach.HTTPAnswer).Judge)
	each(c.ControlHTTP, (*reach.HTTPAnswer).Judge)
	each(c.Samples, (*reach.Sample).Judge)
	each(c.Traces, (*reach.Trace).Judge)
	each(c.Ways, (*reach.Way).Judge)
	for i := range c.Elsewhere {
		c.Elsewhere[i].Elsewhere = nil
		c.Elsewhere[i].judge()
	}
}

func each[T any](list []T, judge func(*T) opskit.Level) {
	for i := range list {
		judge(&list[i])
	}
}

func family(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
}
