//go:build linux

package traffic_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/lab"
)

// flood writes a capture of n packets at a million a second: 97 % attack, the
// rest clients that come back, with names of their own. It returns how many
// sources there are.
func flood(t testing.TB, path string, n int, random bool) (sources int) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	clients := rand.NewZipf(r, 1.2, 8, 200000)
	seen := make([]uint32, 0, n)
	head := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0}
	_, err = w.Write(head)
	require.NoError(t, err)
	attack := wire("www.336901.com")
	var frame, name []byte
	for i := range n {
		src := r.Uint32()
		name = attack
		switch {
		case r.IntN(100) < 3:
			src = 0x0b000000 + uint32(clients.Uint64())*2654435761%0x60000000
			name = wire(fmt.Sprintf("h%d.%s", r.IntN(500000), tlds[r.IntN(len(tlds))]))
		case random:
			name = wire(fmt.Sprintf("%012x.victim.example", r.Uint64()>>16))
		}
		seen = append(seen, src)
		dns := 12 + len(name) + 4
		size := 14 + 20 + 8 + dns
		frame = append(frame[:0], make([]byte, 16+42+12)...)
		at := uint64(begin.Unix())*1000000 + uint64(i)
		binary.LittleEndian.PutUint32(frame, uint32(at/1000000))
		binary.LittleEndian.PutUint32(frame[4:], uint32(at%1000000))
		binary.LittleEndian.PutUint32(frame[8:], uint32(size))
		binary.LittleEndian.PutUint32(frame[12:], uint32(size))
		ip := frame[30:]
		frame[28], ip[0], ip[8], ip[9] = 8, 0x45, 60, 17
		binary.BigEndian.PutUint16(ip[2:], uint16(28+dns))
		binary.BigEndian.PutUint32(ip[12:], src)
		binary.BigEndian.PutUint32(ip[16:], 0xc6290004)
		binary.BigEndian.PutUint16(ip[20:], uint16(1024+r.IntN(60000)))
		ip[23] = 53
		binary.BigEndian.PutUint16(ip[24:], uint16(8+dns))
		binary.BigEndian.PutUint16(ip[28:], uint16(r.IntN(65536)))
		ip[30], ip[33] = 1, 1
		frame = append(append(frame, name...), 0, 1, 0, 1)
		_, err = w.Write(frame)
		require.NoError(t, err)
	}
	require.NoError(t, w.Flush())
	slices.Sort(seen)
	return len(slices.Compact(seen))
}

// wire is a name in wire format.
func wire(name string) []byte {
	var out []byte
	from := 0
	for i := range len(name) + 1 {
		if i == len(name) || name[i] == '.' {
			out = append(append(out, byte(i-from)), name[from:i]...)
			from = i + 1
		}
	}
	return append(out, 0)
}

// walk only goes over headers and lengths, as a plain program does: what a
// characterisation is measured against.
func walk(src io.Reader) (packets int, sum uint64) {
	in := bufio.NewReaderSize(src, 1<<18)
	frame := make([]byte, 1<<16)
	if _, err := io.ReadFull(in, frame[:24]); err != nil {
		return 0, 0
	}
	for {
		if _, err := io.ReadFull(in, frame[:16]); err != nil {
			return packets, sum
		}
		p := frame[:binary.LittleEndian.Uint32(frame[8:])]
		if _, err := io.ReadFull(in, p); err != nil || len(p) < 59 || p[12] != 8 || p[13] != 0 {
			continue
		}
		ip := p[14:]
		head := int(ip[0]&15) * 4
		if ip[9] != 17 || ip[6]&0x3f != 0 || ip[7] != 0 || len(ip) < head+20 {
			continue
		}
		d := ip[head+8:]
		at := 12
		for at < len(d) && d[at] != 0 {
			at += int(d[at]) + 1
		}
		packets++
		sum += uint64(at)
	}
}

