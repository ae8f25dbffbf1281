package volumes

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
