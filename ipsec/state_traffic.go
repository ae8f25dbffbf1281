package ipsec

import (
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// quiet is how much longer ago the last packet of one direction may be than that
// of the other before that is told.
const quiet = 10 * time.Second

// passes judges what the counters of established SAs show: of all SAs of a tunnel
// together, since with two, packets may leave by one and come by the other.
func (j *judging) passes(t *TunnelState, up []*SA, refs []Ref) {
	in, out := t.InBytes, t.OutBytes
	inAgo, outAgo := latest(up, func(sa *SA) *time.Duration { return sa.InAgo }), latest(up, func(sa *SA) *time.Duration { return sa.OutAgo })
	unused := func(why string) {
		t.Undecided = append(t.Undecided, opskit.Gap{
			What: "whether packets take " + t.Conn, Why: why + ": traffic can also pass it by, in clear",
			Need: "a packet to the other network, and a second look or a capture after it",
		})
	}
	switch {
	case in == nil || out == nil:
		unused("the output shows no counters")
	case *in == 0 && *out == 0:
		unused("no byte has gone through yet")
	case *in == 0:
		t.Verdict = LinkOneWay
		j.add("one_way", SeverityWarning, "look at the other end's counters, its routes and its firewall", refs,
			"%s has sent %d bytes and received none", t.Conn, *out)
	case *out == 0:
		t.Verdict = LinkOneWay
		j.add("answers_nothing", SeverityWarning, "look at forwarding, at the routes back and at the firewall behind this end", refs,
			"%s has received %d bytes and sent none", t.Conn, *in)
	case inAgo == nil || outAgo == nil:
		unused("its counters are of the SA's whole life")
	case *inAgo-*outAgo >= quiet:
		t.Verdict = LinkOneWay
		j.add("silent_since", SeverityWarning, "look whether the other end still has this SA, and at its routes and its firewall", refs,
			"%s: nothing has come in for %s, while packets went out %s ago", t.Conn, *inAgo, *outAgo)
	case *outAgo-*inAgo >= quiet:
		t.Verdict = LinkOneWay
		j.add("answers_nothing", SeverityWarning, "look at forwarding, at the routes back and at the firewall behind this end", refs,
			"%s: nothing has gone out for %s, while packets came in %s ago", t.Conn, *outAgo, *inAgo)
	case *inAgo >= time.Minute:
		unused(fmt.Sprintf("the last one came in %s ago", *inAgo))
	}
}

// latest is the least of the ages that SAs have, nil where none has one.
func latest(sas []*SA, age func(*SA) *time.Duration) (least *time.Duration) {
	for _, sa := range sas {
		if a := age(sa); a != nil && (least == nil || *a < *least) {
			least = a
		}
	}
	return least
}

// carries compares what a connection is configured for with what its SAs are for.
func (j *judging) carries(name string, up []*SA, refs []Ref) {
	local, remote, known := strings.Cut(j.networks[name], " === ")
	if !known {
		return
	}
	carried := map[string]bool{}
	for _, sa := range up {
		mine, theirs, both := strings.Cut(sa.Selectors, " === ")
		if !both {
			return // not printed
		}
		for w := range strings.FieldsSeq(mine) {
			carried["local "+w] = true
		}
		for w := range strings.FieldsSeq(theirs) {
			carried["remote "+w] = true
		}
	}
	var left []string
	for _, side := range [][2]string{{"local ", local}, {"remote ", remote}} {
		for w := range strings.FieldsSeq(side[1]) {
			if !carried[side[0]+w] && !strings.Contains(side[1], "dynamic") {
				left = append(left, side[0]+w)
			}
		}
	}
	if len(left) > 0 {
		j.add("narrowed", SeverityWarning, "write the same networks at both ends (Mirror shows the difference)", refs,
			"%s is configured for %s, and its SAs are for less: %s is not carried whole", name, j.networks[name], listed(left))
	}
}

func plus(sum, v *uint64) *uint64 {
	if v == nil {
		return sum
	}
	total := *v
	if sum != nil {
		total += *sum
	}
	return &total
}
