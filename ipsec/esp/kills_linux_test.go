//go:build linux && !opskit_portable

package esp_test

import (
	"context"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/outage"
)

// echo is a server of the east's host that sends back what it gets, and a probe of
// it from the west's.
func (p *pair) echo(t *testing.T) (probe func(ctx context.Context) (bool, error)) {
	var server *net.UDPConn
	var err error
	p.east.host.Do(func() { server, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(10, 0, 207, 203), Port: 7}) })
	require.NoError(t, err)
	t.Cleanup(func() { server.Close() })
	go func() {
		b := make([]byte, 16)
		for {
			n, from, err := server.ReadFromUDP(b)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDP(b[:n], from)
		}
	}()
	idle := make(chan *net.UDPConn, 32) // more than are ever under way; to make one takes long
	p.west.host.Do(func() {
		for range cap(idle) {
			var c *net.UDPConn
			if c, err = net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr)); err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			idle <- c
		}
	})
	require.NoError(t, err)
	var probes atomic.Uint64
	return func(ctx context.Context) (bool, error) {
		c := <-idle
		defer func() { idle <- c }()
		deadline, _ := ctx.Deadline()
		_ = c.SetDeadline(deadline)
		mine, got := strconv.FormatUint(probes.Add(1), 10), make([]byte, 16)
		_, err := c.Write([]byte(mine))
		for err == nil {
			var n int
			if n, err = c.Read(got); err == nil && string(got[:n]) == mine { // and not a late one of an earlier probe
				return true, nil
			}
		}
		return false, nil
	}
}

// pings are lines of ping -D -O: of an answer, and of a probe without one, which is
// told when the next is sent.
var pings = regexp.MustCompile(`(?m)^\[(\d+\.\d+)\] (?:no answer yet|.* time[=<]([\d.]+) ms)`)

// The daemon of a live tunnel is killed again and again, at random instants, and
// started anew. Between the bounds of each outage lies what happened: it began
// when the daemon was killed, and ended when a ping of another program, twenty times
// as frequent, was answered again.
func TestBarLiveKills(t *testing.T) {
	lab.Need(t, "root", "netns", "tun", "program:ipsec", "program:ping")
	kills := map[lab.Size]int{lab.CI: 2, lab.Full: 20}[lab.Bars()]
	if kills == 0 {
		lab.Bar(t, "outage-live-kills", "")
		return
	}
	sites := newPair(t, true)
	daemon := sites.up(t)
	w := outage.Watch{Interval: 100 * time.Millisecond, Timeout: 500 * time.Millisecond, Probe: sites.echo(t)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reports := make(chan *outage.Report, 1)
	go func() {
		r, _ := w.Run(ctx)
		reports <- r
	}()
	oracle := sites.west.host.Daemon("ping", "-n", "-D", "-O", "-i", "0.005", "10.0.207.203")
	r := rand.New(rand.NewPCG(1, 5))
	type kill struct{ from, to time.Time } // between these the daemon ended
	var all []kill
	for range kills {
		<-time.After(time.Duration(700+r.IntN(300)) * time.Millisecond)
		k := kill{from: time.Now()}
		_ = syscall.Kill(-daemon.Cmd.Process.Pid, syscall.SIGKILL)
		<-daemon.Done()
		k.to = time.Now()
		all = append(all, k)
		<-time.After(time.Duration(r.IntN(1000)) * time.Millisecond)
		daemon = sites.up(t)
	}
	<-time.After(time.Second)
	cancel()
	report := <-reports
	oracle.Stop()
	var arrivals, sent, unanswered []time.Time
	for _, m := range pings.FindAllStringSubmatch(oracle.Output(), -1) {
		seconds, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		at := time.UnixMicro(int64(seconds * 1e6))
		if m[2] == "" {
			unanswered = append(unanswered, at)
			continue
		}
		took, err := strconv.ParseFloat(m[2], 64)
		require.NoError(t, err)
		arrivals, sent = append(arrivals, at), append(sent, at.Add(-time.Duration(took*1e6)))
	}
	held, widest := 0, time.Duration(0)
	for _, k := range all {
		back := 0
		for back < len(sent) && sent[back].Before(k.to.Add(50*time.Millisecond)) {
			back++
		}
		require.Less(t, back, len(sent), "the other program saw it end")
		// The last one that is not answered was sent when the one before it was told of.
		out := k.to
		for i := 1; i < len(unanswered) && unanswered[i].Before(arrivals[back]); i++ {
			out = unanswered[i-1]
		}
		meets := func(from, to time.Time, o outage.Range) bool {
			return !report.Start.Add(o.Max).Before(from) && !report.Start.Add(o.Min).After(to)
		}
		ok := false
		for _, o := range report.Outages {
			if meets(k.from, k.to, o.Begin) && meets(out, arrivals[back], o.End) {
				ok = true
				widest = max(widest, o.Lasted.Max-o.Lasted.Min)
			}
		}
		if assert.True(t, ok, "killed between %s and %s, answered again at %s: %s", k.from, k.to, arrivals[back], report) {
			held++
		}
	}
	lab.Bar(t, "outage-live-kills", "the daemon of a live tunnel killed: the truth between the bounds in %d of %d, which are %s apart at most", held, kills, widest)
}
