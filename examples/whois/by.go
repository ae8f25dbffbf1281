package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

// by groups a list of addresses, as "uniq -c" writes it, by whose they are.
func by(ctx context.Context, many *bulk.Bulk, p *program.Program, how grouping, in io.Reader) int {
	requests, odd, err := readCounts(in)
	if err != nil {
		return p.Fail(err)
	}
	if how.key != "holder" && how.key != "asn" && how.key != "country" {
		return p.Misused("-by takes holder, asn or country")
	}
	if how.announced && how.key != "asn" {
		return p.Misused("-announced goes with -by asn")
	}
	if len(requests) == 0 {
		return p.Misused("-by reads a list of addresses on stdin, such as that of uniq -c")
	}
	groups, left, code := gather(ctx, many, p, how, requests)
	if len(odd) > 0 {
		left.Unseen, code = append(odd, left.Unseen...), program.CannotTell
	}
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
		if !how.nft {
			code = max(code, p.Print(g, program.Healthy))
		}
	}
	if how.nft {
		printNft(p.Stdout, bulk.Prefixes(slices.Values(all)))
		fmt.Fprintln(p.Stderr, left)
	} else if !p.JSON || len(left.Unseen) > 0 {
		code = max(code, p.Print(left, program.Healthy))
	}
	return code
}

func gather(ctx context.Context, many *bulk.Bulk, p *program.Program, how grouping, requests map[netip.Addr]int) (groups map[string]*group, left rest, code int) {
	groups, done := map[string]*group{}, 0
	var keys map[netip.Addr]string
	if how.announced {
		keys, code = announcers(ctx, many, p, requests)
	} else if how.key == "asn" {
		left.Unseen = append(left.Unseen, unasked())
	}
	var failures failures
	watched := program.Terminal(p.Stderr)
	defer func() {
		if watched {
			fmt.Fprintln(p.Stderr)
		}
		failures.print(p.Stderr)
		left.Unseen = append(left.Unseen, failures.gaps()...)
	}()
	for res, err := range many.Lookup(ctx, maps.Keys(requests)) {
		if done++; watched {
			fmt.Fprintf(p.Stderr, "\r%d of %d", done, len(requests))
		}
		name := "not known"
		if err == nil {
			name = keyOf(res, how.key)
		} else {
			code = program.CannotTell
			failures.add(res.Addr, err)
		}
		if !res.Addr.IsValid() {
			continue
		}
		if how.announced {
			name = keys[res.Addr]
		}
		for _, gap := range res.Gaps() {
			if err == nil && !slices.Contains(left.Unseen, gap) {
				left.Unseen = append(left.Unseen, gap)
			}
		}
		g := groups[name]
		if g == nil {
			g = &group{Key: name, From: how.from(), ranges: map[whoislookup.Range]bool{}}
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
	return groups, left, code
}
