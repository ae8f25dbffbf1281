package whoislookup

import (
	"context"
	"net"
)

// DialContext connects as the client does for its own queries: with Dial if
// that is set, else with the system's resolver and to public addresses only
// (errors then match [ErrUnsafeTarget]) unless AllowPrivate is set; the proxy
// that the environment names for HTTPS may be anywhere. It is what a program
// around the client dials with, such as package bulk, and it blocks as long as
// ctx lets it.
func (c *Client) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return c.dialRDAP(ctx, network, address)
}