// TestBarSpeed characterises floods on one core beside a loop that only walks
// headers, in pairs, as fast or slow as the machine is for both just then. The best
// pair counts: what else runs takes the caches from the one that has more to keep.
func TestBarSpeed(t *testing.T) {
	for _, c := range []struct {
		name   string
		random bool
		full   int
		least  float64
	}{{"one-name", false, 4000000, 0.5}, {"random-labels", true, 2000000, 0.15}} {
		n, pairs := c.full, 5
		switch {
		case lab.Bars() == lab.Small:
			n, pairs = 20000, 1
		case lab.Bars() == lab.CI && c.random:
			n = c.full / 4
		}
		path := filepath.Join(t.TempDir(), "flood.pcap")
		truth := flood(t, path, n, c.random)
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		var ratios []float64
		var r *traffic.Report
		for range pairs {
			walked := timed(t, path, func(f *os.File) {
				packets, _ := walk(f)
				assert.Equal(t, n, packets)
			})
			var a traffic.Analyzer
			took := timed(t, path, func(f *os.File) {
				require.NoError(t, a.ReadCapture(t.Context(), f))
				r = a.Report()
			})
			ratios = append(ratios, walked/took)
		}
		slices.Sort(ratios)
		best := ratios[pairs-1]
		assert.Equal(t, uint64(n), r.Queries)
		d := r.Whole.Sources.Distinct
		assert.True(t, d.Low <= uint64(truth) && uint64(truth) <= d.High, "%d sources, said %s", truth, d)
		if lab.Bars() != lab.Small && !lab.Race {
			assert.GreaterOrEqual(t, best, c.least, "%s: %v", c.name, ratios)
		}
		lab.BarTiming(t, "traffic-speed-"+c.name, "%d packets: %.2f of a loop that only walks headers in the best of %d pairs, %.2f in the middle (want %.2f); %d sources, said %s",
			n, best, pairs, ratios[pairs/2], c.least, truth, d)
	}
}

// timed is the processor's time that f takes, which other programs do not add to.
func timed(t *testing.T, path string, f func(*os.File)) float64 {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	used := func() int64 {
		var u unix.Rusage
		require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	f(file)
	return float64(used()-start) / 1e9
}

// TestBarMemory: what the largest flood leaves, and what its packets allocate when
// they come again: nothing but what begins a reading.
func TestBarMemory(t *testing.T) {
	n := map[lab.Size]int{lab.Small: 50000, lab.CI: 500000, lab.Full: 4000000}[lab.Bars()]
	var report []string
	for _, random := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "flood.pcap")
		flood(t, path, n, random)
		runtime.GC()
		debug.FreeOSMemory()
		var stats [4]runtime.MemStats
		var a traffic.Analyzer
		for i := range 3 {
			runtime.ReadMemStats(&stats[i])
			if i < 2 {
				timed(t, path, func(f *os.File) { require.NoError(t, a.ReadCapture(t.Context(), f)) })
			}
		}
		a.Report()
		runtime.ReadMemStats(&stats[3])
		megabytes := float64(stats[3].HeapInuse-min(stats[3].HeapInuse, stats[0].HeapInuse)) / 1e6
		warming, warm := stats[1].Mallocs-stats[0].Mallocs, stats[2].Mallocs-stats[1].Mallocs
		if !lab.Race {
			assert.Less(t, megabytes, 64.0)
			assert.Less(t, warming, uint64(5000))
			assert.Less(t, warm, uint64(200))
		}
		report = append(report, fmt.Sprintf("%.0f MB, %d allocations for the first reading and %d for the second", megabytes, warming, warm))
	}
	lab.BarTiming(t, "traffic-memory", "%d packets: one name %s; random labels %s (want < 64 MB, 0 a packet)", n, report[0], report[1])
}

// TestBarBesideOthers: the same capture by the programs that people use for it.
func TestBarBesideOthers(t *testing.T) {
	lab.Need(t, "program:tshark", "program:tcpdump")
	n := map[lab.Size]int{lab.Small: 2000, lab.CI: 50000, lab.Full: 500000}[lab.Bars()]
	path := filepath.Join(t.TempDir(), "flood.pcap")
	flood(t, path, n, false)
	mine := math.Inf(1)
	for range 5 { // the first reading warms up, and another program may disturb any of them
		mine = min(mine, timed(t, path, func(f *os.File) {
			var a traffic.Analyzer
			require.NoError(t, a.ReadCapture(t.Context(), f))
			assert.Equal(t, uint64(n), a.Report().Queries)
		}))
	}
	var text strings.Builder
	for _, argv := range [][]string{{"tshark", "-r", path, "-q", "-z", "dns,tree"}, {"tcpdump", "-nn", "-r", path}} {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		require.NoError(t, cmd.Run())
		took := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		fmt.Fprintf(&text, "; %s %.0f times", argv[0], took/mine)
		if lab.Bars() != lab.Small && !lab.Race {
			assert.GreaterOrEqual(t, took/mine, 10.0, argv[0])
		}
	}
	lab.BarTiming(t, "traffic-beside-others", "%d packets in %.3f s of the processor%s (want 10)", n, mine, text.String())
}
