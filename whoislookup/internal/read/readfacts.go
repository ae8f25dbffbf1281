package read

import (
	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
)

// Facts is what one answer tells, as a [Record] has it: the readers write it, and
// nothing else.
type Facts struct {
	Verdict     answer.Verdict
	Server      string
	Network     *answer.Network
	AS          *answer.AS
	Domain      *answer.Domain
	Holder      answer.Holder
	Country     string
	CountryFrom string
	Abuse       []answer.Contact
	Contacts    []answer.Contact
	Created     answer.Date
	Updated     answer.Date
	Expires     answer.Date
	Sources     []answer.Source
	Redacted    []string
	Empty       []string
	Unparsed    []string
	Undecided   []opskit.Gap
}
