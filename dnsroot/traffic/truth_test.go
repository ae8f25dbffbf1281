package traffic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
	"github.com/opskit-go/opskit/internal/lab"
)

// size picks by the size of the bars.
func size(small, ci, full int) int {
	return map[lab.Size]int{lab.Small: small, lab.CI: ci, lab.Full: full}[lab.Bars()]
}

// The 95 % interval of the number of sources holds the truth in 92 to 98 of 100.
func TestBarSourcesInterval(t *testing.T) {
	seeds := size(2, 300, 300)
	held := 0
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		var a traffic.Analyzer
		m := traffic.Message{Time: begin, Dst: root, Payload: capturetest.Question(1, "a.example", 1)}
		seen := make([]uint64, 1<<20) // of 2^26 addresses
		truth := uint64(0)
		for range 40000 + r.IntN(size(40000, 80000, 400000)) {
			src := 0x0b000000 + r.Uint32()>>6
			if at := src - 0x0b000000; seen[at>>6]&(1<<(at&63)) == 0 {
				seen[at>>6] |= 1 << (at & 63)
				truth++
			}
			m.Src = v4(src)
			a.Observe(&m)
		}
		if d := a.Report().Whole.Sources.Distinct; d.Low <= truth && truth <= d.High {
			held++
		}
	}
	if seeds == 300 {
		assert.GreaterOrEqual(t, held, seeds*92/100)
		assert.LessOrEqual(t, held, seeds*98/100)
	}
	lab.Bar(t, "traffic-sources-interval", "the truth in the 95 %% interval in %d of %d (want 92 to 98 of 100)", held, seeds)
}

// Sources are counted exactly while they are few.
func TestFewSourcesAreCountedExactly(t *testing.T) {
	var a traffic.Analyzer
	m := traffic.Message{Time: begin, Dst: root, Payload: capturetest.Question(1, "a.example", 1)}
	for i := range 40000 {
		m.Src = v4(0x0b000000 + uint32(i%20000)*977)
		a.Observe(&m)
	}
	assert.Equal(t, traffic.Count{Low: 20000, Value: 20000, High: 20000}, a.Report().Whole.Sources.Distinct)
}

// The share of made-up sources among heavy talkers and clients that come back,
// wherever these live, and whether or not the sender leaves out what is not routed.
func TestBarUniformShare(t *testing.T) {
	seeds, n := size(1, 3, 20), size(100000, 500000, 1000000)
	worst := map[string]float64{}
	for _, f := range []float64{0, 0.01, 0.05, 0.3, 1} {
		for _, routed := range []bool{false, true} {
			for seed := range seeds {
				r := rand.New(rand.NewPCG(uint64(seed), 11))
				clients, heavy := make([]uint32, 20001), make([]uint32, 200)
				for i := range clients {
					clients[i] = uint32(1+r.IntN(222))<<24 | uint32(r.IntN(1<<24))
				}
				for i := range heavy {
					heavy[i] = uint32(1+r.IntN(222))<<24 | uint32(r.IntN(1<<24))
				}
				zipf := rand.NewZipf(r, 1.2, 8, 20000)
				var a traffic.Analyzer
				m := traffic.Message{Dst: root, Payload: capturetest.Question(1, "a.example", 1)}
				for i := range n {
					m.Time = begin.Add(time.Duration(i) * 100 * time.Microsecond)
					src := r.Uint32()
					for routed && (src>>24 == 0 || src>>24 == 127 || src>>24 >= 224) {
						src = r.Uint32()
					}
					switch x := r.Float64(); {
					case x < f:
					case x < f+(1-f)*0.7:
						src = heavy[r.IntN(len(heavy))]
					default:
						src = clients[zipf.Uint64()]
					}
					m.Src = v4(src)
					a.Observe(&m)
				}
				u := a.Report().Whole.Sources.Uniform
				key := fmt.Sprintf("%g", f)
				if routed {
					key += " routed only"
				}
				off := u.Value
				if f > 0 {
					off = u.Value/f - 1
				}
				worst[key] = max(worst[key], off, -off)
				if lab.Bars() != lab.Small { // three standard deviations more than the 95 % that are said
					more := (u.High - u.Low) / 3
					assert.True(t, u.Low-more <= f && f <= u.High+more, "%s: seed %d: %+v", key, seed, u)
				}
			}
		}
	}
	var text []string
	for _, key := range []string{"0", "0.01", "0.05", "0.3", "1", "0 routed only", "0.01 routed only", "0.05 routed only", "0.3 routed only", "1 routed only"} {
		bound := 0.1
		switch key {
		case "0", "0 routed only":
			bound = 0.02
		case "0.01 routed only", "0.05 routed only": // cannot be told from clients all over the world that come once
			bound = 1
		}
		if lab.Bars() != lab.Small {
			assert.LessOrEqual(t, worst[key], bound, key)
		}
		text = append(text, fmt.Sprintf("%s: %.3f", key, worst[key]))
	}
	lab.Bar(t, "traffic-uniform-share", "worst of %d seeds, relative, absolute for 0: %s (want 0.1, 0.02)", seeds, strings.Join(text, ", "))
}

