//go:build !linux || opskit_portable

package reach

import (
	"context"
	"errors"
	"net/netip"
)

func (p *Prober) echo(context.Context, *Ping, netip.Addr, int) error {
	return errors.ErrUnsupported
}
