package traffic_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
)

var begin = time.Date(2015, time.November, 30, 6, 50, 0, 0, time.UTC)

var root = netip.MustParseAddrPort("198.41.0.4:53")

// v4 is an address with a port.
func v4(addr uint32) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, addr))), 4242)
}

// world makes traffic of known truth, from one seed.
type world struct {
	*rand.Rand
	a       traffic.Analyzer
	clients []uint32
	zipf    *rand.Zipf
	message traffic.Message
}

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := &world{Rand: r, zipf: rand.NewZipf(r, 1.2, 8, 20000)}
	for range 20001 { // resolvers live in some networks, not in all
		w.clients = append(w.clients, uint32(11+w.IntN(90))<<24|uint32(w.IntN(1<<24)))
	}
	return w
}

func (w *world) see(at time.Time, src uint32, name string, qtype uint16) {
	w.message = traffic.Message{Time: at, Src: v4(src), Dst: root, Payload: capturetest.Question(uint16(w.Uint32()), name, qtype)}
	w.a.Observe(&w.message)
}

// spread calls f so many times at random instants of a second, in order.
func (w *world) spread(second time.Time, n int, f func(at time.Time)) {
	for i := range n {
		f(second.Add(time.Duration(float64(i) / float64(n) * 1e9)))
	}
}

var tlds = []string{"com", "net", "org", "de", "cn", "local", "arpa"}

// ordinary is what resolvers ask.
func (w *world) ordinary(at time.Time) {
	name := "h" + strconv.Itoa(w.IntN(50000)) + "." + tlds[w.IntN(len(tlds))]
	if w.IntN(3) == 0 {
		name = "www.popular.example" // one popular name
	}
	w.see(at, w.clients[w.zipf.Uint64()], name, 1)
}

func TestOneNameFromMadeUpSources(t *testing.T) {
	w := newWorld(1)
	for s := range 180 {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, 100, w.ordinary)
		if s >= 60 && s < 120 {
			w.spread(second, 900, func(at time.Time) { w.see(at, w.Uint32(), "wWw.336901.com", 1) })
		}
	}
	r := w.a.Report()
	t.Log(r)
	assert.Equal(t, traffic.Attack, r.Verdict)
	require.Len(t, r.Windows, 1)
	got := r.Windows[0]
	assert.WithinDuration(t, begin.Add(time.Minute), got.Start, time.Second)
	assert.WithinDuration(t, begin.Add(2*time.Minute), got.End, time.Second)
	assert.Equal(t, traffic.KindSpoofed, got.Kind)
	assert.Equal(t, traffic.PatternOne, got.Pattern)
	assert.Equal(t, "www.336901.com.", got.Names.Top[0].Name)
	assert.InDelta(t, 0.9, got.Sources.Uniform.Value, 0.05)
	assert.InDelta(t, 1000, got.Peak, 10)
	assert.Contains(t, got.Remedy, "none: sources look spoofed")
}

func TestRandomSubdomainsNameTheirVictim(t *testing.T) {
	w := newWorld(2)
	for s := range 180 {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, 100, w.ordinary)
		if s >= 60 && s < 120 {
			w.spread(second, 500, func(at time.Time) {
				w.see(at, w.clients[w.IntN(20000)], fmt.Sprintf("%x.www.victim.example", w.Uint64()), 1)
			})
		}
	}
	r := w.a.Report()
	t.Log(r)
	assert.Equal(t, traffic.Attack, r.Verdict)
	require.Len(t, r.Windows, 1)
	assert.Equal(t, traffic.KindRandomSubdomain, r.Windows[0].Kind)
	assert.Equal(t, "www.victim.example.", r.Windows[0].Names.Victim)
}

func TestReflectionIsNoFlood(t *testing.T) {
	w := newWorld(3)
	for s := range 180 {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, 100, w.ordinary)
		if s >= 60 && s < 120 {
			w.spread(second, 500, func(at time.Time) { w.see(at, 0xcb007107, "", 255) })
		}
	}
	r := w.a.Report()
	t.Log(r)
	assert.Equal(t, traffic.Attack, r.Verdict)
	require.Len(t, r.Windows, 1)
	assert.Equal(t, traffic.KindReflection, r.Windows[0].Kind)
	assert.Equal(t, "203.0.113.7", r.Windows[0].Sources.Top[0].Name)
}

// A day with its rhythm, heavy resolvers, one popular name, and a resolver that
// asks again and again is no attack.
func TestBusyDayIsNoAttack(t *testing.T) {
	t.Parallel()
	w := newWorld(4)
	for s := range 3600 {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, 60+int(40*float64(s)/3600)+w.IntN(20), w.ordinary)
		if s%600 < 20 {
			w.spread(second, 25, func(at time.Time) { w.see(at, 0xcb007107, "gone.example", 1) })
		}
	}
	r := w.a.Report()
	t.Log(r)
	assert.Equal(t, traffic.Quiet, r.Verdict)
	assert.Empty(t, r.Windows)
}

func capturePacket(src, dst netip.AddrPort, payload []byte) []byte {
	return capturetest.Ethernet(capturetest.Packet{Src: src, Dst: dst, Payload: payload}.IP())
}

func TestStateSurvives(t *testing.T) {
	w := newWorld(5)
	for s := range 100 {
		w.spread(begin.Add(time.Duration(s)*time.Second), 100, w.ordinary)
	}
	state, err := w.a.MarshalBinary()
	require.NoError(t, err)
	var b traffic.Analyzer
	require.NoError(t, b.UnmarshalBinary(state))
	assert.Equal(t, w.a.Report(), b.Report())
	require.ErrorIs(t, b.UnmarshalBinary([]byte("x")), traffic.ErrNotPart)
}
