package explain

import (
	"cmp"
	"slices"

	"github.com/opskit-go/opskit"
)

// mostInOne is what fits into one packet on any path of IPv4 with Ethernet, less
// what tunnels and PPPoE commonly take: a longer message is sent in fragments.
const mostInOne = 1400

// Judge derives the answer from the logs.
func (a *Answer) Judge() opskit.Level {
	*a = Answer{Logs: a.Logs}
	var tries []attempt
	for _, log := range a.Logs {
		if len(log.Lines) > 0 {
			tries = append(tries, last(log))
		} else {
			tries = append(tries, attempt{end: log.End})
		}
	}
	if len(tries) > 2 {
		a.Undecided = []opskit.Gap{{What: "why the tunnel is not up", Why: "more than two logs were given", Need: "one log of each end"}}
		return a.Level()
	}
	var ended []attempt
	for _, t := range tries {
		if t.ended() {
			ended = append(ended, t)
		}
	}
	switch {
	case len(ended) == 0:
		a.Undecided = []opskit.Gap{{What: "why the tunnel is not up", Why: "no attempt in the logs came to an end that is understood", Need: "a log that begins before the attempt, at charon's log level 1 or pluto's default"}}
		return a.Level()
	case slices.ContainsFunc(ended, func(t attempt) bool { return t.notify != "" && len(t.own)+len(t.peer) == 0 }) && len(ended) == 1:
		t := ended[0]
		a.Verdict, a.Step, a.Refs = Failed, "refused", t.refs
		a.Undecided = []opskit.Gap{{What: "what " + t.notify + " means here", Why: "no rule knows it", Need: "the other end's log of the same minutes"}}
		return a.Level()
	}
	a.decide(tries, ended)
	return a.Level()
}

// decide takes the reason that an end found itself; else what its peer's refusal
// or silence leaves, less what the other log excludes.
func (a *Answer) decide(tries, ended []attempt) {
	for _, t := range ended {
		if len(t.own) > 0 {
			a.settle(t, t.own[:1])
			a.next(tries)
			return
		}
	}
	for _, t := range ended {
		if len(t.peer) > 0 {
			a.settle(t, possible(t))
			a.next(tries)
			return
		}
	}
	for _, t := range ended {
		switch {
		case t.silent && t.stage == "up":
			a.settle(t, []Cause{"peer_lost"})
			a.Verdict = Lost
		case t.silent:
			a.settle(t, silence(t, tries))
		default:
			continue
		}
		a.next(tries)
		return
	}
	a.Verdict, a.Refs = Established, ended[0].refs
}

// settle takes over what an attempt shows.
func (a *Answer) settle(t attempt, causes []Cause) {
	a.Verdict, a.Causes, a.Refs = Failed, causes, t.refs
	a.Offered, a.Configured = t.offered, t.configured
	a.Step = remedies()[causes[0]].step
	if len(causes) > 1 {
		a.Undecided = []opskit.Gap{{What: "which of the causes it is", Why: "the log of " + cmp.Or(t.end, "this end") + " does not tell them apart", Need: "the other end's log of the same minutes"}}
	}
}

// possible are the causes of a refusal, less those that this end's own way to
// authenticate excludes.
func possible(t attempt) []Cause {
	causes := slices.Clone(t.peer)
	switch t.method {
	case "psk":
		causes = slices.DeleteFunc(causes, func(c Cause) bool { return c == "certificate" })
	case "certificate":
		causes = slices.DeleteFunc(causes, func(c Cause) bool { return c == "keys_differ" || c == "no_key" })
	}
	slices.Sort(causes)
	return slices.Compact(causes)
}

// silence are the causes of no answer: by which message was not answered, and by
// what the other end's log, if there is one, shows of it.
func silence(t attempt, tries []attempt) []Cause {
	i := slices.IndexFunc(tries, func(other attempt) bool { return other.end != t.end })
	var other *attempt
	if i >= 0 {
		other = &tries[i]
	}
	second := []Cause{"udp_4500"}
	switch {
	case t.port == 500: // no NAT was seen: the second message goes where the first passed
		second = []Cause{"fragments", "peer_down"}
	case t.size > mostInOne && other != nil:
		second = []Cause{"fragments"}
	case t.size > mostInOne || t.port == 0: // pluto tells neither
		second = []Cause{"fragments", "udp_4500"}
	}
	if t.stage == "auth1" { // encrypted with the key: who cannot read it does not answer
		second = append(second, "keys_differ")
	}
	switch {
	case t.stage == "auth" || t.stage == "auth1" || t.stage == "child":
		return second
	case other == nil:
		return []Cause{"peer_down", "peer_policy", "udp_500"}
	case other.asked && !other.answered:
		return []Cause{"peer_policy"}
	default: // it did not arrive, or its answer did not
		return []Cause{"udp_500"}
	}
}

// next says what to run where the end that began does not try again by itself.
func (a *Answer) next(tries []attempt) {
	for _, t := range tries {
		if !t.initiator || t.retries || t.stage == "up" {
			continue
		}
		conn := cmp.Or(t.conn, "CONN")
		command := "ipsec up " + conn + ", or swanctl --initiate --ike " + conn
		if t.daemon == "pluto" {
			command = "ipsec auto --up " + conn
		}
		a.Next = append(a.Next, "on "+cmp.Or(t.end, "the end that began")+", which does not try again by itself: "+command)
	}
}
