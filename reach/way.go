package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/opskit-go/opskit"
)

// Way is what of the way to an address is this host's own: its route, the link
// that it leaves by, and the gateway on that link. Its Verdict is Answered where
// the next hop was seen there, LocalFailure where there is no way out, and Unknown.
type Way struct {
	To      netip.Addr `json:"to"`                // the address that the way leads to
	Verdict Verdict    `json:"verdict"`           // set by Judge
	Route   *Route     `json:"route,omitempty"`   // the kernel's answer
	Gateway *Ping      `json:"gateway,omitempty"` // echo requests to it

	Unseen    []opskit.Gap `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// Way looks up this host's own way to an address and sends echo requests to the
// gateway, if there is one: to nobody else, so that a gateway that answers none
// is still seen in the neighbour table. It is for Linux; elsewhere the verdict is
// Unknown. The error is that of [Prober.Ping].
func (p *Prober) Way(ctx context.Context, to netip.Addr) (*Way, error) {
	w := &Way{To: to.Unmap(), Route: routeTo(to.Unmap())}
	var err error
	if w.Route != nil && w.Route.Gateway.IsValid() {
		gateway := w.Route.Gateway
		if gateway.Is6() && gateway.IsLinkLocalUnicast() {
			gateway = gateway.WithZone(w.Route.Device)
		}
		w.Gateway, err = p.Ping(ctx, gateway, 0)
		if errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
		if again := routeTo(w.To); again != nil {
			w.Route = again // with what the neighbour table now says
		}
	}
	w.Judge()
	return w, err
}

// Judge sets Verdict and Undecided from the other fields; it is pure.
func (w *Way) Judge() opskit.Level {
	w.Verdict, w.Undecided = Unknown, nil
	if w.Gateway != nil {
		w.Gateway.Judge()
	}
	switch {
	case w.Route == nil:
		w.gap("this host's own way", "the kernel's routes cannot be asked here", "Linux")
	case w.Reason() != "":
		w.Verdict = LocalFailure
	case w.Route.Type == "local",
		w.Gateway != nil && len(w.Gateway.Replies) > 0,
		w.Gateway == nil && slices.Contains([]string{"reachable", "permanent", "noarp"}, w.Route.Neighbour):
		w.Verdict = Answered
	default:
		w.gap("whether the next hop is there", "it answers no echo request, and the neighbour table may be a minute old ("+w.Route.Neighbour+")", "ip neigh, a minute later")
	}
	return w.Level()
}

// Reason says why there is no way out; "" where there may be one.
func (w *Way) Reason() string {
	r := w.Route
	switch {
	case r == nil:
	case r.Type != "unicast" && r.Type != "local":
		return fmt.Sprintf("this host's routing says of %s: %s", w.To, r.Type)
	case r.LinkUp != nil && !*r.LinkUp:
		return fmt.Sprintf("the link %s of this host has no carrier", r.Device)
	case r.Gateway.IsValid() && (w.Gateway == nil || len(w.Gateway.Replies) == 0) &&
		(r.Neighbour == "failed" || r.Neighbour == "incomplete" || w.Gateway != nil && w.Gateway.ICMP != nil && w.Gateway.ICMP.From == w.Gateway.Source):
		return fmt.Sprintf("the gateway %s does not answer on this host's own link (%s)", r.Gateway, r.Device)
	}
	return ""
}

func (w *Way) gap(what, why, need string) {
	w.Undecided = append(w.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// Level is OK for Answered, Problem for LocalFailure, which is what was asked for
// here, and else Unknown.
func (w *Way) Level() opskit.Level {
	if w.Verdict == LocalFailure {
		return opskit.Problem
	}
	return level(w.Verdict)
}

// Gaps returns Unseen and Undecided.
func (w *Way) Gaps() []opskit.Gap { return gaps(w.Level(), w.Unseen, w.Undecided) }

// String returns the verdict, the evidence under it and what was not checked.
func (w *Way) String() string {
	var ev []string
	if r := w.Route; r != nil {
		s := "route: " + short(r.Type)
		if r.Gateway.IsValid() {
			s += " via " + r.Gateway.String()
		}
		if r.Device != "" {
			s += " dev " + short(r.Device)
		}
		ev = append(ev, s)
		if r.Neighbour != "" {
			ev = append(ev, "next hop: "+short(r.Neighbour))
		}
	}
	if why := w.Reason(); why != "" {
		ev = append(ev, short(why))
	}
	if w.Gateway != nil {
		ev = append(ev, fmt.Sprintf("gateway: %d of %d echo requests answered", len(w.Gateway.Replies), w.Gateway.Sent))
	}
	return report(w, "way to "+w.To.String()+": "+w.Verdict.String(), ev)
}
