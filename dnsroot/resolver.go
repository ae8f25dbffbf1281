package dnsroot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// ResolverReport is what one recursive resolver makes of the root. What it
// answered is the evidence; all else is derived by Judge.
type ResolverReport struct {
	Addr       netip.AddrPort `json:"addr"`                   // of the resolver
	Started    time.Time      `json:"started"`                // wall clock, UTC
	Small      Count          `json:"small"`                  // questions over UDP whose answers fit into 512 bytes
	Large      Count          `json:"large"`                  // questions whose answers may have signatures
	Rcode      string         `json:"rcode,omitempty"`        // to ". SOA"
	Unchecked  string         `json:"unchecked,omitempty"`    // to the same with checking disabled (CD)
	Recursive  *bool          `json:"recursive,omitempty"`    // RA
	Validated  *bool          `json:"validated,omitempty"`    // AD: what the resolver says
	Serial     *uint32        `json:"serial,omitempty"`       // of the root zone that it has
	Proof      Validation     `json:"proof"`                  // of that answer by the anchors here
	NoSuchName string         `json:"no_such_name,omitempty"` // what a name at random that is not there was answered with
	Hints      []Server       `json:"hints,omitzero"`         // what its list of root servers is compared with
	Servers    []Server       `json:"servers,omitzero"`       // root servers as it knows them; without addresses where it has none
	Keys       []trustedKey   `json:"keys,omitempty"`         // of the anchors here, which it trusts
	Doubled    []Doubled      `json:"doubled,omitempty"`      // questions that got several answers
	Discarded  []Discarded    `json:"discarded,omitempty"`    // what came and was no answer
	Err        opskit.Failure `json:"error,omitzero"`         // why it did not answer, if it did not

	Verdict   Verdict      `json:"verdict"`             // of the resolver
	Evidence  []string     `json:"evidence,omitempty"`  // what the verdict rests on, a sentence each
	Next      []string     `json:"next,omitempty"`      // what to do now, where that is known
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what could not be told
}

// trustedKey is whether a resolver trusts a root key, by the sentinels of RFC
// 8509: of the two names one answers and the other fails.
type trustedKey struct {
	KeyTag  uint16 `json:"key_tag"`           // of the key
	IsTA    string `json:"is_ta,omitempty"`   // rcode of root-key-sentinel-is-ta
	NotTA   string `json:"not_ta,omitempty"`  // rcode of root-key-sentinel-not-ta
	Trusted *bool  `json:"trusted,omitempty"` // nil: cannot tell, the resolver has no sentinels
}

// CheckResolver asks a recursive resolver about the root: whether it reaches the
// root servers and knows their present addresses (those of Client.Hints),
// validates, trusts the keys of Client.Anchors (RFC 8509), answers for names that
// are not there, and loses large answers. It asks the resolver and nobody else,
// some 40 questions, and blocks for a dozen timeouts at most.
//
// The error is not nil only if ctx ended.
func (c *Client) CheckResolver(ctx context.Context, resolver netip.AddrPort) (*ResolverReport, error) {
	r := &ResolverReport{Addr: resolver, Started: c.now().UTC(), Hints: c.hints().Servers}
	one := *c
	one.Linger = max(c.Linger, 0)
	pace := c.pacer()
	var mu sync.Mutex
	ask := func(q question) answer {
		q.rd = true
		a := one.ask(ctx, pace, q, resolver, TransportUDP)
		mu.Lock()
		defer mu.Unlock()
		for _, d := range a.reply.Discarded {
			r.Discarded = discard(r.Discarded, d.Why, d.Count)
		}
		count := &r.Large // whatever may come with signatures
		if q.plain {
			count = &r.Small
		}
		answered := a.err == nil || a.reply.Wire != nil || errors.Is(a.err, ErrTruncated)
		if answered || !errors.Is(a.err, ErrNotSent) {
			count.Sent++
			if !answered {
				count.Lost++
			}
		}
		if a.err != nil && r.Err.IsZero() && r.Rcode == "" {
			r.Err = opskit.Fail(&opskit.Error{Op: "query " + q.String(), Target: resolver.String(), Err: a.err})
		}
		return a
	}
	again := func(q question) (a answer) {
		for range 3 { // one lost packet proves nothing
			if r.Large.Lost == r.Large.Sent && r.Large.Sent > 4 && !q.plain {
				return answer{err: ErrNoAnswer} // none of that size comes
			}
			if a = ask(q); a.err == nil || !errors.Is(a.err, ErrNoAnswer) {
				break
			}
		}
		return a
	}
	soa := again(askSOA("."))
	if soa.err == nil {
		r.Rcode = rcodeText(soa.msg.Rcode)
		r.Recursive, r.Validated = new(soa.msg.RecursionAvailable), new(soa.msg.AuthenticatedData)
	} else if small := again(askSmall(".")); small.err != nil {
		r.Judge()
		return r, c.over(ctx, "check resolver")
	}
	unchecked := askSOA(".")
	unchecked.cd = true
	free := again(unchecked)
	if free.err == nil {
		r.Unchecked = rcodeText(free.msg.Rcode)
		if n, ok := serial(free.msg, "."); ok {
			r.Serial = &n
		}
		keys := askDNSKEY(".")
		keys.cd = true
		if k := again(keys); k.err == nil {
			r.Proof = Validate(free.reply.Wire, k.reply.Wire, c.anchors(), r.Started)
		} else {
			r.Proof = unproven(SecurityUnknown, "validate . SOA", k.err)
		}
	}
	if a := again(question{name: fmt.Sprintf("opskit-%016x.", rand.Uint64()), qtype: dns.TypeA}); a.err == nil {
		r.NoSuchName = rcodeText(a.msg.Rcode)
		if len(a.msg.Answer) > 0 {
			r.NoSuchName += fmt.Sprintf(" with %d records", len(a.msg.Answer))
		}
	}
	r.list(again)
	for _, a := range c.anchors() {
		key := trustedKey{KeyTag: a.KeyTag}
		for kind, to := range map[string]*string{"is-ta": &key.IsTA, "not-ta": &key.NotTA} {
			if a := again(question{name: fmt.Sprintf("root-key-sentinel-%s-%05d.", kind, key.KeyTag), qtype: dns.TypeA}); a.err == nil {
				*to = rcodeText(a.msg.Rcode)
			}
		}
		r.Keys = append(r.Keys, key)
	}
	var wg sync.WaitGroup // so that loss by size shows
	for range fewestSmall - r.Small.Sent {
		wg.Go(func() { ask(askSmall(".")) })
	}
	for i := range fewestSmall - r.Large.Sent {
		wg.Go(func() { ask([]question{askDNSKEY("."), askNS(".")}[i%2]) })
	}
	wg.Wait()
	r.Judge()
	return r, c.over(ctx, "check resolver")
}

