//go:build linux && !opskit_portable

package reach_test

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
)

// relay carries DNS messages over a socket inside a namespace, one datagram
// each way.
type relay struct {
	ns *lab.NS
	to netip.AddrPort
}

func (r relay) Exchange(ctx context.Context, query []byte) (answer []byte, err error) {
	r.ns.Do(func() {
		var conn net.Conn
		if conn, err = net.Dial("udp", r.to.String()); err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
		if _, err = conn.Write(query); err != nil {
			return
		}
		b := make([]byte, 4096)
		var n int
		n, err = conn.Read(b)
		answer = b[:n]
	})
	return answer, err
}
