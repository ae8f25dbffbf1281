//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/require"
)

// BenchmarkMemoryOfZombies measures what a zombie costs: the growth of the
// kernel's memory that cannot be reclaimed (SUnreclaim of /proc/meminfo) while
// zombies are made, before anybody has listed them, which costs memory too. It
// needs a host on which little else happens.
func BenchmarkMemoryOfZombies(b *testing.B) {
	const n = 2000
	grown := 0
	for b.Loop() {
		before := unreclaimable(b)
		procstatetest.Zombies(b, n)
		grown += unreclaimable(b) - before
	}
	b.ReportMetric(float64(grown)/n/float64(b.N), "KB/zombie")
}

// unreclaimable returns SUnreclaim in KB.
func unreclaimable(b *testing.B) int {
	b.Helper()
	text, err := os.ReadFile("/proc/meminfo")
	require.NoError(b, err)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "SUnreclaim:"); ok {
			kb := 0
			_, err := fmt.Sscan(value, &kb)
			require.NoError(b, err)
			return kb
		}
	}
	b.Fatal("no SUnreclaim")
	return 0
}
