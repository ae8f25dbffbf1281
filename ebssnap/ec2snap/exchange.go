package ec2snap

import (
	"context"
	"net"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/opskit-go/opskit"
)

// exchange is what net/http told of one request.
type exchange struct {
	before int64 // bytes that the connection had carried

	asked  atomic.Bool // for a connection
	got    atomic.Bool // one
	reused atomic.Bool // it had carried a request before
	idle   atomic.Bool // it is free again
}

func (e *exchange) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { e.asked.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			e.reused.Store(info.Reused)
			e.got.Store(true)
		},
		PutIdleConn: func(err error) { e.idle.Store(err == nil) },
	})
}

// gaps tells what is not known, or not as it should be, of a request that was sent while writers
// were stopped.
func (e *exchange) gaps() []opskit.Gap {
	const what, need = "whether the request was all that was waited for while writers were stopped", "the HTTP client of ec2snap.New"
	switch {
	case e == nil || e.reused.Load() || e.asked.Load() && !e.got.Load(): // the last was never sent
		return nil
	case e.got.Load():
		return []opskit.Gap{{What: what, Why: "the HTTP client of Cloud.Client made a connection for it", Need: need}}
	}
	return []opskit.Gap{{What: what, Why: "the HTTP client of Cloud.Client does not tell whether it made a connection for it", Need: need}}
}

// conn is a connection that tells what it carried and whether it ended.
type conn struct {
	net.Conn

	wrote atomic.Int64
	ended atomic.Bool
}

// Read notes the end of the connection.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.ended.Store(true)
	}
	return n, err
}

// Write notes what was handed to the kernel.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wrote.Add(int64(n))
	if err != nil {
		c.ended.Store(true)
	}
	return n, err
}

// Close ends the connection.
func (c *conn) Close() error {
	c.ended.Store(true)
	return c.Conn.Close()
}
