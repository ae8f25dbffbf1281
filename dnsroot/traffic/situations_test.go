package traffic_test

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
)

// minutes is what some seconds hold: ordinary queries, and more while it lasts.
func (w *world) minutes(seconds, ordinary, from, to, more int, f func(at time.Time)) *world {
	for s := range seconds {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, ordinary, w.ordinary)
		if s >= from && s < to {
			w.spread(second, more, f)
		}
	}
	return w
}

func (w *world) client() uint32 { return w.clients[w.IntN(len(w.clients))] }

// v6 is an address of a /64 by number.
func v6(n uint64) netip.AddrPort {
	b := [16]byte{0x20, 0x01, byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 15: 1}
	return netip.AddrPortFrom(netip.AddrFrom16(b), 4242)
}

// Each situation with what it is, by whoever makes it.
func TestSituations(t *testing.T) {
	const quiet, surge, attack, unknown = traffic.Quiet, traffic.Surge, traffic.Attack, traffic.Unknown
	answer := func(w *world, at time.Time, from, to netip.AddrPort, rcode byte, longer int) {
		w.a.Observe(&traffic.Message{Time: at, Src: from, Dst: to, Payload: capturetest.Answer(capturetest.Question(1, "big.example", 255), rcode, longer)})
	}
	for name, c := range map[string]struct {
		make    func(w *world)
		verdict traffic.Verdict
		windows int
		kind    traffic.Kind    // of the first window, or of all of it
		pattern traffic.Pattern // likewise; empty is any
	}{
		"steady":      {func(w *world) { w.minutes(180, 60, 0, 0, 0, nil) }, quiet, 0, traffic.KindOrdinary, ""},
		"nothing":     {func(*world) {}, unknown, 0, "", ""},
		"ten seconds": {func(w *world) { w.minutes(10, 60, 0, 0, 0, nil) }, unknown, 0, traffic.KindOrdinary, ""},
		"a query in ten seconds": {func(w *world) {
			for s := range 360 {
				w.ordinary(begin.Add(time.Duration(s) * 10 * time.Second))
			}
		}, unknown, 0, traffic.KindOrdinary, ""},
		"a day's rhythm": {func(w *world) {
			for s := range 7200 {
				n := 20 + int(15*math.Sin(float64(s)/7200*2*math.Pi))
				w.spread(begin.Add(time.Duration(s)*time.Second), n, w.ordinary)
			}
		}, quiet, 0, traffic.KindOrdinary, ""},
		"a crowd for the popular name": {func(w *world) {
			w.minutes(180, 60, 60, 120, 240, func(at time.Time) { w.see(at, w.client(), "www.popular.example", 1) })
		}, surge, 1, traffic.KindOneName, traffic.PatternOne},
		"more of everything": {func(w *world) { w.minutes(180, 60, 60, 120, 120, w.ordinary) }, surge, 1, traffic.KindMore, ""},
		"a resolver that asks again": {func(w *world) {
			w.minutes(180, 60, 60, 120, 200, func(at time.Time) { w.see(at, 0xcb007107, "gone.example", 1) })
		}, surge, 1, traffic.KindTalkers, ""},
		"made-up sources, two seconds": {func(w *world) {
			w.minutes(180, 60, 60, 62, 3000, func(at time.Time) { w.see(at, w.Uint32(), "a.example", 1) })
		}, attack, 0, traffic.KindSpoofed, ""},
		"a burst of two seconds": {func(w *world) { w.minutes(180, 60, 60, 62, 600, w.ordinary) }, quiet, 0, traffic.KindOrdinary, ""},
		"an attack from the first second": {func(w *world) {
			w.minutes(180, 60, 0, 60, 600, func(at time.Time) { w.see(at, w.Uint32(), "a.example", 1) })
		}, attack, 1, traffic.KindSpoofed, traffic.PatternOne},
		"an attack to the last second": {func(w *world) {
			w.minutes(180, 60, 100, 180, 600, func(at time.Time) { w.see(at, w.Uint32(), "a.example", 1) })
		}, attack, 1, traffic.KindSpoofed, traffic.PatternOne},
		"nothing but attack": {func(w *world) {
			w.minutes(20, 0, 0, 20, 3000, func(at time.Time) { w.see(at, w.Uint32(), "a.example", 1) })
		}, attack, 0, traffic.KindSpoofed, traffic.PatternOne},
		"two attacks": {func(w *world) {
			w.minutes(400, 60, 60, 120, 600, func(at time.Time) { w.see(at, w.Uint32(), "a.example", 1) })
			for s := 200; s < 260; s++ {
				w.spread(begin.Add(time.Duration(s)*time.Second), 600, func(at time.Time) { w.see(at, w.Uint32(), "b.example", 1) })
			}
		}, attack, 2, traffic.KindSpoofed, traffic.PatternOne},
		"only routed sources are made up": {func(w *world) {
			w.minutes(180, 60, 60, 120, 600, func(at time.Time) { w.see(at, uint32(1+w.IntN(223))<<24|uint32(w.IntN(1<<24)), "a.example", 1) })
		}, attack, 1, traffic.KindSpoofed, traffic.PatternOne},
		"few heavy sources and many made-up ones": {func(w *world) {
			w.minutes(180, 60, 60, 120, 2000, func(at time.Time) {
				src := w.clients[w.IntN(200)]
				if w.IntN(100) < 10 {
					src = w.Uint32()
				}
				w.see(at, src, "a.example", 1)
			})
		}, attack, 1, traffic.KindSpoofed, traffic.PatternOne},
		"the case of one name at random": {func(w *world) {
			w.minutes(180, 60, 60, 120, 600, func(at time.Time) {
				name := []byte("www.example.org")
				for i := range name {
					if w.IntN(2) == 0 && name[i] >= 'a' {
						name[i] -= 32
					}
				}
				w.see(at, w.Uint32(), string(name), 1)
			})
		}, attack, 1, traffic.KindSpoofed, traffic.PatternOne},
		"names that take turns": {func(w *world) {
			w.minutes(300, 60, 60, 260, 600, func(at time.Time) {
				w.see(at, w.Uint32(), fmt.Sprintf("n%d.example", int(at.Sub(begin).Seconds())/50), 1)
			})
		}, attack, 1, traffic.KindSpoofed, traffic.PatternRotating},
		"four names at once": {func(w *world) {
			w.minutes(180, 60, 60, 120, 600, func(at time.Time) { w.see(at, w.Uint32(), fmt.Sprintf("n%d.example", w.IntN(4)), 1) })
		}, attack, 1, traffic.KindSpoofed, traffic.PatternFew},
		"random labels from real resolvers": {func(w *world) {
			w.minutes(180, 60, 60, 120, 300, func(at time.Time) { w.see(at, w.client(), fmt.Sprintf("%x.victim.example", w.Uint32()), 1) })
		}, attack, 1, traffic.KindRandomSubdomain, traffic.PatternRandomLabels},
		"two random labels": {func(w *world) {
			w.minutes(180, 60, 60, 120, 300, func(at time.Time) {
				w.see(at, w.client(), fmt.Sprintf("%x.%x.victim.example", w.Uint32(), w.Uint32()), 1)
			})
		}, attack, 1, traffic.KindRandomSubdomain, traffic.PatternRandomLabels},
		"random labels from made-up sources": {func(w *world) {
			w.minutes(180, 60, 60, 120, 600, func(at time.Time) { w.see(at, w.Uint32(), fmt.Sprintf("%x.victim.example", w.Uint32()), 1) })
		}, attack, 1, traffic.KindRandomSubdomain, traffic.PatternRandomLabels},
		"a block list's lookups": {func(w *world) {
			w.minutes(180, 0, 0, 180, 60, func(at time.Time) {
				n := w.Uint32()
				w.see(at, w.client(), fmt.Sprintf("%d.%d.%d.%d.bl.example.org", byte(n), byte(n>>8), byte(n>>16), n>>24), 1)
			})
		}, unknown, 0, traffic.KindMore, traffic.PatternRandomLabels},
		"a browser's random top-level names": {func(w *world) {
			w.minutes(180, 60, 0, 180, 60, func(at time.Time) { w.see(at, w.client(), fmt.Sprintf("q%xz", w.Uint64()), 1) })
		}, quiet, 0, traffic.KindOrdinary, traffic.PatternMany},
		"reverse lookups": {func(w *world) {
			w.minutes(180, 60, 0, 180, 60, func(at time.Time) {
				n := w.Uint32()
				w.see(at, w.client(), fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", byte(n), byte(n>>8), byte(n>>16), n>>24), 12)
			})
		}, quiet, 0, traffic.KindOrdinary, ""},
		"TXT in the name of three victims": {func(w *world) {
			w.minutes(180, 60, 60, 120, 300, func(at time.Time) { w.see(at, 0xcb007101+uint32(w.IntN(3)), "big.example", 16) })
		}, attack, 1, traffic.KindReflection, ""},
		"ANY in the name of one, from the first second": {func(w *world) {
			w.minutes(180, 20, 0, 180, 300, func(at time.Time) { w.see(at, 0xcb007101, "", 255) })
		}, attack, 0, traffic.KindReflection, ""},
		"answers that nobody asked for": {func(w *world) {
			w.minutes(180, 5, 60, 120, 600, func(at time.Time) {
				answer(w, at, netip.AddrPortFrom(v4(w.client()).Addr(), 53), v4(0xcb007107), 0, 3000)
			})
		}, attack, 1, traffic.KindReflection, ""},
		"a resolver's answers only": {func(w *world) {
			w.minutes(180, 0, 0, 180, 60, func(at time.Time) {
				answer(w, at, netip.AddrPortFrom(v4(w.client()).Addr(), 53), v4(0xcb007107), 0, 100)
			})
		}, unknown, 0, "", ""},
		"a server that was away": {func(w *world) {
			w.minutes(100, 60, 0, 0, 0, nil)
			for s := 300; s < 500; s++ {
				w.spread(begin.Add(time.Duration(s)*time.Second), 60, w.ordinary)
			}
		}, quiet, 0, traffic.KindOrdinary, ""},
		"a clock that went back": {func(w *world) {
			w.minutes(300, 60, 0, 0, 0, nil)
			for s := range 300 {
				w.spread(begin.Add(time.Duration(s)*time.Second-2*time.Hour), 60, w.ordinary)
			}
		}, quiet, 0, traffic.KindOrdinary, ""},
		"hosts behind NAT": {func(w *world) {
			w.minutes(180, 0, 0, 180, 60, func(at time.Time) {
				w.see(at, 0x0a000000|uint32(w.IntN(1<<24)), fmt.Sprintf("h%d.example%d", w.IntN(300), w.IntN(50)), 1)
			})
		}, quiet, 0, traffic.KindOrdinary, ""},
		"broken hosts without an address": {func(w *world) {
			w.minutes(180, 60, 0, 180, 6, func(at time.Time) { w.see(at, 0, "a.example", 1) })
		}, quiet, 0, traffic.KindOrdinary, ""},
		"made-up sources of one network": {func(w *world) {
			w.minutes(180, 60, 60, 120, 600, func(at time.Time) { w.see(at, 0xcb000000|uint32(w.IntN(1<<16)), "a.example", 1) })
		}, surge, 1, traffic.KindOneName, traffic.PatternOne},
		"IPv6, ordinary": {func(w *world) {
			w.minutes(180, 60, 0, 180, 60, func(at time.Time) {
				w.a.Observe(&traffic.Message{Time: at, Src: v6(uint64(w.IntN(500))), Dst: netip.MustParseAddrPort("[2001:503:ba3e::2:30]:53"), Payload: capturetest.Question(1, fmt.Sprintf("h%d.example", w.IntN(90)), 1)})
			})
		}, quiet, 0, traffic.KindOrdinary, ""},
		"IPv6, one name from everywhere": {func(w *world) {
			w.minutes(180, 60, 60, 120, 600, func(at time.Time) {
				w.a.Observe(&traffic.Message{Time: at, Src: v6(w.Uint64()), Dst: netip.MustParseAddrPort("[2001:503:ba3e::2:30]:53"), Payload: capturetest.Question(1, "a.example", 1)})
			})
		}, surge, 1, traffic.KindOneName, traffic.PatternOne},
		"one name all along": {func(w *world) {
			w.minutes(180, 5, 0, 180, 100, func(at time.Time) { w.see(at, w.clients[w.zipf.Uint64()], "www.popular.example", 1) })
		}, unknown, 0, traffic.KindOneName, traffic.PatternOne},
		"one forwarder asks all": {func(w *world) {
			w.minutes(180, 0, 0, 180, 60, func(at time.Time) { w.see(at, 0xcb007107, fmt.Sprintf("h%d.example%d", w.IntN(300), w.IntN(50)), 1) })
		}, quiet, 0, traffic.KindOrdinary, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(7)
			c.make(w)
			r := w.a.Report()
			s := r.Whole
			if len(r.Windows) > 0 {
				s = r.Windows[0]
			}
			assert.Equal(t, c.verdict, r.Verdict, "%s", r)
			assert.Len(t, r.Windows, c.windows, "%s", r)
			assert.Equal(t, c.kind, s.Kind, "%s", r)
			if c.pattern != "" {
				assert.Equal(t, c.pattern, s.Pattern, "%s", r)
			}
			if s.Kind == traffic.KindRandomSubdomain {
				assert.Equal(t, "victim.example.", s.Names.Victim)
			}
		})
	}
}
