//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkMemoryOfZombies measures what a zombie costs the kernel, in units of
// 1024 bytes. The parent runs in a memory control group of its own, which is
// charged with the slab objects of its children: task_struct, sighand_cache,
// signal_cache and pid make up nearly all of it (/proc/slabinfo). Their stacks, address
// spaces and page tables are freed when they die and are not in the figure, nor
// are the inodes and dentries that a walk over /proc adds, which nobody has done
// yet. Each round makes 10,000 zombies and compares the charge before and after;
// the median of the rounds counts. What others do on the host is not in it.
//
// Beside it stands the growth of the whole host's SUnreclaim (/proc/meminfo),
// which also holds partly used slabs and whatever else happened; without the
// version 1 memory controller it is the only figure.
//
// Linux 6.18 on an x86-64 with AVX-512: 9.4 charged, 9.9 by SUnreclaim. The size
// of task_struct depends on the processor, whose vector registers are in it.
func BenchmarkMemoryOfZombies(b *testing.B) {
	const n = 10000
	maker := compile(b, "opskit-zombies", zombieMaker)
	var charged, grown []float64
	for b.Loop() {
		for range 5 {
			group := memoryGroup(b)
			before, kernel := charge(b, group), unreclaimable(b)
			_, end := manyZombies(b, n, "sh", "-c", `[ -z "$1" ] || echo $$ > "$1/cgroup.procs"; exec "$0" "$2"`, maker, group, strconv.Itoa(n))
			grown = append(grown, float64(unreclaimable(b)-kernel)/n)
			charged = append(charged, float64(charge(b, group)-before)/1024/n)
			end()
			if group != "" {
				require.NoError(b, os.Remove(group))
			}
		}
	}
	for name, values := range map[string][]float64{"KiB-charged/zombie": charged, "KiB-SUnreclaim/zombie": grown} {
		slices.Sort(values)
		if middle := values[len(values)/2]; middle > 0 {
			b.ReportMetric(middle, name)
		}
	}
}

// memoryGroup makes a control group of version 1 that counts kernel memory, or
// returns "".
func memoryGroup(b *testing.B) string {
	b.Helper()
	const memory = "/sys/fs/cgroup/memory"
	if _, err := os.Stat(memory + "/memory.kmem.usage_in_bytes"); err != nil {
		return ""
	}
	group := filepath.Join(memory, fmt.Sprintf("opskit-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		return ""
	}
	return group
}

// charge returns the kernel memory of a group in bytes; 0 without one.
func charge(b *testing.B, group string) int {
	b.Helper()
	if group == "" {
		return 0
	}
	text, err := os.ReadFile(filepath.Join(group, "memory.kmem.usage_in_bytes"))
	require.NoError(b, err)
	bytes, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(b, err)
	return bytes
}

// unreclaimable returns SUnreclaim in units of 1024 bytes.
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
