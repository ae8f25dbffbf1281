package why

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
)

// word is what one resolver said of the name's addresses, of both families: the
// best of its answers, since a missing AAAA beside an A is how most names are.
type word struct {
	resolver string
	verdict  reach.DNSVerdict
	answer   *reach.DNSAnswer
}

// resolution finds what the resolvers make of the name.
func (w *weighing) resolution() {
	words, types := w.words()
	if len(words) == 0 {
		if _, err := netip.ParseAddr(w.c.Name); err != nil {
			w.gap("whether the name resolves", "no resolver was asked for its addresses", "a resolver")
		}
		return
	}
	groups, order := map[reach.DNSVerdict][]word{}, []reach.DNSVerdict{}
	for _, x := range words {
		if groups[x.verdict] == nil {
			order = append(order, x.verdict)
		}
		groups[x.verdict] = append(groups[x.verdict], x)
	}
	w.nameScope = "the name " + w.c.Name
	if good := groups[reach.DNSAnswered]; len(good) > 0 {
		w.works(w.nameScope, StateWorks, fmt.Sprintf("%d of %d resolvers give an address (%s)", len(good), len(words), types))
	}
	for _, v := range order {
		if v != reach.DNSAnswered {
			w.resolvers(groups[v], len(words), len(groups[reach.DNSAnswered]))
		}
	}
}

func (w *weighing) words() (words []word, types string) {
	ranks := []reach.DNSVerdict{reach.DNSAnswered, reach.DNSNXDomain, reach.DNSNoData, reach.DNSServFail}
	better := func(a, b reach.DNSVerdict) bool {
		i, j := slices.Index(ranks, a), slices.Index(ranks, b)
		return i >= 0 && (j < 0 || i < j)
	}
	var kinds []string
	for i := range w.c.DNS {
		d := &w.c.DNS[i]
		if d.Type != "A" && d.Type != "AAAA" {
			continue
		}
		kinds = append(kinds, d.Type)
		for j := range d.Answers {
			a := &d.Answers[j]
			at := slices.IndexFunc(words, func(x word) bool { return x.resolver == a.Resolver })
			if at < 0 {
				words = append(words, word{a.Resolver, a.Verdict, a})
			} else if better(a.Verdict, words[at].verdict) {
				words[at] = word{a.Resolver, a.Verdict, a}
			}
		}
	}
	return words, strings.Join(once(kinds), " and ")
}

// resolvers finds why some resolvers do not give an address.
func (w *weighing) resolvers(group []word, all, good int) {
	names := make([]string, len(group))
	bogusNow, stub, alone := true, true, len(group) < 2
	facts := map[fact]string{}
	for i, x := range group {
		names[i] = x.resolver
		bogusNow = bogusNow && x.answer.Unchecked == "NOERROR"
		a, err := netip.ParseAddrPort(x.resolver)
		stub = stub && err == nil && a.Addr().IsLoopback() && a.Port() == 53
		if err == nil && w.world[family(a.Addr())][ownSideDead] != "" {
			facts[ownSideDead] = w.world[family(a.Addr())][ownSideDead]
		}
		if err == nil && w.life[a.Addr()] != "" {
			facts[alive] = w.life[a.Addr()]
		}
		if text := w.othersBy(x.resolver); text != "" {
			facts[resolverWorks] = text
		}
	}
	if text := w.world[""][anyControl]; text != "" {
		facts[controlUp] = text // whatever the family: the question is whether this host has a network
	}
	v := group[0].verdict
	scope := "the name at " + strings.Join(names, ", ")
	seen := fmt.Sprintf("%d of %d resolvers: %s", len(group), all, v)
	symptoms := map[reach.DNSVerdict]symptom{
		reach.DNSNXDomain: noName, reach.DNSNoData: noName, reach.DNSServFail: servFails, reach.DNSNoAnswer: noResolver,
		reach.DNSUnreachable: noResolver, reach.DNSLocalFailure: notAsked, reach.DNSRefused: badResolver,
		reach.DNSOtherRcode: badResolver, reach.DNSMalformed: badResolver,
	}
	s, ok := symptoms[v]
	switch {
	case !ok:
		w.find(scope, "", "", StateUnknown, facts, seen)
		return
	case s == noName && good > 0:
		s = unlikeOthers
	case s == servFails && bogusNow:
		s, seen = bogus, seen+", and an answer where signatures are not checked"
	case s == servFails && stub:
		s = stubFails
	case s == servFails && good > 0:
		s = unlikeOthers
	case s == servFails && alone:
		s = servFail
	case v == reach.DNSUnreachable && group[0].answer.Errno == "ECONNREFUSED":
		facts[alive] = "an error came back from " + names[0] // or from a rule on the way to it
	}
	if s == noResolver && facts[alive] == "" && w.world[""][anyControl] == "" {
		if down := cmp.Or(w.world["IPv4"][controlDown], w.world["IPv6"][controlDown]); down != "" {
			s, seen = alikeDead, seen+", and "+down
		}
	}
	w.find(scope, "", s, StateBroken, facts, seen)
}

// leads finds addresses that cannot be the site's: those of this very host where
// nothing listens, and those
// where the same resolver leads names that nobody has, or that have nothing in common.
func (w *weighing) leads() {
	w.nowhere = map[netip.Addr]string{}
	if _, err := netip.ParseAddr(w.c.Name); err == nil {
		return
	}
	for i := range w.c.DNS {
		for _, a := range w.c.DNS[i].Addrs() {
			if _, known := w.nowhere[a]; known {
				continue
			}
			seen, s := fmt.Sprintf("%s is an address of this very host", a), nowhere
			if !a.IsUnspecified() && (!a.IsLoopback() || w.listens(a)) {
				s = rewritten
				if seen = w.leadsOthers(a); seen == "" {
					continue
				}
			}
			w.nowhere[a] = seen
			w.siteAsked++
			w.find("the address "+a.String(), "", s, StateBroken, nil, seen)
		}
	}
}

func (w *weighing) listens(a netip.Addr) bool {
	return slices.ContainsFunc(w.c.Connections, func(c reach.Connection) bool {
		return c.Target.Addr() == a && c.Verdict != reach.Refused
	})
}

// leadsOthers says which other name leads to an address.
func (w *weighing) leadsOthers(a netip.Addr) string {
	for i := range w.c.NoSuchDNS {
		if d := &w.c.NoSuchDNS[i]; slices.Contains(d.Addrs(), a) {
			return fmt.Sprintf("%s, which nobody has, leads to %s too", d.Name, a)
		}
	}
	for i := range w.c.ControlDNS {
		if d := &w.c.ControlDNS[i]; slices.Contains(d.Addrs(), a) && !sameSite(d.Name, w.c.Name) && len(cdn.Lookup(a)) == 0 {
			return fmt.Sprintf("%s leads to %s too", d.Name, a)
		}
	}
	return ""
}

// othersBy tells what else a resolver could answer.
func (w *weighing) othersBy(resolver string) string {
	for _, list := range [][]reach.Comparison{w.c.ControlDNS, w.c.DNS} {
		for i := range list {
			for j := range list[i].Answers {
				a := &list[i].Answers[j]
				if a.Resolver == resolver && a.Verdict == reach.DNSAnswered && list[i].Name != w.c.Name {
					return fmt.Sprintf("%s answers for %s", resolver, list[i].Name)
				}
			}
		}
	}
	return ""
}