// Windows and peaks of floods of many lengths and strengths, beginning and ending
// within a second.
func TestBarWindows(t *testing.T) {
	cases := size(4, 30, 100)
	worst, worstPeak := 0.0, 0.0
	for seed := range cases {
		w := newWorld(uint64(seed))
		length, base := 240+w.IntN(400), 20+w.IntN(60)
		at, lasts := 70+60*w.Float64(), 15+100*w.Float64()
		rate := float64(base) * (1 + 8*w.Float64())
		peak := 0
		for s := range length {
			second := begin.Add(time.Duration(s) * time.Second)
			n := base + int(w.NormFloat64()*float64(base)/10)
			w.spread(second, n, w.ordinary)
			from, to := max(at, float64(s)), min(at+lasts, float64(s+1))
			if to > from {
				k := int((to - from) * rate)
				for i := range k {
					w.see(begin.Add(time.Duration((from+(to-from)*float64(i)/float64(k))*1e9)), w.Uint32(), "www.336901.com", 1)
				}
				n += k
			}
			peak = max(peak, n)
		}
		r := w.a.Report()
		if !assert.Len(t, r.Windows, 1, "seed %d: %d q/s, %.0f more for %.1f s at %.1f\n%s", seed, base, rate, lasts, at, r) {
			continue
		}
		got := r.Windows[0]
		for _, off := range []float64{got.Start.Sub(begin).Seconds() - at, got.End.Sub(begin).Seconds() - at - lasts} {
			worst = max(worst, off, -off)
			assert.InDelta(t, 0, off, 1, "seed %d: %s", seed, r)
		}
		assert.Equal(t, traffic.KindSpoofed, got.Kind, "seed %d: %s", seed, r)
		worstPeak = max(worstPeak, got.Peak/float64(peak)-1, 1-got.Peak/float64(peak))
	}
	assert.Less(t, worstPeak, 0.01)
	lab.Bar(t, "traffic-windows", "%d floods: edges off by %.2f s at most, peaks by %.4f (want 1 s, 0.01)", cases, worst, worstPeak)
}

// comparable is a report without what holds only within bounds.
func comparable(t *testing.T, r *traffic.Report) string {
	t.Helper()
	strip := func(s *traffic.Stretch) {
		s.Names.Top, s.Names.Turns, s.Sources.Top, s.Servers, s.Clients = nil, nil, nil, nil, nil
		s.Sources.Ten, s.Sources.Heavy, s.Remedy, s.Pattern = 0, 0, "", ""
	}
	strip(&r.Whole)
	for i := range r.Windows {
		strip(&r.Windows[i])
	}
	text, err := json.Marshal(r)
	require.NoError(t, err)
	return string(text)
}

