package read

import "strings"

// jscard reads a contact in the form of JSContact (RFC 9553), which servers
// may give in place of a jCard: maps by an identifier that means nothing.
func (c *card) jscard(n *node) {
	name := n.get("name")
	if full := name.get("full"); full.str() != "" {
		c.name = full
	}
	c.isOrg = strings.EqualFold(n.get("kind").str(), "org")
	for i := range n.get("organizations").values {
		firstOf(&c.org, n.get("organizations").values[i].get("name"))
	}
	for i := range n.get("emails").values {
		if address := n.get("emails").values[i].get("address"); address.str() != "" {
			firstOf(&c.email, address)
			c.emails = append(c.emails, address)
		}
	}
	for i := range n.get("phones").values {
		phone := &n.get("phones").values[i]
		if phone.get("features").get("fax").text != "true" {
			firstOf(&c.phone, phone.get("number"))
		}
	}
	for i := range n.get("links").values {
		firstOf(&c.url, n.get("links").values[i].get("uri"))
	}
	for i := range n.get("addresses").values {
		a := &n.get("addresses").values[i]
		if c.adr.kind == 0 {
			c.jsAddress(a)
		}
	}
}

// jsAddress reads a postal address, in one piece or in parts.
func (c *card) jsAddress(a *node) {
	if cc := a.get("countryCode"); len(cc.str()) == 2 {
		firstOf(&c.country, cc)
	}
	if full := a.get("full"); full.str() != "" {
		c.adr = full
		for line := range strings.SplitSeq(full.str(), "\n") {
			if line = strings.TrimSpace(line); line != "" {
				c.address = append(c.address, line)
			}
		}
		return
	}
	for i := range a.get("components").values {
		part := &a.get("components").values[i]
		if v := part.get("value"); strings.TrimSpace(v.str()) != "" && part.get("kind").str() != "separator" {
			firstOf(&c.adr, v)
			c.address = append(c.address, strings.TrimSpace(v.str()))
		}
	}
}

// firstOf keeps the first value that is there.
func firstOf(dst **node, n *node) {
	if (*dst).str() == "" && n.str() != "" {
		*dst = n
	}
}
