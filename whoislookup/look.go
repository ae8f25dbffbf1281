package whoislookup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// look asks every server that the query needs and reads their answers.
func (c *Client) look(ctx context.Context, q Query) (*Record, error) {
	if hop, ok := localHop(q); ok && c.Server == "" {
		rec := &Record{Query: q, Hops: []Hop{hop}}
		for _, a := range embedded(q.Prefix) {
			if inner, _ := c.look(ctx, addrQuery(a)); inner != nil {
				rec.Embedded = append(rec.Embedded, inner)
			}
		}
		return rec, unanswered(rec.judge())
	}
	var hops []Hop
	silent := "Client.Server or Client.Protocols leaves it out" // why RDAP says nothing
	if c.wants("rdap") {
		if hops = c.lookRDAP(ctx, q); len(hops) == 0 {
			silent = "no RDAP service is known"
		}
	}
	if len(hops) > 0 {
		rec, err := Assemble(q, hops)
		if !c.wants("whois") {
			c.oneSided(rec, "what WHOIS says", "Client.Protocols leaves it out")
			return rec, err
		}
		// Not every registry of numbers knows by RDAP what another keeps, and
		// which one does may have changed: WHOIS refers to it.
		told := rec.Verdict == VerdictFound || rec.Verdict == VerdictNotFound
		answered := told && (rec.Verdict == VerdictFound || q.Kind == KindDomain)
		if answered && !c.Compare && !echoed(rec) {
			return rec, err
		}
		if silent = ""; !told && err != nil {
			silent = err.Error()
		}
	}
	if !c.wants("whois") {
		return nil, &opskit.Error{Op: "look up", Target: q.Text, Err: ErrNoServer}
	}
	rec, err := c.lookWHOIS(ctx, q, hops)
	c.oneSided(rec, "what RDAP says", silent)
	return rec, err
}

// oneSided notes in a record that was to be compared that there is nothing to
// compare it with; why is empty if there is.
func (c *Client) oneSided(rec *Record, what, why string) {
	if c.Compare && why != "" && rec != nil && rec.Verdict == VerdictFound {
		rec.Unseen = append(rec.Unseen, opskit.Gap{What: what, Why: why})
	}
}

// protocols returns those to use. A server of one's own is a WHOIS server.
func (c *Client) protocols() []string {
	if c.Server != "" {
		return []string{"whois"}
	}
	if c.Protocols != nil {
		return c.Protocols
	}
	return []string{"rdap", "whois"}
}

func (c *Client) wants(protocol string) bool { return slices.Contains(c.protocols(), protocol) }

// echoed reports whether the server gave the queried address for the network,
// so that the other protocol has to be asked.
func echoed(rec *Record) bool {
	return rec.Network != nil && slices.ContainsFunc(rec.Undecided, func(g opskit.Gap) bool { return g.Need == "WHOIS" })
}

