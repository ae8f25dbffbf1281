package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

// group is what one holder, AS or country has of the list.
type group struct {
	Key       string         `json:"key"`
	From      string         `json:"from,omitempty"` // of an AS: "registered" or "announced"
	Requests  int            `json:"requests"`
	Addresses int            `json:"addresses"`
	Prefixes  []netip.Prefix `json:"prefixes,omitempty"` // the fewest to block
	Abuse     []string       `json:"abuse,omitempty"`
	ranges    map[whoislookup.Range]bool
}

func (g group) String() string {
	var p []string
	for _, x := range g.Prefixes {
		p = append(p, x.String())
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%d requests from %d addresses: %s", g.Requests, g.Addresses, strconv.QuoteToGraphic(g.Key))
	if g.From != "" {
		s.WriteString(" (" + g.From + ")")
	}
	if len(p) > 0 {
		s.WriteString("\n  block: " + strings.Join(p, ", "))
	}
	for _, a := range g.Abuse {
		s.WriteString("\n  abuse: " + strconv.QuoteToGraphic(a))
	}
	return s.String()
}

// rest is what the groups leave open, said once, behind them.
type rest struct {
	Unseen []opskit.Gap `json:"unseen,omitempty"`
}

func (rest) Level() opskit.Level  { return opskit.OK }
func (r rest) Gaps() []opskit.Gap { return r.Unseen }
func (r rest) String() string     { return opskit.NotChecked(r) }
