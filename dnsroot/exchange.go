package dnsroot

import (
	"context"
	"net/netip"
	"time"
)

// Exchanger carries one DNS message to an address and brings back the answer,
// both as wire-format bytes (RFC 1035 section 4). [Sockets] is the one that
// uses the network; a caller's own may tunnel, record, replay or fake.
//
// Exchange waits until ctx ends at most. It should pass over whatever does not
// answer the query (see [Discarded]) and go on waiting. An error should match
// [ErrNotSent], [ErrNoAnswer] or [ErrRefused]; a Reply that comes with an error
// still counts for what was discarded. Exchange must be safe for concurrent use.
type Exchanger interface {
	// Exchange sends the query and waits for its answer.
	Exchange(ctx context.Context, query Query) (Reply, error)
}

// Query is one message, where it goes and how.
type Query struct {
	Wire   []byte         // the message, without the length prefix of TCP
	To     netip.AddrPort // the server
	Over   Transport      // UDP or TCP
	Linger time.Duration  // over UDP: how long to wait for further answers after the first; 0: not at all
}

// Reply is what came back for one query.
type Reply struct {
	Wire      []byte        // the answer as received, without the length prefix of TCP
	RTT       time.Duration // from the start of sending the query to the answer's last byte, monotonic, in ns
	Connect   time.Duration // TCP: the handshake before that; 0 over UDP
	Later     []Reply       // further answers to the same query, as far as Query.Linger asks for them
	Discarded []Discarded   // what came while waiting and was no answer to the query
}

// Discarded counts messages that were passed over while waiting for an answer.
// One or two may be late or stray; a message with another id is what a blind
// forger sends.
type Discarded struct {
	Why   string `json:"why"`   // "other_address", "other_id", "other_question" or "malformed"
	Count int    `json:"count"` // messages
}

// discard counts one more message of that kind.
func discard(list []Discarded, why string, count int) []Discarded {
	for i := range list {
		if list[i].Why == why {
			list[i].Count += count
			return list
		}
	}
	return append(list, Discarded{Why: why, Count: count})
}

// Why a message is no answer to a query.
const (
	otherAddress  = "other_address"
	otherID       = "other_id"
	otherQuestion = "other_question"
	malformed     = "malformed"
)

// mismatch tells why reply does not answer query, or "" if it does: the header
// must be a response with the same id and opcode, and the question the same
// (letter case aside). An error response may omit the question, as servers do
// that could not parse the query.
func mismatch(query, reply []byte) string {
	const header = 12
	if len(reply) < header || len(query) < header {
		return malformed
	}
	if reply[0] != query[0] || reply[1] != query[1] {
		return otherID
	}
	const response, opcode, rcode = 0x80, 0x78, 0x0f
	if reply[2]&response == 0 || reply[2]&opcode != query[2]&opcode {
		return malformed
	}
	questions := int(reply[4])<<8 | int(reply[5])
	if questions == 0 && reply[3]&rcode != 0 {
		return ""
	}
	if questions != 1 {
		return otherQuestion
	}
	end := header
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5 // the root label, type and class
	if end > len(query) || end > len(reply) {
		return otherQuestion
	}
	for i := header; i < end; i++ {
		if lower(query[i]) != lower(reply[i]) {
			return otherQuestion
		}
	}
	return ""
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Sockets is the [Exchanger] over real sockets, a new one for every query, so
// that each has an unpredictable source port. The zero value is ready; it is
// safe for concurrent use. A context without a deadline is given five seconds.
type Sockets struct{}

// Exchange sends the query and waits for the answer to it. Errors match
// [ErrNotSent], [ErrNoAnswer] or [ErrRefused].
//
// Over UDP the socket is not connected, so that an answer from a wrong address
// is seen and counted; where the kernel can (Linux, IP_RECVERR), ICMP errors
// end the wait as [ErrRefused].
func (Sockets) Exchange(ctx context.Context, query Query) (Reply, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
	}
	query.To = netip.AddrPortFrom(query.To.Addr().Unmap(), query.To.Port())
	if query.Over == TransportTCP {
		return exchangeTCP(ctx, query.Wire, query.To)
	}
	return exchangeUDP(ctx, query)
}
