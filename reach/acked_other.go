//go:build !linux || opskit_portable

package reach

import "net"

func (a *HTTPAnswer) noteAcked(net.Conn) {}
