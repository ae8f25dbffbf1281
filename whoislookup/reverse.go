package whoislookup

import (
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
)

// reverseServer returns the WHOIS server for a name below in-addr.arpa or
// ip6.arpa: that of the registry that keeps the addresses, as it keeps the
// delegations too. False for another name, and for one so short that several
// registries have a part of it.
func (c *Client) reverseServer(name string) (string, bool) {
	p, ok := read.ReversePrefix(name)
	if !ok {
		return "", false
	}
	first, ok1 := c.Table.Addr(p.Addr())
	end, ok2 := c.Table.Addr(lex.Last(p))
	return first, ok1 && ok2 && first == end
}