// Parts of a capture, however it is split, give what the whole gives.
func TestBarSplitsMerge(t *testing.T) {
	w := newWorld(6)
	var all []traffic.Message
	record := func(at time.Time, src uint32, name string) {
		all = append(all, traffic.Message{Time: at, Src: v4(src), Dst: root, Payload: capturetest.Question(1, name, 1)})
	}
	for s := range 200 {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, size(20, 100, 200), func(at time.Time) {
			record(at, w.clients[w.zipf.Uint64()], fmt.Sprintf("h%d.%s", w.IntN(50000), tlds[w.IntN(len(tlds))]))
		})
		if s >= 60 && s < 120 {
			w.spread(second, size(200, 1000, 5000), func(at time.Time) { record(at, w.Uint32(), "www.336901.com") })
		}
	}
	var whole traffic.Analyzer
	for i := range all {
		whole.Observe(&all[i])
	}
	report := whole.Report()
	require.Equal(t, traffic.Attack, report.Verdict)
	top := report.Windows[0].Names.Top[0]
	want := comparable(t, report)
	splits := size(3, 20, 20)
	for seed := range splits {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		parts := make([]traffic.Analyzer, 2+r.IntN(5))
		for i := range all {
			k := r.IntN(len(parts)) // message by message
			if seed%2 == 0 {
				k = i * len(parts) / len(all) // by time
			}
			parts[k].Observe(&all[i])
		}
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		var merged traffic.Analyzer
		for i := range parts {
			state, err := parts[i].MarshalBinary()
			require.NoError(t, err)
			var back traffic.Analyzer
			require.NoError(t, back.UnmarshalBinary(state))
			require.NoError(t, merged.Merge(&back))
		}
		got := merged.Report()
		first := got.Windows[0].Names.Top[0]
		assert.Equal(t, top.Name, first.Name)
		assert.LessOrEqual(t, first.Count.Low, top.Count.High)
		assert.GreaterOrEqual(t, first.Count.High, top.Count.Low)
		require.Equal(t, want, comparable(t, got), "split %d", seed)
	}
	lab.Bar(t, "traffic-merge", "%d splits of %d messages: counts, windows, sources and victims identical", splits, len(all))
}

// The queries and answers of every capture of the corpus, as tshark has them.
func TestBarCorpusLikeTshark(t *testing.T) {
	lab.Need(t, "program:tshark")
	found, err := filepath.Glob(filepath.Join(lab.Corpus(t, "dnsroot", "pcap"), "*.pcap*"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(found), 10)
	if lab.Bars() == lab.Small {
		found = found[:2]
	}
	messages := 0
	for _, name := range found {
		out, err := exec.CommandContext(t.Context(), "tshark", "-r", name, "-Y", "dns", "-T", "fields", "-e", "dns.flags.response").Output()
		require.NoError(t, err, name)
		queries, answers := uint64(strings.Count(string(out), "0")+strings.Count(string(out), "False")), uint64(strings.Count(string(out), "1")+strings.Count(string(out), "True"))
		file, err := os.Open(name)
		require.NoError(t, err)
		var a traffic.Analyzer
		require.NoError(t, a.ReadCapture(t.Context(), file))
		file.Close()
		r := a.Report()
		assert.Equal(t, []uint64{queries, answers}, []uint64{r.Queries, r.Answers}, "%s\n%v\n%s", name, r.Skipped, r)
		sum := r.Queries + r.Answers
		for _, n := range r.Skipped {
			sum += n
		}
		assert.Equal(t, r.Frames, sum, "packets in are packets out")
		messages += int(r.Queries + r.Answers)
	}
	lab.Bar(t, "traffic-like-tshark", "%d DNS messages of %d captures, 0 differences", messages, len(found))
}

func FuzzReadCapture(f *testing.F) {
	file := capturetest.NewPCAP(1)
	q := capturetest.Question(1, "www.Example.org", 1)
	for i := range 5 {
		at := begin.Add(time.Duration(i) * time.Second)
		file.Frame(at, capturePacket(v4(0xcb007107), root, q))
		file.Frame(at, capturePacket(root, v4(0xcb007107), capturetest.Answer(q, 3, 40)))
	}
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		var a traffic.Analyzer
		_ = a.ReadCapture(t.Context(), bytes.NewReader(raw))
		r := a.Report()
		sum := r.Queries + r.Answers
		for _, n := range r.Skipped {
			sum += n
		}
		require.Equal(t, r.Frames, sum)
		_ = r.String()
		_, err := json.Marshal(r)
		require.NoError(t, err)
		state, err := a.MarshalBinary()
		require.NoError(t, err)
		var b traffic.Analyzer
		require.NoError(t, b.UnmarshalBinary(state))
		require.NoError(t, b.Merge(&a))
		_ = b.Report().String()
	})
}

func FuzzUnmarshalBinary(f *testing.F) {
	var a traffic.Analyzer
	m := traffic.Message{Time: begin, Src: v4(1), Dst: root, Payload: capturetest.Question(1, "a.example", 1)}
	a.Observe(&m)
	state, err := a.MarshalBinary()
	require.NoError(f, err)
	f.Add(state)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var b traffic.Analyzer
		if err := b.UnmarshalBinary(raw); err != nil {
			require.ErrorIs(t, err, traffic.ErrNotPart)
			return
		}
		_ = b.Report().String()
		b.Observe(&m)
	})
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return string(text) + "\n"
}