func (c *Client) over(ctx context.Context, op string) error {
	if err := ended(ctx); err != nil {
		return &opskit.Error{Op: op, Err: err}
	}
	return nil
}

// list asks for the root servers as the resolver knows them.
func (r *ResolverReport) list(again func(question) answer) {
	ns := again(askNS("."))
	if ns.err != nil {
		return
	}
	for _, name := range servers(ns.msg, ".") {
		s := Server{Name: name}
		addrs := map[string][]netip.Addr{name: nil}
		glue(ns.msg.Extra, addrs)
		s.Addrs = addrs[name]
		r.Servers = append(r.Servers, s)
	}
}

// rejects reports an rcode of a resolver that could not, or would not, answer;
// no answer is none.
func rejects(rcode string) bool { return rcode == "SERVFAIL" || rcode == "REFUSED" }

// Judge derives the verdict anew.
func (r *ResolverReport) Judge() opskit.Level {
	r.Verdict, r.Evidence, r.Next, r.Undecided = Unknown, nil, nil, nil
	say := func(v Verdict, format string, args ...any) {
		r.Evidence = append(r.Evidence, fmt.Sprintf(format, args...))
		order := []Verdict{Suspicious, Invalid, Lame, Degraded, Healthy, Unknown}
		if slices.Index(order, v) < slices.Index(order, r.Verdict) {
			r.Verdict = v
		}
	}
	gap := func(what, why, need string) {
		r.Undecided = append(r.Undecided, opskit.Gap{What: what, Why: why, Need: need})
	}
	if r.Rcode == "" && r.Unchecked == "" && r.Small.Lost == r.Small.Sent {
		gap("the resolver", cmp.Or(r.Err.String(), "it was not asked"), "an answer from it, or the same questions from another host")
		return r.Level()
	}
	for _, d := range r.Discarded {
		say(Suspicious, "%d messages were no answer to the question (%s): forged, or a broken resolver", d.Count, d.Why)
	}
	if strings.Contains(r.NoSuchName, " with ") {
		say(Suspicious, "answers for a name that is not there (%s): it, or something before it, rewrites NXDOMAIN", r.NoSuchName)
	}
	proved, bad := r.Proof.Security == SecuritySecure, r.Proof.Security == SecurityBogus || r.Proof.Security == SecurityUnsigned
	switch {
	case r.Recursive != nil && !*r.Recursive:
		say(Lame, "offers no recursion (RA is not set)")
	case rejects(r.Rcode) && rejects(r.Unchecked):
		say(Lame, "answers %s for the root, with checking disabled too: it does not reach the root servers, or not for this host", r.Rcode)
	case rejects(r.Rcode) && proved:
		say(Invalid, "answers %s for the root, and with checking disabled an answer that validates here: its trust anchors are outdated, or its clock is wrong", r.Rcode)
		r.Next = append(r.Next, "compare the resolver's trust anchors and clock with another source")
	case rejects(r.Rcode) && bad:
		say(Invalid, "answers %s for the root, and with checking disabled an answer that does not validate here either: something answers in place of the root servers on its way", r.Rcode)
	case bad:
		say(Suspicious, "its answer about the root does not validate (%s): something answers in place of the root servers, or strips signatures", r.Proof.Why)
	case r.Validated != nil && *r.Validated && proved:
		say(Healthy, "reaches the root, validates (AD), and its answer validates here")
	case r.Validated != nil && !*r.Validated && proved:
		say(Degraded, "reaches the root, but does not validate (AD is not set)")
	default:
		gap("whether it validates", cmp.Or(r.Proof.Why.String(), "its answers could not be checked here"), "the root's trust anchors, and answers with signatures")
	}
	r.judgeKeys(say, gap)
	r.judgeList(say, gap)
	probe := Probe{Small: r.Small, Large: r.Large}
	switch probe.loss() {
	case lossLarge:
		say(Degraded, "loses large answers (%d of %d) and not small ones (%d of %d): fragments or a path MTU on the way", r.Large.Lost, r.Large.Sent, r.Small.Lost, r.Small.Sent)
	case lossCertain:
		say(Degraded, "loses %d of %d questions", r.Large.Lost+r.Small.Lost, r.Large.Sent+r.Small.Sent)
	case lossUnclear:
		gap("whether it loses questions", fmt.Sprintf("%d of %d were lost, too few to tell from chance", r.Large.Lost+r.Small.Lost, r.Large.Sent+r.Small.Sent), "more questions")
	}
	return r.Level()
}

