package reach

import "net/netip"

// Route is this host's own way to an address, by the kernel's answer to
// RTM_GETROUTE (rtnetlink(7)). It needs no privilege.
type Route struct {
	// Type is "unicast", "local", "broadcast", "unreachable", "prohibit" and so
	// on; "none" where there is no route.
	Type    string     `json:"type"`
	Gateway netip.Addr `json:"gateway,omitzero"` // absent where the address is on a link of this host
	Device  string     `json:"device,omitempty"` // the link that it leaves by
	// LinkUp tells whether that link has a carrier.
	LinkUp *bool `json:"link_up,omitempty"`
	// Neighbour is the state of the next hop in the neighbour table:
	// "reachable", "stale", "failed" and so on; empty for none.
	Neighbour string `json:"neighbour,omitempty"`
}
