//go:build !linux || opskit_portable

package reach

import "net"

// noteSocket has nothing to add here.
func (a *HTTPAnswer) noteSocket(net.Conn) {}
