package ipsec

import (
	"fmt"
	"strings"
)

// Gap is something that a result could not see, why not, and what would show
// it. What and Why are never empty.
type Gap struct {
	What string `json:"what"`           // what was not seen
	Why  string `json:"why"`            // why not
	Need string `json:"need,omitempty"` // what would show it, where that is known
}

// String returns "what (why)" or "what (why; need: need)".
func (g Gap) String() string {
	if g.Need == "" {
		return fmt.Sprintf("%s (%s)", g.What, g.Why)
	}
	return fmt.Sprintf("%s (%s; need: %s)", g.What, g.Why, g.Need)
}

// Capability is one thing that this package may or may not do here, and what
// would allow it.
type Capability struct {
	Name string `json:"name"`          // stable
	OK   bool   `json:"ok"`            // whether it can be done here
	Why  string `json:"why,omitempty"` // why not, or what it rests on
	Fix  string `json:"fix,omitempty"` // a line to paste
}

// notChecked is the last line of every result's text.
func notChecked(b *strings.Builder, gaps []Gap) {
	if len(gaps) == 0 {
		b.WriteString("not checked: nothing more")
		return
	}
	b.WriteString("not checked: ")
	for i, g := range gaps {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(printable(g.String()))
	}
}
