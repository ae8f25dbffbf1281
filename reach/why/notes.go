package why

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
)

// notes are conclusions that explain no trouble: who serves the name and the site,
// how many addresses there are, what was counted.
func (w *weighing) notes() []string {
	var addrs []netip.Addr
	servers, networks := "", map[string]bool{}
	for i := range w.c.DNS {
		d := &w.c.DNS[i]
		addrs = append(addrs, d.Addrs()...)
		for _, a := range d.Answers {
			for _, alias := range a.CNAMEs {
				if p := cdn.Alias(alias); p != "" {
					networks[p] = true
				}
			}
		}
		if d.Type != "NS" {
			continue
		}
		for _, a := range d.Answers {
			for _, name := range a.Data {
				if p := cdn.NameServer(name); p != "" {
					servers = p
				}
			}
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	for _, a := range addrs {
		for _, m := range cdn.Lookup(a) {
			networks[m.Provider] = true
		}
	}
	for i := range w.c.HTTP {
		if mark := cdn.Mark(w.c.HTTP[i].Header); mark != "" {
			networks[mark] = true
		}
	}
	var notes []string
	if servers != "" && !networks[servers] && len(addrs) > 0 {
		notes = append(notes, fmt.Sprintf("its name servers are %s's, and its addresses are in no list of theirs (of %s): the site is not behind that network", servers, cdn.AsOf()))
	}
	if len(addrs) == 1 && len(networks) == 0 {
		notes = append(notes, fmt.Sprintf("one address (%s): nothing takes over when it fails", addrs[0]))
	}
	return append(notes, w.counted()...)
}

// counted tells what was lost, as counts.
func (w *weighing) counted() (notes []string) {
	for i := range w.c.Pings {
		if p := &w.c.Pings[i]; p.Verdict == reach.Lossy {
			notes = append(notes, fmt.Sprintf("%s: %d of %d echo requests answered", p.Target, len(p.Replies), p.Sent))
		}
	}
	for i := range w.c.Connections {
		if c := &w.c.Connections[i]; c.Established && c.SYNRetransmits != nil && *c.SYNRetransmits > 0 {
			notes = append(notes, fmt.Sprintf("%s opened only after %d SYNs: one was lost, or the queue there is full", c.Target, *c.SYNRetransmits+1))
		}
	}
	for i := range w.c.Samples {
		first, _, _ := strings.Cut(w.c.Samples[i].String(), "\n")
		notes = append(notes, "counted: "+first)
	}
	return notes
}
