package whoislookup

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// Client asks registries. The zero value is ready to use and asks only the
// registries that a look-up needs, following their referrals. It is safe for
// concurrent use; it must not be copied after first use.
type Client struct {
	// Dial connects to a server; nil uses the system's resolver and refuses
	// every address that is not public when it connects, so that neither a
	// referral nor DNS can aim it at a host of the caller's network. With a
	// Dial of one's own only literal addresses are checked here, and no proxy
	// of the environment is used.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Protocols are those that may be used: "rdap", "whois" or both, in any
	// order; nil means both. RDAP is asked first, and WHOIS where that gives no
	// answer or does not know the address, number or handle: another registry may,
	// and WHOIS refers to it. With none of the two a look-up gives ErrNoServer.
	Protocols []string
	// Compare asks over WHOIS also where RDAP has answered, and lists in
	// Record.Differences where the two do not agree. The record has the RDAP
	// value then. Where one of the two gave no answer, Record.Unseen says so;
	// what only one of them tells is no difference.
	Compare bool
	// Bootstrap are RFC 9224 files to find RDAP services in before the embedded
	// table.
	Bootstrap []servers.Bootstrap
	// RootCAs are the authorities that RDAP servers' certificates are checked
	// with; nil means the system's.
	RootCAs *x509.CertPool

	Server   string        // asked first, over WHOIS only: "host" or "host:port"; "" chooses by Table
	Table    servers.Table // which server keeps what; the zero value is the embedded table
	MaxHops  int           // servers asked for one look-up at most, for each protocol; 0 means 6
	MaxBytes int           // of one answer, in bytes after decompression; 0 means 262,144, many times what registries send
	Timeout  time.Duration // for one server, from the first dial to the last byte; 0 means 10 s. What bounds the whole look-up is its context

	// AllowPrivate lets the client connect to loopback, private, link-local
	// and other special-purpose addresses, and to any port. Without it a
	// server of one's own in such space, also one named in Server, gives
	// ErrUnsafeTarget; its port may be any, that of a referral 43 or 4321.
	AllowPrivate bool
}

// Lookup asks about whatever text is: an IP address, a prefix, an AS number, a
// domain name or a registry handle. See [ParseQuery] for the forms and
// [Client.Lookup] for the rest.
func Lookup(ctx context.Context, text string) (*Record, error) {
	return new(Client).Lookup(ctx, text)
}

// Lookup asks about whatever text is; see [ParseQuery].
//
// The error is nil if the verdict is VerdictFound, VerdictNotFound or
// VerdictReserved. The record comes with an error too; it is nil only where nobody
// could be asked ([ErrBadQuery], or [ErrNoServer] before the first server);
// otherwise it holds the hops and what they said, also if ctx ended: then the
// error matches [ErrUnreachable] and ctx's own, unless an earlier server's answer
// is enough.
//
// Lookup blocks until the last server has answered, ctx ends, or a limit is
// reached; nothing goes on after it returns.
func (c *Client) Lookup(ctx context.Context, text string) (*Record, error) {
	q, err := ParseQuery(text)
	if err != nil {
		return nil, err
	}
	return c.look(ctx, q)
}

// IP asks whose an address is. See [Client.Lookup] for errors.
func (c *Client) IP(ctx context.Context, addr netip.Addr) (*Record, error) {
	if !addr.IsValid() {
		return nil, &opskit.Error{Op: "parse query", Target: "invalid address", Err: ErrBadQuery}
	}
	return c.look(ctx, addrQuery(addr))
}

// Prefix asks whose a block is: the record is about the most specific network
// that covers all of it, and an answer about a part of it matches [ErrGarbage].
// A mapped prefix (::ffff:0:0/96) is one of IPv4. See [Client.Lookup] for errors.
func (c *Client) Prefix(ctx context.Context, prefix netip.Prefix) (*Record, error) {
	if !prefix.IsValid() {
		return nil, &opskit.Error{Op: "parse query", Target: "invalid prefix", Err: ErrBadQuery}
	}
	return c.look(ctx, prefixQuery(prefix))
}

// ASN asks whose an AS number is. See [Client.Lookup] for errors.
func (c *Client) ASN(ctx context.Context, asn uint32) (*Record, error) {
	return c.look(ctx, asnQuery(asn))
}

// Domain asks about a domain name in any script. See [Client.Lookup] for
// errors. VerdictNotFound means that nobody has registered it, and is never said of
// a name below what a registry keeps, such as "www.example.com" (by the public
// suffix list): the verdict is then VerdictUnknown, and the error, which matches
// [ErrNoServer], names the domain to ask for.
func (c *Client) Domain(ctx context.Context, name string) (*Record, error) {
	q, err := ParseQuery(name)
	if err != nil {
		return nil, err
	}
	if q.Kind != KindDomain {
		return nil, &opskit.Error{Op: "parse query", Target: name, Err: ErrBadQuery}
	}
	return c.look(ctx, q)
}

func (c *Client) maxHops() int {
	if c.MaxHops > 0 {
		return c.MaxHops
	}
	return 6
}

func (c *Client) maxBytes() int {
	if c.MaxBytes > 0 {
		return c.MaxBytes
	}
	return 256 << 10
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 10 * time.Second
}
