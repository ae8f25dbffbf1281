package ebssnap

// Gap is something that a result could not see, so that "not seen" never looks like "not there". The zero value says nothing.
type Gap struct {
	What string `json:"what"`           // what was not seen
	Why  string `json:"why"`            // why not
	Need string `json:"need,omitempty"` // what would show it, where that is known
}

// String returns "what (why; need: need)".
func (g Gap) String() string {
	text := g.What + " (" + g.Why
	if g.Need != "" {
		text += "; need: " + g.Need
	}
	return text + ")"
}

// Capability is one thing that this package may or may not do here, as Preflight and Check report it. The zero value is a capability
// without a name that is not there.
type Capability struct {
	Name string `json:"name"`          // stable, as Preflight lists them
	OK   bool   `json:"ok"`            // whether it may be done here
	Why  string `json:"why,omitempty"` // why not, or what it rests on
	Fix  string `json:"fix,omitempty"` // a line to paste
}
