//go:build !linux || opskit_portable

package reach

import "net/netip"

// routeTo is not to be had here.
func routeTo(netip.Addr) *Route { return nil }
