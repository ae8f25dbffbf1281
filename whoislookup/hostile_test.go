package whoislookup_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// attack is one scripted server, or two.
type attack struct {
	name string
	set  func(t *testing.T, srv *whoistest.Server)
}

func whois(h whoistest.Handler) func(*testing.T, *whoistest.Server) {
	return func(_ *testing.T, srv *whoistest.Server) { srv.Handle("whois.arin.net", h) }
}

func web(h http.HandlerFunc) func(*testing.T, *whoistest.Server) {
	return func(t *testing.T, srv *whoistest.Server) { require.NoError(t, srv.HandleRDAP("rdap.arin.net", h)) }
}

func attacks() []attack {
	placeholderTo := func(to string) whoistest.Handler {
		return whoistest.Answer(placeholder + "ReferralServer: " + to + "\n")
	}
	blank := []byte(strings.Repeat(" ", 64<<10))
	return []attack{
		{name: "endless lines", set: whois(whoistest.Endless("remarks: x\n"))},
		{name: "one endless line", set: whois(whoistest.Endless("x"))},
		{name: "endless blank lines", set: whois(whoistest.Endless("\n"))},
		{name: "endless NUL bytes", set: whois(whoistest.Endless("\x00"))},
		{name: "drip", set: whois(whoistest.Drip("inetnum: 138.0.0.0/16\n", 20*time.Millisecond))},
		{name: "silent", set: whois(whoistest.Silent())},
		{name: "reset at once", set: whois(whoistest.Reset(""))},
		{name: "reset in the middle", set: whois(whoistest.Reset("NetRange: 138.0.0.0 - 138.0"))},
		{name: "closes without a word", set: whois(whoistest.Answer(""))},
		{name: "refers to loopback", set: whois(placeholderTo("whois://127.0.0.1"))},
		{name: "refers to SSH", set: whois(placeholderTo("whois://whois.example.net:22"))},
		{name: "refers to the cloud's metadata", set: whois(placeholderTo("whois://169.254.169.254:80"))},
		{name: "refers to a mapped address", set: whois(placeholderTo("whois://[::ffff:10.0.0.1]"))},
		{name: "refers without a line break", set: whois(whoistest.Answer("ReferralServer: whois://x"))},
		{name: "refers to a name of 64 KiB", set: whois(placeholderTo("whois://" + strings.Repeat("a.", 32<<10) + "net"))},
		{name: "refers to itself by another name", set: func(_ *testing.T, srv *whoistest.Server) {
			srv.Handle("whois.arin.net", placeholderTo("whois://WHOIS.ARIN.NET.:43"))
		}},
		{name: "two servers in a loop", set: func(_ *testing.T, srv *whoistest.Server) {
			srv.Handle("whois.arin.net", placeholderTo("whois://loop.arin.net"))
			srv.Handle("loop.arin.net", placeholderTo("whois://whois.arin.net"))
		}},
		{name: "a chain without end", set: func(_ *testing.T, srv *whoistest.Server) {
			srv.Handle("whois.arin.net", placeholderTo("whois://n0.arin.net"))
			for i := range 40 {
				srv.Handle(fmt.Sprintf("n%d.arin.net", i), placeholderTo(fmt.Sprintf("whois://n%d.arin.net", i+1)))
			}
		}},
		{name: "a hundred thousand networks", set: whois(whoistest.Answer(strings.Repeat("NetRange: 138.0.0.0 - 138.0.255.255\n\n", 25_000)))},
		{name: "a hundred thousand nameservers", set: whois(whoistest.Answer("NetRange: 138.0.0.0 - 138.0.255.255\n" + strings.Repeat("nserver: ns.example.net\n", 40_000)))},
		{name: "distinct nameservers", set: whois(whoistest.Answer("NetRange: 138.0.0.0 - 138.0.255.255\n" + numbered("nserver: ns%d.example.net\n", 20_000)))},
		{name: "escape sequences", set: whois(whoistest.Answer("NetRange: 138.0.0.0 - 138.0.255.255\nOrganization: \x1b[2J\x1b]0;x\x07\n"))},
		{name: "broken UTF-8", set: whois(whoistest.Answer("NetRange: 138.0.0.0 - 138.0.255.255\nOrganization: \xff\xfe\xc3\x28\n"))},
		{name: "a range that is everything", set: whois(whoistest.Answer("NetRange: 0.0.0.0 - 255.255.255.255\nOrganization: Liar\n"))},
		{name: "a range that makes 30 prefixes", set: whois(whoistest.Answer("NetRange: 0.0.0.1 - 255.255.255.254\nOrganization: X\n"))},
		{name: "RDAP: endless body", set: web(func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(blank); err != nil {
					return
				}
			}
		})},
		{name: "RDAP: drip", set: web(func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					w.Write([]byte(" "))
					http.NewResponseController(w).Flush()
				case <-r.Context().Done():
					return
				}
			}
		})},
		{name: "RDAP: redirect in a circle", set: web(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })},
		{name: "RDAP: redirect to loopback", set: web(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:443/", http.StatusFound)
		})},
		{name: "RDAP: redirect to http", set: web(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		})},
		{name: "RDAP: nested 100,000 deep", set: web(func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(strings.Repeat(`{"entities":[`, 50_000)))
		})},
		{name: "RDAP: entities in entities", set: web(func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"objectClassName":"ip network","startAddress":"138.0.0.0","endAddress":"138.0.255.255",` + strings.Repeat(`"entities":[{`, 20) + strings.Repeat("}]", 20) + "}"))
		})},
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestBarHostile runs every attack: no panic, no connection to a private
// target, little memory, and every call back in time. Every call counts, the
// slowest too; one that came back late because the machine is known to have
// stalled for as long behind the deadline proves nothing and is made again, and
// the figure says how many those were.
func TestBarHostile(t *testing.T) {
	const deadline, slack = 300 * time.Millisecond, 50 * time.Millisecond
	rounds := map[lab.Size]int{lab.Small: 1, lab.CI: 5, lab.Full: 20}[lab.Bars()]
	timed := !lab.Race && lab.Bars() != lab.Small
	var late []time.Duration // of every call that counts, against the deadline
	var private atomic.Int64
	peak, stalls := uint64(0), 0
	list := attacks()
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{})
			a.set(t, srv)
			c := srv.Client()
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, _ := net.SplitHostPort(address)
				if ip, err := netip.ParseAddr(host); err == nil && (!ip.IsGlobalUnicast() || ip.IsPrivate()) {
					private.Add(1)
				}
				return dial(ctx, network, address)
			}
			for done := 0; done < rounds; {
				took, top, stall := attacked(t, c, deadline)
				peak = max(peak, top)
				if timed && took > deadline+slack && took-stall <= deadline+slack {
					t.Logf("not counted: back %s after the deadline, of which the machine stalled for %s", took-deadline, stall)
					stalls++
					require.Less(t, stalls, len(list)*rounds/10+10, "the machine stalls too often to tell anything")
					continue
				}
				late = append(late, took-deadline)
				done++
			}
		})
	}
	assert.Zero(t, private.Load())
	slices.Sort(late)
	lab.BarTiming(t, "whois-hostile", "%d attacks, %d calls: 0 panics, %d connections to private targets, %.1f MiB extra heap at most, slowest call back %.0f ms after a deadline of %.0f ms, the next %.0f ms; %d calls made again as the machine stalled",
		len(list), len(late), private.Load(), float64(peak)/(1<<20), float64(late[len(late)-1])/1e6, float64(deadline)/1e6, float64(late[max(len(late)-2, 0)])/1e6, stalls)
	if !timed {
		return
	}
	assert.LessOrEqual(t, late[len(late)-1], slack)
	assert.LessOrEqual(t, peak, uint64(4<<20))
}

// attacked makes one call and returns how long it took, how much more heap was
// in use, and how long the machine is known to have stalled after the deadline.
func attacked(t *testing.T, c *whoislookup.Client, deadline time.Duration) (took time.Duration, top uint64, stall time.Duration) {
	t.Helper()
	stopHeap, most := watchHeap()
	start := time.Now()
	meter := startStallMeter(start.Add(deadline))
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(deadline))
	defer cancel()
	rec, err := c.Lookup(ctx, "138.0.155.10")
	took = time.Since(start)
	stall = meter.total()
	stopHeap()
	require.NotNil(t, rec)
	_ = rec.String()
	if err == nil {
		assert.NotEqual(t, "Liar", rec.Holder.Name)
	}
	if e, ok := errors.AsType[*opskit.Error](err); err != nil && assert.True(t, ok) {
		assert.NotEmpty(t, e.Error())
	}
	return took, most(), stall
}

// watchHeap samples the heap while something runs: how much more was in use
// than at the start.
func watchHeap() (stop func(), top func() uint64) {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&now)
			if now.HeapInuse > before.HeapInuse {
				most.Store(max(most.Load(), now.HeapInuse-before.HeapInuse))
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done); <-ended }, most.Load
}