// lookWHOIS asks over WHOIS, after the hops that gave no answer.
func (c *Client) lookWHOIS(ctx context.Context, q Query, hops []Hop) (*Record, error) {
	target, ok := c.first(q)
	if !ok {
		return nil, &opskit.Error{Op: "look up", Target: q.Text, Err: ErrNoServer}
	}
	before := len(hops)
	asked := map[string]bool{}
	fellBack := false
	var stop error
	for {
		switch {
		case asked[target.Host]:
			stop = fmt.Errorf("referred to %s again: %w", target.Host, ErrLoop)
		case len(hops)-before >= c.maxHops():
			stop = fmt.Errorf("%d servers asked, and referred to %s: %w", len(hops)-before, target.Host, ErrLoop)
		}
		if stop != nil {
			break
		}
		asked[target.Host] = true
		hop := c.ask(ctx, target, line(target.Host, q))
		hops = append(hops, hop)
		next, outcome := follow(q, hop)
		if outcome == outcomeAbsent && !q.Prefix.IsSingleIP() && strings.HasPrefix(hop.Sent, exactly) {
			hop = c.ask(ctx, target, line(target.Host, addrQuery(q.Prefix.Addr())))
			hops = append(hops, hop)
			next, outcome = follow(q, hop)
		}
		if outcome == outcomeLost && len(asked) == 1 && c.Server == "" && target.Host != servers.IANA && q.Kind != KindHandle && ctx.Err() == nil {
			// The table may be out of date: IANA knows who is asked now, but for
			// handles, and would say that there is none.
			fellBack, target = true, read.Referral{Scheme: "whois", Host: servers.IANA, Port: 43}
			continue
		}
		if outcome != outcomeReferred || fellBack && len(asked) == 2 && asked[next.Host] {
			break // or IANA names the server that gave no answer
		}
		target = next
	}
	rec, err := Assemble(q, hops)
	if stop != nil && rec.Verdict != VerdictFound {
		err = &opskit.Error{Op: "follow referral", Target: q.Text, Err: stop}
		rec.Unseen = append(rec.Unseen, opskit.Gap{What: rec.whose(), Why: err.Error(), Need: "the answer of the registry that keeps it"})
	}
	return rec, err
}

// first chooses the server to start with.
func (c *Client) first(q Query) (read.Referral, bool) {
	if c.Server != "" {
		return read.ParseReferral(c.Server)
	}
	host, ok := "", false
	switch q.Kind {
	case KindIP:
		host, ok = c.Table.Addr(q.Prefix.Addr())
	case KindASN:
		host, ok = c.Table.ASN(q.ASN)
	case KindDomain:
		if host, ok = c.reverseServer(q.Text); ok {
			break
		}
		host, ok = c.Table.Domain(q.Text)
		if !strings.Contains(q.Text, ".") {
			host, ok = servers.IANA, true
		}
	case KindHandle:
		host, ok = handleServer(q.Text), true
	}
	if !ok {
		host = servers.IANA
	}
	return read.Referral{Scheme: "whois", Host: host, Port: 43}, true
}

// exactly begins ARIN's query for one prefix. A prefix that is a part of a
// network is not found by it, and the network by an address of it.
const exactly = "r + = "

// outcome is what an answer means for whom to ask next.
type outcome uint8

const (
	outcomeFinal    outcome = iota // nobody: an answer, or a refusal
	outcomeReferred                // another server
	outcomeAbsent                  // nobody: the server has no such thing
	outcomeLost                    // who is not known: no server of the registry's, or not any more
)

// follow reads an answer as far as it tells whom to ask next. It asks no
// further once an answer is complete: a registrar is asked only when the
// registry does not say who holds the name.
func follow(q Query, h Hop) (read.Referral, outcome) {
	rec, p, err := (&Record{Query: q, Hops: []Hop{h}}).readHop(0)
	switch {
	case errors.Is(err, read.ErrNotFound):
		return read.Referral{}, outcomeAbsent
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrGarbage):
		return read.Referral{}, outcomeLost
	case err != nil:
		return read.Referral{}, outcomeFinal
	case p.Referral.Host != "" && p.Referral.Host != read.HostOf(h.Server):
		return p.Referral, outcomeReferred
	case rec.Verdict == VerdictElsewhere && !strings.HasSuffix(read.HostOf(h.Server), ".arin.net"):
		return read.Referral{}, outcomeLost // ARIN itself tells which other registry it is
	}
	return read.Referral{}, outcomeFinal
}

// line returns what to send to a server.
func line(host string, q Query) string {
	kind, text := servers.KindHandle, q.Text
	switch q.Kind {
	case KindHandle:
		if host != jpnic { // whose handles are in upper case; elsewhere case counts for nothing
			text = strings.ToLower(text)
		}
	case KindIP:
		kind = servers.KindAddr
	case KindASN:
		kind = servers.KindASN
	case KindDomain:
		kind = servers.KindDomain
	}
	return servers.Line(host, kind, text)
}
