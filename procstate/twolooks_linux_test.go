//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBarTwoLooks: the whole answer, with two looks, tracers, ages and exit statuses,
// beside one walk over /proc: by BPF a fraction of it, by /proc not far from three
// files read for each zombie.
func TestBarTwoLooks(t *testing.T) {
	lab.Need(t, "root")
	n := map[lab.Size]int{lab.Small: 100, lab.CI: 3000, lab.Full: 31870}[lab.Bars()]
	if lab.Bars() == lab.Full {
		raisePIDMax(t, n)
	}
	parent, _ := manyZombies(t, n, compile(t, "opskit-zombies", zombieMaker), fmt.Sprint(n))
	scanBPF := &procstate.Scanner{Source: procstate.SourceBPF, Settle: time.Millisecond}
	t.Cleanup(func() { require.NoError(t, scanBPF.Close()) })
	scanBPF.Choose()
	walk := &procstate.Scanner{}
	ratios := map[procstate.Source][]float64{}
	known := 0
	for range map[lab.Size]int{lab.Small: 1, lab.CI: 5, lab.Full: 5}[lab.Bars()] {
		start := cpuTime(t)
		for range walk.Processes(t.Context()) {
			continue
		}
		once := cpuTime(t) - start
		for _, s := range []*procstate.Scanner{scanBPF, {Settle: time.Millisecond}} {
			start := cpuTime(t)
			r, err := s.Zombies(t.Context())
			took := cpuTime(t) - start
			require.NoError(t, err)
			ratios[r.Source] = append(ratios[r.Source], float64(took)/float64(once))
			known = 0
			for _, z := range r.Only(parent).Groups[0].Zombies {
				if status, ok := z.ExitStatus(); ok && status.Code == 9 {
					known++
				}
			}
			assert.Equal(t, n, known, "exit statuses by %s", r.Source)
		}
	}
	middle := func(source procstate.Source) float64 {
		slices.Sort(ratios[source])
		return ratios[source][len(ratios[source])/2]
	}
	lab.BarTiming(t, "procstate two looks", "%d zombies: the answer costs %.2f of one walk over /proc by bpf, %.2f by procfs; %d exit statuses",
		n, middle(procstate.SourceBPF), middle(procstate.SourceProcFS), known)
}
