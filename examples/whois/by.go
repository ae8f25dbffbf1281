package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

// group is what one holder, AS or country has of the list.
type group struct {
	Key       string         `json:"key"`
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
	if len(p) > 0 {
		s.WriteString("\n  block: " + strings.Join(p, ", "))
	}
	for _, a := range g.Abuse {
		s.WriteString("\n  abuse: " + strconv.QuoteToGraphic(a))
	}
	return s.String()
}

// by groups a list of addresses, as "uniq -c" writes it, by whose they are.
func by(ctx context.Context, many *bulk.Bulk, p *program.Program, key string, nft bool, in io.Reader) int {
	requests, err := readCounts(in)
	if err != nil {
		return p.Fail(err)
	}
	if key != "holder" && key != "asn" && key != "country" {
		return p.Misused("-by takes holder, asn or country")
	}
	if len(requests) == 0 {
		return p.Misused("-by reads a list of addresses on stdin, such as that of uniq -c")
	}
	groups, unseen, code := gather(ctx, many, p, key, requests)
	sorted := slices.SortedFunc(maps.Values(groups), func(a, b *group) int {
		if a.Requests != b.Requests {
			return b.Requests - a.Requests
		}
		return strings.Compare(a.Key, b.Key)
	})
	var all []whoislookup.Range
	for _, g := range sorted {
		g.Prefixes = bulk.Prefixes(maps.Keys(g.ranges))
		all = slices.AppendSeq(all, maps.Keys(g.ranges))
		if !nft {
			code = max(code, p.Print(g, program.Healthy))
		}
	}
	if nft {
		printNft(p.Stdout, bulk.Prefixes(slices.Values(all)))
	} else if !p.JSON {
		if len(unseen) == 0 {
			unseen = []string{"nothing more"}
		}
		fmt.Fprintln(p.Stdout, "not checked: "+strings.Join(unseen, "; "))
	}
	return code
}

func gather(ctx context.Context, many *bulk.Bulk, p *program.Program, key string, requests map[netip.Addr]int) (groups map[string]*group, unseen []string, code int) {
	groups, done := map[string]*group{}, 0
	for res, err := range many.Lookup(ctx, maps.Keys(requests)) {
		if done++; progress(p.Stderr) {
			fmt.Fprintf(p.Stderr, "\r%d of %d", done, len(requests))
		}
		name := "not known"
		if err == nil {
			name = keyOf(res, key)
		} else if !errors.Is(err, whoislookup.ErrNotFound) && !errors.Is(err, whoislookup.ErrReserved) {
			code = program.CannotTell
			fmt.Fprintf(p.Stderr, "%s: %v\n", res.Addr, err)
		}
		if !res.Addr.IsValid() {
			continue
		}
		for _, gap := range res.Unseen {
			if text := gap.String(); !slices.Contains(unseen, text) {
				unseen = append(unseen, text)
			}
		}
		g := groups[name]
		if g == nil {
			g = &group{Key: name, ranges: map[whoislookup.Range]bool{}}
			groups[name] = g
		}
		g.Requests += requests[res.Addr]
		g.Addresses++
		if r := res.Range(); r.IsValid() {
			g.ranges[r] = true
		}
		if res.Record != nil {
			for _, a := range res.Record.Abuse {
				if !slices.Contains(g.Abuse, a.Email) {
					g.Abuse = append(g.Abuse, a.Email)
				}
			}
		}
	}
	return groups, unseen, code
}

func keyOf(res bulk.Result, key string) string {
	s := res.Country()
	if res.Record == nil {
		res.Record = &whoislookup.Record{} // answered from a file
	}
	switch n := res.Record.Network; {
	case key == "holder":
		s = res.Record.Holder.Name
	case key == "asn" && n != nil && len(n.Origin) > 0:
		s = fmt.Sprintf("AS%d", n.Origin[0])
	case key == "asn" && n != nil && len(n.Routes) > 0:
		s = fmt.Sprintf("AS%d", n.Routes[0].Origin)
	case key == "asn":
		s = ""
	}
	if s == "" {
		return "not published"
	}
	return s
}
