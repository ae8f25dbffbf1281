package reach

import (
	"context"
	"crypto/tls"
	"net"
)

// servedChain asks once more for a chain that crypto/tls refuses to read, with TLS
// 1.2, in which certificates are sent before anything is encrypted (RFC 5246, 7.4.2).
func (p *Prober) servedChain(ctx context.Context, a *HTTPAnswer) [][]byte {
	var k kept
	c := Connection{Target: a.Connection.Target, At: now()}
	if _ = p.attempt(ctx, &c, manner{keep: &k}); k.conn == nil {
		return nil
	}
	defer k.conn.Close()
	_ = k.conn.SetDeadline(p.deadline(ctx))
	defer closeOnDone(ctx, k.conn)()
	seen := &overheard{Conn: k.conn}
	_ = tls.Client(seen, &tls.Config{
		ServerName: a.TLS.ServerName, InsecureSkipVerify: true, // refused already; only what is sent counts
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12,
	}).HandshakeContext(ctx)
	return certificatesIn(seen.bytes)
}

// overheard keeps what is read from a connection.
type overheard struct {
	net.Conn
	bytes []byte
}

func (o *overheard) Read(b []byte) (int, error) {
	n, err := o.Conn.Read(b)
	o.bytes = append(o.bytes, b[:n]...)
	return n, err
}

// certificatesIn finds the certificates of a Certificate message in TLS records.
func certificatesIn(records []byte) (chain [][]byte) {
	var messages []byte
	for len(records) >= 5 && records[0] == 22 { // handshake
		n := min(5+int(records[3])<<8+int(records[4]), len(records))
		messages, records = append(messages, records[5:n]...), records[n:]
	}
	for len(messages) >= 4 {
		kind := messages[0]
		body, rest, ok := sized(messages[1:])
		if kind != 11 { // Certificate
			messages = rest
			continue
		}
		for list, _, _ := sized(body); ok && len(list) > 0; {
			var der []byte
			if der, list, ok = sized(list); ok {
				chain = append(chain, der)
			}
		}
		return chain
	}
	return nil
}

// sized reads a length of three bytes and what it counts.
func sized(b []byte) (body, rest []byte, ok bool) {
	if len(b) < 3 {
		return nil, nil, false
	}
	n := 3 + int(b[0])<<16 + int(b[1])<<8 + int(b[2])
	if n > len(b) {
		return b[3:], nil, false
	}
	return b[3:n], b[n:], true
}
