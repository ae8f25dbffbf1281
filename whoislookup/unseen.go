package whoislookup

// Gap is something that a result could not see, so that "not looked at" is
// never read as "not there".
type Gap struct {
	What string `json:"what"`           // what was not seen
	Why  string `json:"why"`            // why not
	Need string `json:"need,omitempty"` // what would show it, where that is known
}

// String returns "what (why; need: need)", without control characters.
func (g Gap) String() string {
	s := g.What + " (" + g.Why
	if g.Need != "" {
		s += "; need: " + g.Need
	}
	return quoteOutside(s + ")")
}

// Capability is one thing that this package may or may not do here, as
// [Preflight] found it.
type Capability struct {
	Name string `json:"name"`          // stable, as Preflight lists them
	OK   bool   `json:"ok"`            // whether it may be done here
	Why  string `json:"why,omitempty"` // why not, or what it rests on
	Fix  string `json:"fix,omitempty"` // a line to paste
}
