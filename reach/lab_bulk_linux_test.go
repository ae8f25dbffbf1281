//go:build linux && !opskit_portable

package reach

import (
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"

	"github.com/opskit-go/opskit"
)

// Insides below run as a process of their own in the client's namespace, so
// that every goroutine of ConnectAll is there.

func TestLabManyTargetsBehindALimitedRouter(t *testing.T) {
	t.Parallel()
	limitedRouter(t, 8)
}

func TestBarManyTargetsBehindALimitedRouter(t *testing.T) {
	if lab.Bars() == lab.Small { // TestLab shows it: silence alone takes seconds
		lab.Bar(t, "reach-limited", "small")
		return
	}
	limitedRouter(t, map[lab.Size]int{lab.CI: 256, lab.Full: 1024}[lab.Bars()])
}

func limitedRouter(t *testing.T, size int) {
	if !lab.Inside(t, func() *lab.NS {
		w := newWorld(t)
		w.router.Sysctl("net.ipv4.icmp_ratelimit", "1000") // as Linux has it
		w.router.Nft(rules("forward", []string{"ip daddr 10.77.12.0/22 meta l4proto tcp reject with icmp admin-prohibited", "ip daddr 10.77.8.0/22 drop"}))
		return w.client
	}) {
		return
	}
	var targets []netip.AddrPort
	for i := range size {
		for _, net := range []byte{0, 8, 12} { // open, dropped, rejected
			targets = append(targets, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, net + byte(i>>8), byte(i)}), 80))
		}
		targets = append(targets, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)}), 81)) // closed
	}
	proven, marked, wrong, n := 0, 0, 0, 0
	for c, err := range (&Prober{Window: 4096}).ConnectAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		n++
		third := c.Target.Addr().As4()[2]
		switch want := map[bool]Verdict{true: Open, false: Refused}[c.Target.Port() == 80]; {
		case third >= 12 && c.Verdict == Prohibited && c.ICMP.From.String() == routerV4:
			proven++
		case third >= 8:
			if c.Verdict != NoAnswer {
				wrong++
				t.Log(c)
			} else if slices.ContainsFunc(c.Unseen, func(g opskit.Gap) bool { return g.What == "whether the silence is a rejection" }) {
				marked++
			}
		case c.Verdict != want:
			wrong++
			t.Log(c)
		}
	}
	assert.Zero(t, wrong)
	assert.Equal(t, len(targets), n, "none is lost")
	assert.Positive(t, proven)
	assert.Equal(t, 2*size-proven, marked, "every silence says that it may be a rejection")
	if lab.Bars() > lab.Small {
		lab.Bar(t, "reach-limited", "%d targets, 0 wrong, %d rejections proven, %d silences marked as perhaps rejected", n, proven, marked)
	}
}

func TestLabFewDescriptors(t *testing.T) {
	t.Parallel()
	const size = 64
	if !lab.Inside(t, func() *lab.NS { return newWorld(t).client }) {
		return
	}
	var held []*os.File
	defer func() {
		for _, f := range held {
			_ = f.Close()
		}
	}()
	limit := openFiles()
	if limit == 0 || limit > 1<<17 {
		limit = 1 << 17
	}
	for len(held) < limit { // leave a handful
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	for range 5 {
		_ = held[len(held)-1].Close()
		held = held[:len(held)-1]
	}
	var targets []netip.AddrPort
	for i := range size {
		targets = append(targets, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, byte(i >> 8), byte(i)}), uint16(80+i%2)))
	}
	seen := map[netip.AddrPort]Verdict{}
	for c, err := range new(Prober).ConnectAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		seen[c.Target] = c.Verdict
	}
	assert.Len(t, seen, size, "none is lost")
	for target, v := range seen {
		assert.Equal(t, map[uint16]Verdict{80: Open, 81: Refused}[target.Port()], v, "%s", target)
	}
}

// With 128 local ports, every one of them soon in TIME_WAIT, what cannot be
// asked is a failure of this host and never a verdict on the port.
func TestLabFewLocalPorts(t *testing.T) {
	t.Parallel()
	if !lab.Inside(t, func() *lab.NS {
		w := newWorld(t)
		w.client.Sysctl("net.ipv4.ip_local_port_range", "40000 40127")
		w.client.Sysctl("net.ipv4.tcp_tw_reuse", "0")
		return w.client
	}) {
		return
	}
	const size = 400
	got := map[Verdict]int{}
	same := netip.MustParseAddrPort("10.77.0.1:80")
	for c, err := range (&Prober{Window: 64}).ConnectAll(t.Context(), slices.Values(slices.Repeat([]netip.AddrPort{same}, size))) {
		if err != nil {
			require.ErrorIs(t, err, ErrLocal)
			require.Equal(t, "EADDRNOTAVAIL", c.Errno)
		}
		got[c.Verdict]++
	}
	assert.Equal(t, size, got[Open]+got[LocalFailure], "%v", got)
	assert.Positive(t, got[Open])
	assert.Positive(t, got[LocalFailure], "the ports were to run out")
}
