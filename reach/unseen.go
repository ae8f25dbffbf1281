package reach

// Gap is something that a result could not see, so that "could not see" never
// looks like "fine". The zero value means nothing and appears in no result.
type Gap struct {
	What string `json:"what"`           // what was not seen
	Why  string `json:"why"`            // why not
	Need string `json:"need,omitempty"` // what would show it, where that is known
}

// String returns "what (why; need: need)".
func (g Gap) String() string {
	if g.Need == "" {
		return g.What + " (" + g.Why + ")"
	}
	return g.What + " (" + g.Why + "; need: " + g.Need + ")"
}

// Capability is one thing that this package may or may not do here, as
// [Preflight] found it. The zero value says "may not" without a reason.
type Capability struct {
	Name string `json:"name"`          // stable, as Preflight lists it
	OK   bool   `json:"ok"`            // it may be done
	Why  string `json:"why,omitempty"` // why not, or what it rests on
	Fix  string `json:"fix,omitempty"` // a line to paste
}
