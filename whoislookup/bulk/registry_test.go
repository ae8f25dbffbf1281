package bulk_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

func TestMain(m *testing.M) { lab.Main(m) }

// registry is a simulated one: it answers from delegated statistics over
// connections in memory, under any server name.
type registry struct {
	truth   *bulk.Delegated
	latency time.Duration
	answer  func(addr netip.Addr) string // instead of truth's, "" leaves it to that

	mu      sync.Mutex
	queries map[string][]time.Time // by server
	waits   sync.WaitGroup
}

// delegatedText is in the exchange format; made up, in documentation's spirit.
const delegatedText = `2|apnic|20130417|5|19830613|20130416|+1000
# a comment
apnic|*|ipv4|*|3|summary
apnic|AU|ipv4|101.0.0.0|1024|20110811|assigned|A91A0001|e-stats
apnic|JP|ipv4|101.1.0.0|768|20110812|allocated|A91A0002
apnic||ipv4|101.2.0.0|256||available
apnic|ZZ|ipv6|2401:1::|32|20110813|allocated|A91A0003
apnic|CN|asn|4608|2|00000000|allocated|A91A0001
`

func load(t testing.TB, text string) *bulk.Delegated {
	t.Helper()
	d := new(bulk.Delegated)
	require.NoError(t, d.Load(strings.NewReader(text)))
	return d
}

func corpus(t testing.TB) *bulk.Delegated {
	t.Helper()
	f, err := os.Open(lab.Corpus(t, "whoislookup", "bulk", "delegated-apnic-extended-latest.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	d := new(bulk.Delegated)
	require.NoError(t, d.Load(z))
	return d
}

// two servers, so that each has its own pace.
var halves = servers.Table{Addresses: "0.0.0.0/1 whois.apnic.net\n128.0.0.0/1 whois.ripe.net\n::/0 whois.apnic.net\n"}

func (r *registry) client() *whoislookup.Client {
	return &whoislookup.Client{Dial: r.dial, Protocols: []string{"whois"}, Table: halves}
}

func (r *registry) dial(_ context.Context, _, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	r.mu.Lock()
	if r.queries == nil {
		r.queries = map[string][]time.Time{}
	}
	r.queries[host] = append(r.queries[host], time.Now())
	r.mu.Unlock()
	near, far := net.Pipe()
	r.waits.Go(func() { r.serve(far) })
	return near, nil
}

func (r *registry) serve(conn net.Conn) {
	defer conn.Close()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return
	}
	<-time.After(r.latency)
	line = strings.TrimSpace(line)
	addr, err := netip.ParseAddr(line[strings.LastIndexByte(line, ' ')+1:])
	if err != nil {
		io.WriteString(conn, "% bad query\n")
		return
	}
	io.WriteString(conn, r.text(addr))
}

func (r *registry) text(addr netip.Addr) string {
	if r.answer != nil {
		if text := r.answer(addr); text != "" {
			return text
		}
	}
	d, ok := r.truth.Addr(addr)
	if !ok || d.Holder == "" {
		return "%ERROR:101: no entries found\n"
	}
	return inetnum(d)
}

func inetnum(d bulk.Delegation) string {
	kind := "inetnum"
	if d.Range.From.Is6() {
		kind = "inet6num"
	}
	return fmt.Sprintf("%s: %s - %s\nnetname: NET-%s\ndescr: %s\ncountry: %s\nstatus: %s PORTABLE\nsource: TEST\n",
		kind, d.Range.From, d.Range.To, d.Holder, d.Holder, d.Country, strings.ToUpper(d.Status))
}

func (r *registry) asked() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.queries {
		n += len(times)
	}
	return n
}

// paced fails if two queries to one server came sooner than every.
func (r *registry) paced(t *testing.T, every time.Duration) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for server, times := range r.queries {
		for i := 1; i < len(times); i++ {
			require.GreaterOrEqual(t, times[i].Sub(times[i-1]), every, "%s, query %d", server, i)
		}
	}
}

// draw yields n addresses of delegations that were handed out, uniform over
// addresses, and returns how many distinct ranges they lie in.
func draw(d *bulk.Delegated, n int) (addrs []netip.Addr, ranges int) {
	type span struct {
		end  uint64 // of all addresses up to here
		from uint32
		size uint64
	}
	var spans []span
	total := uint64(0)
	for e := range d.All() {
		if e.Holder == "" || !e.Range.From.Is4() {
			continue
		}
		from, to := number(e.Range.From), number(e.Range.To)
		size := uint64(to-from) + 1
		total += size
		spans = append(spans, span{total, from, size})
	}
	random := rand.New(rand.NewPCG(1, 2))
	distinct := map[whoislookup.Range]bool{}
	for range n {
		x := random.Uint64N(total)
		i := 0
		for lo, hi := 0, len(spans); lo < hi; {
			if mid := (lo + hi) / 2; spans[mid].end > x {
				hi, i = mid, mid
			} else {
				lo = mid + 1
			}
		}
		s := spans[i]
		v := s.from + uint32(x-(s.end-s.size))
		a := netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
		e, _ := d.Addr(a)
		distinct[e.Range] = true
		addrs = append(addrs, a)
	}
	return addrs, len(distinct)
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func each(addrs ...string) iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		for _, a := range addrs {
			if !yield(netip.MustParseAddr(a)) {
				return
			}
		}
	}
}