// judgeKeys says which keys the resolver trusts.
func (r *ResolverReport) judgeKeys(say func(Verdict, string, ...any), gap func(what, why, need string)) {
	var trusted, not []string
	for i := range r.Keys {
		k := &r.Keys[i]
		k.Trusted = nil
		is, isNot := rejects(k.IsTA), rejects(k.NotTA)
		switch {
		case k.IsTA == "" || k.NotTA == "" || is == isNot:
			gap(fmt.Sprintf("whether it trusts key %d", k.KeyTag), "it has no sentinels (RFC 8509), or does not validate", "its configuration")
		case is:
			k.Trusted, not = new(false), append(not, fmt.Sprint(k.KeyTag))
		default:
			k.Trusted, trusted = new(true), append(trusted, fmt.Sprint(k.KeyTag))
		}
	}
	if len(trusted) > 0 {
		say(Unknown, "trusts key %s", strings.Join(trusted, ", "))
	}
	if len(not) > 0 {
		say(Degraded, "does not trust key %s: its trust anchors are outdated", strings.Join(not, ", "))
		r.Next = append(r.Next, "give the resolver the root's present trust anchors before that key alone signs")
	}
}

// judgeList compares the root servers as it knows them.
func (r *ResolverReport) judgeList(say func(Verdict, string, ...any), gap func(what, why, need string)) {
	var names, known, gone []string
	for _, s := range r.Hints {
		known = append(known, s.Name)
	}
	for _, s := range r.Servers {
		names = append(names, s.Name)
		for _, h := range r.Hints {
			for _, a := range s.Addrs {
				if h.Name == s.Name && !slices.Contains(h.Addrs, a) {
					gone = append(gone, a.String())
				}
			}
		}
	}
	slices.Sort(known)
	switch {
	case len(names) == 0:
		gap("which root servers it knows", "it did not tell", "an answer to . NS")
	case !slices.Equal(names, known):
		say(Degraded, "lists other root servers (%d) than the hints here (%d)", len(names), len(known))
	case len(gone) > 0:
		say(Degraded, "has addresses of root servers that the hints here do not: %s", strings.Join(gone, " "))
	}
}

// Level is what the verdict means to a monitor.
func (r *ResolverReport) Level() opskit.Level { return level(r.Verdict, len(r.Gaps())) }

// Gaps returns what could not be told.
func (r *ResolverReport) Gaps() []opskit.Gap {
	if len(r.Undecided) == 0 && level(r.Verdict, 0) == opskit.Unknown {
		return []opskit.Gap{{What: "the resolver", Why: "it was not judged"}}
	}
	return r.Undecided
}

// Seen reports whether the resolver was asked at all.
func (r *ResolverReport) Seen() bool { return r != nil && r.Small.Sent+r.Large.Sent > 0 }

// String prints the verdict, its evidence, what to do next and what was not
// checked.
func (r *ResolverReport) String() string {
	lines := []string{fmt.Sprintf("resolver %s: %s", r.Addr, r.Verdict)}
	for _, e := range r.Evidence {
		lines = append(lines, "  "+opskit.Escape(e))
	}
	for _, n := range r.Next {
		lines = append(lines, "next: "+opskit.Escape(n))
	}
	return strings.Join(append(lines, opskit.NotChecked(r)), "\n")
}
