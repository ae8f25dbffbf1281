package bulk

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

// Origin is who announces an address in BGP, as Team Cymru sees it. That need
// not be who holds it.
type Origin struct {
	Addr     netip.Addr       `json:"addr,omitzero"`      // what was asked for
	ASN      uint32           `json:"asn,omitempty"`      // 0: nobody announces it
	Prefix   netip.Prefix     `json:"prefix,omitzero"`    // as announced
	Country  string           `json:"country,omitempty"`  // two letters, of the delegation
	Registry string           `json:"registry,omitempty"` // "arin", "ripencc", ...
	Date     whoislookup.Date `json:"date,omitempty"`     // of the delegation
	Name     string           `json:"name,omitempty"`     // of the AS
}

const (
	cymruServer = "whois.cymru.com"
	cymruBatch  = 1000 // addresses in one connection
	cymruLine   = 4096 // bytes of an answer line
)

// Origins asks Team Cymru which AS announces each address: 1,000 addresses in
// one connection to whois.cymru.com, port 43 (bulk mode: "begin", "verbose",
// the addresses, "end"), through the client's dial function and at the pace of
// Every. It contacts a third party, which sees all addresses.
//
// An address that several ASes announce is yielded once for each; one that
// there was no answer for is yielded with an error that matches
// [whoislookup.ErrUnreachable] and, if ctx ended, its error too. Each batch has
// the client's Timeout, 0 means 1 min here. addrs is read in between the
// batches and by the same goroutine as the loop.
func (b *Bulk) Origins(ctx context.Context, addrs iter.Seq[netip.Addr]) iter.Seq2[Origin, error] {
	return func(yield func(Origin, error) bool) {
		batch := make([]netip.Addr, 0, cymruBatch)
		for addr := range addrs {
			addr = addr.Unmap().WithZone("")
			if !addr.IsValid() {
				err := &opskit.Error{Op: "parse query", Target: "invalid address", Err: whoislookup.ErrBadQuery}
				if !yield(Origin{}, err) {
					return
				}
				continue
			}
			if batch = append(batch, addr); len(batch) == cymruBatch {
				if !b.origins(ctx, batch, yield) {
					return
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			b.origins(ctx, batch, yield)
		}
	}
}

// origins asks for one batch; false if the loop was left.
func (b *Bulk) origins(ctx context.Context, batch []netip.Addr, yield func(Origin, error) bool) bool {
	answers, err := b.exchange(ctx, batch)
	missing := make(map[netip.Addr]bool, len(batch))
	for _, a := range batch {
		missing[a] = true
	}
	for _, o := range answers {
		if _, asked := missing[o.Addr]; !asked {
			continue
		}
		missing[o.Addr] = false
		if !yield(o, nil) {
			return false
		}
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	for _, a := range batch {
		if !missing[a] {
			continue
		}
		missing[a] = false
		e := &opskit.Error{Op: "ask", Target: cymruServer, Err: fmt.Errorf("no answer for %s: %w: %w", a, whoislookup.ErrUnreachable, err)}
		if !yield(Origin{Addr: a}, e) {
			return false
		}
	}
	return true
}

// exchange sends a batch and reads the answers at the same time, as the server
// does not wait for the end either. It returns what came before an error.
func (b *Bulk) exchange(ctx context.Context, batch []netip.Addr) (answers []Origin, err error) {
	if err := b.pace.wait(ctx, cymruServer, b.every(cymruServer), or(b.Patience, 2*time.Minute)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, or(b.base().Timeout, time.Minute))
	defer cancel()
	conn, err := b.base().DialContext(ctx, "tcp", net.JoinHostPort(cymruServer, "43"))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		var text strings.Builder
		text.WriteString("begin\nverbose\n")
		for _, a := range batch {
			text.WriteString(a.String() + "\n")
		}
		text.WriteString("end\n")
		_, _ = io.WriteString(conn, text.String()) // what did not get there has no answer
	}()
	defer func() {
		conn.Close()
		<-sent
	}()
	lines := bufio.NewScanner(io.LimitReader(conn, int64(len(batch)+10)*cymruLine))
	lines.Buffer(nil, cymruLine)
	lines.Split(wholeLines)
	for lines.Scan() {
		if o, ok := ParseOrigin(lines.Text()); ok { // or else the greeting, or an error
			answers = append(answers, o)
		}
	}
	if err = lines.Err(); err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return answers, err
}

// wholeLines is bufio.ScanLines without what is left of a line that the server
// broke off in: the name of the AS would be another.
func wholeLines(data []byte, _ bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}

// ParseOrigin reads a line of Team Cymru's verbose answer:
// "AS | IP | BGP Prefix | CC | Registry | Allocated | AS Name". What the
// answer calls NA is absent. False if it is no such line.
func ParseOrigin(line string) (Origin, bool) {
	f := strings.SplitN(line, "|", 7)
	if len(f) != 7 {
		return Origin{}, false
	}
	for i := range f {
		if f[i] = strings.TrimSpace(f[i]); f[i] == "NA" {
			f[i] = ""
		}
	}
	addr, err := netip.ParseAddr(f[1])
	if err != nil || addr.Zone() != "" {
		return Origin{}, false
	}
	o := Origin{Addr: addr.Unmap(), Country: f[3], Registry: f[4], Name: f[6]}
	if f[0] != "" {
		n, err := strconv.ParseUint(f[0], 10, 32)
		if err != nil {
			return Origin{}, false
		}
		o.ASN = uint32(n)
	}
	if f[2] != "" {
		if o.Prefix, err = netip.ParsePrefix(f[2]); err != nil {
			return Origin{}, false
		}
	}
	if t, err := time.Parse(time.DateOnly, f[5]); err == nil {
		o.Date = whoislookup.Date(t.Format(time.DateOnly))
	}
	return o, true
}
