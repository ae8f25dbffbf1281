package dnsroot

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Trouble is one kind of thing that is wrong, and with whom: with servers, or
// with a path from here that all of them share.
type Trouble struct {
	Kind    string       `json:"kind"`              // "no_answer", "loss", "expired", ...
	Makes   Verdict      `json:"makes"`             // what it makes of a server; Unknown where it cannot be told whose it is
	Path    bool         `json:"path,omitempty"`    // it hits the paths as a whole: this host, its network, or all servers
	Vantage string       `json:"vantage,omitempty"` // where it was seen, if not everywhere
	Servers []string     `json:"servers,omitzero"`  // whom it hits
	Addrs   []netip.Addr `json:"addrs,omitzero"`    // of these
	Paths   []string     `json:"paths,omitzero"`    // "IPv4 UDP"
	Details []string     `json:"details,omitempty"` // what was seen, each once
}

// kinds are the things that can be wrong, the worst first: what each makes of a
// server, and of all servers where it hits a whole path.
var kinds = []struct {
	name           string
	server, path   Verdict
	counts         bool // it is a share of the questions: more than half of the servers make it the path's
	text, next     string
	never, allOnly bool // never the path's; of a server only where all that it answers is so
}{
	{name: "two_answers", server: Suspicious, path: Suspicious, text: "several answers to one question, of which one is forged", next: nextForged},
	{name: "forged", server: Suspicious, path: Suspicious, text: "messages that were no answer to the question: forged, or a broken server", next: nextForged},
	{name: "no_authority", server: Suspicious, path: Suspicious, text: "answers without authority (AA is not set): not the server's own", next: nextForged},
	{name: "recursion", server: Suspicious, path: Suspicious, text: "offers recursion (RA is set), which no root server does: a resolver answers in its place", next: nextForged},
	{name: "rewritten", server: Suspicious, path: Suspicious, text: "an answer for a name that is not there: something rewrites answers", next: nextForged},
	{name: "other_identity", server: Suspicious, path: Suspicious, text: "the identity of another letter", next: nextForged},
	{name: "one_identity", server: Suspicious, path: Suspicious, text: "the identity of one machine on several letters: it answers in their place", next: nextForged},
	{name: "wrong_key", server: Invalid, path: Unknown, text: "signed by keys that no trust anchor leads to", next: nextInvalid},
	{name: "bad_signature", server: Invalid, path: Unknown, text: "signatures that do not prove the records", next: nextInvalid},
	{name: "unsigned", server: Invalid, path: Unknown, text: "no signatures", next: nextInvalid},
	{name: "expired", server: Invalid, path: Unknown, text: "expired signatures, which another server's zone proves", next: nextInvalid},
	{name: "lame", server: Lame, path: Unknown, text: "answers, but not with the zone", allOnly: true, next: nextElsewhere},
	{name: "stale", server: Stale, text: "an old zone", never: true, next: "compare this host's clock with another source before calling a server stale"},
	{name: "no_answer", server: Unreachable, path: Unknown, counts: true, allOnly: true, text: "no answer", next: nextElsewhere},
	{name: "refused", server: Unreachable, path: Unknown, counts: true, allOnly: true, text: "refused", next: nextElsewhere},
	{name: "loss", server: Degraded, path: Unknown, counts: true, text: "questions lost", next: nextElsewhere},
	{name: "large_lost", server: Degraded, path: Unknown, counts: true, text: "large answers lost, small ones not: fragments or a path MTU on the way", next: nextElsewhere},
	{name: "slow", server: Degraded, path: Healthy, counts: true, text: "slow", next: nextElsewhere},
	{name: "withheld", server: Degraded, path: Unknown, text: "some answers failed", next: nextElsewhere},
	{name: "ending", server: Degraded, never: true, text: "signatures that end soon", next: "have the zone signed again, and see why it was not"},
	{name: "not_listed", server: Degraded, never: true, text: "no name server of the zone by the zone's own list, but by the list that was asked after", next: "have the parent's list and the zone's own made one"},
	{name: "untimely", server: Unknown, path: Unknown, text: "sound signatures, but not at this host's time"},
	{name: "behind", server: Unknown, never: true, text: "behind the newest zone, which may still be on its way", next: "ask again in three hours: a server that is still behind then is stale"},
	{name: "loss_unclear", server: Unknown, path: Unknown, counts: true, text: "questions lost, too few to tell from chance", next: nextElsewhere},
	{name: "unproved", server: Unknown, path: Unknown, text: "not validated"},
	{name: "lists_differ", server: Healthy, never: true, text: "another list of name servers than most", next: ""},
	{name: "identities_differ", server: Healthy, never: true, text: "other identities by other questions"},
	{name: "some_loss", server: Healthy, path: Healthy, text: "questions lost, as few as chance has them"},
}

const (
	nextForged    = "compare with the same server from another network: an answer that does not validate must not be used"
	nextInvalid   = nextForged
	nextElsewhere = "sweep from another network before calling a server down"
)

func kindOf(name string) int {
	for i := range kinds {
		if kinds[i].name == name {
			return i
		}
	}
	return len(kinds) - 1
}

