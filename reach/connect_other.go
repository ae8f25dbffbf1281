//go:build !linux || opskit_portable

package reach

import (
	"context"
	"net/netip"
)

// kernelEvidence: sockets here show neither ICMP errors nor retransmissions
// to an ordinary process.
const kernelEvidence = false

func (p *Prober) dialKernel(ctx context.Context, c *Connection, contact netip.AddrPort, m manner) {
	p.dialPortable(ctx, c, contact, m)
}
