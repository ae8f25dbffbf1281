package dnsroot

// Gap is something that a result could not see, such as a whole address family
// on a host without a route to it.
type Gap struct {
	What string `json:"what"`           // what was not seen
	Why  string `json:"why"`            // why not
	Need string `json:"need,omitempty"` // what would show it, where that is known
}

// String returns "what (why; need: need)".
func (g Gap) String() string {
	s := g.What + " (" + g.Why
	if g.Need != "" {
		s += "; need: " + g.Need
	}
	return printable(s + ")")
}

// Capability is one thing that this package may or may not do here, as
// [Preflight] found.
type Capability struct {
	Name string `json:"name"`          // stable, as Preflight lists them
	OK   bool   `json:"ok"`            // whether it may be done here
	Why  string `json:"why,omitempty"` // why not, or what it rests on
	Fix  string `json:"fix,omitempty"` // a line to paste
}