// String prints the trouble on one line.
func (t Trouble) String() string {
	k := kinds[kindOf(t.Kind)]
	text := k.text
	if k.name != t.Kind {
		text = strings.ReplaceAll(t.Kind, "_", " ")
	}
	who := names(t.Servers)
	if len(t.Servers) > 12 {
		who = fmt.Sprintf("%d servers", len(t.Servers))
	}
	line := fmt.Sprintf("%s: %s over %s: %s", t.Makes, who, strings.Join(t.Paths, ", "), text)
	if t.Path {
		line = fmt.Sprintf("path %s: %s: %s", strings.Join(t.Paths, ", "), who, text)
	}
	if t.Vantage != "" {
		line = "from " + t.Vantage + ": " + line
	}
	details := t.Details
	most := 3
	if t.Path {
		most = 1
	}
	if more := len(details) - most; more > 0 {
		details = append(slices.Clone(details[:most]), fmt.Sprintf("and %d more", more))
	}
	if len(details) > 0 {
		line += " (" + strings.Join(details, "; ") + ")"
	}
	if len(t.Addrs) > 0 && len(t.Addrs) <= 26 && !t.Path {
		addrs := make([]string, len(t.Addrs))
		for i, a := range t.Addrs {
			addrs[i] = a.String()
		}
		line += ": at " + strings.Join(addrs, " ")
	}
	return opskit.Escape(line)
}

// troubles puts together what hits the same servers in the same way, the worst
// first, and what would decide where that cannot be told.
func (a *Assessment) troubles(judges []*judge) {
	type group struct {
		Trouble
		kind  int
		hosts []string
	}
	var groups []*group
	for _, j := range judges {
		for _, one := range j.grouped() {
			i := slices.IndexFunc(groups, func(g *group) bool {
				return g.kind == one.kind && g.Path == one.Path && slices.Equal(g.Servers, one.Servers) && slices.Equal(g.Paths, one.Paths)
			})
			if i < 0 {
				groups = append(groups, &group{Trouble: one.Trouble, kind: one.kind, hosts: []string{j.name}})
				continue
			}
			groups[i].hosts = append(groups[i].hosts, j.name)
			for _, detail := range one.Details {
				if !slices.Contains(groups[i].Details, detail) {
					groups[i].Details = append(groups[i].Details, detail)
				}
			}
		}
	}
	slices.SortStableFunc(groups, func(x, y *group) int { return x.kind - y.kind })
	for _, g := range groups {
		if len(g.hosts) < len(judges) {
			g.Vantage = strings.Join(g.hosts, ", ")
		}
		a.Troubles = append(a.Troubles, g.Trouble)
		if kinds[g.kind].next == nextForged && g.Path && g.Makes == Unknown {
			a.next("compare the trust anchors and this host's clock with another source, then sweep from another network")
		} else {
			a.next(kinds[g.kind].next)
		}
		if g.Path && g.Makes == Unknown && len(g.hosts) == len(judges) {
			a.Undecided = append(a.Undecided, opskit.Gap{
				What: "the servers over " + strings.Join(g.Paths, ", "),
				Why:  kinds[g.kind].text + " on the whole path: this host's own network cannot be told from the servers",
				Need: "a sweep from another network",
			})
		}
	}
}

type trouble struct {
	Trouble
	kind int
}

// grouped are the facts of one sweep by kind and by who has them where.
func (j *judge) grouped() (list []trouble) {
	type key struct {
		kind   int
		path   bool
		server string
	}
	at := map[key]*trouble{}
	var order []key
	for _, f := range j.facts {
		k := key{f.kind, f.path, f.probe.Server}
		t := at[k]
		if t == nil {
			row := kinds[f.kind]
			verdict := row.server
			switch {
			case f.path:
				verdict = row.path
			case row.allOnly:
				if verdict, _ = j.server(f.probe.Server); verdict != row.server {
					verdict = Degraded
				}
			}
			t = &trouble{Trouble{Kind: row.name, Makes: verdict, Path: f.path, Servers: []string{f.probe.Server}}, f.kind}
			at[k], order = t, append(order, k)
		}
		add(&t.Addrs, f.probe.Addr.Addr())
		add(&t.Paths, f.probe.path())
		add(&t.Details, f.detail)
	}
	for _, k := range order {
		t := at[k]
		i := slices.IndexFunc(list, func(o trouble) bool {
			return o.kind == t.kind && o.Path == t.Path && o.Makes == t.Makes && (t.Path || slices.Equal(o.Paths, t.Paths))
		})
		if i < 0 {
			list = append(list, *t)
			continue
		}
		o := &list[i]
		for _, a := range t.Addrs {
			add(&o.Addrs, a)
		}
		for _, path := range t.Paths {
			add(&o.Paths, path)
		}
		for _, d := range t.Details {
			add(&o.Details, d)
		}
		add(&o.Servers, t.Servers[0])
	}
	for i := range list {
		slices.Sort(list[i].Paths)
	}
	return list
}

func add[T comparable](list *[]T, item T) {
	if !slices.Contains(*list, item) {
		*list = append(*list, item)
	}
}
