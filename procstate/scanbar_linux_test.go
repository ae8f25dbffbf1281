//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// cScan is the least that a C program can do to count zombies: it reads the stat
// of every process and looks at one letter. It prints the count and the CPU time
// of one scan in nanoseconds.
const cScan = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
struct entry { unsigned long inode; long offset; unsigned short length; unsigned char type; char name[]; };
static long cpu(void) {
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000L + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000L;
}
int main(void) {
	static char entries[65536], text[4096];
	long start = cpu(), n, processes = 0, zombies = 0;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY);
	while ((n = syscall(SYS_getdents64, proc, entries, sizeof entries)) > 0)
		for (long at = 0; at < n;) {
			struct entry *e = (void *)(entries + at);
			at += e->length;
			if (e->name[0] < '1' || e->name[0] > '9')
				continue;
			char path[32];
			size_t l = strlen(e->name);
			memcpy(path, e->name, l);
			memcpy(path + l, "/stat", 6);
			int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
			if (file < 0)
				continue;
			long m = read(file, text, sizeof text);
			close(file);
			char *end = m > 0 ? memrchr(text, ')', m) : 0;
			if (!end)
				continue;
			processes++;
			zombies += end[2] == 'Z';
		}
	printf("%ld %ld %ld\n", processes, zombies, cpu() - start);
}`

// zombieMaker forks as many children as its argument says, which end at once,
// prints how many it could, and at the end of its input reaps them: PID 1 would
// need long for so many.
const zombieMaker = `
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
int main(int c, char **v) {
	int n = 0;
	for (; n < atoi(v[1]); n++) {
		pid_t p = fork();
		if (p < 0) break;
		if (p == 0) _exit(9);
	}
	siginfo_t last;
	for (int i = 0; i < 100; i++) { waitid(P_ALL, 0, &last, WEXITED | WNOWAIT); usleep(1000); }
	printf("%d\n", n);
	fflush(stdout);
	char b[8];
	while (read(0, b, sizeof b) > 0);
	while (wait(0) > 0);
	return 0;
}`

// compile compiles a C program of these tests.
func compile(t testing.TB, name, source string, flags ...string) string {
	t.Helper()
	lab.Need(t, "program:gcc")
	binary := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("gcc", append([]string{"-O2", "-x", "c", "-", "-o", binary}, flags...)...)
	cmd.Stdin = strings.NewReader(source)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

// manyZombies runs zombieMaker, by a command line of which it is a part, and
// waits until its n zombies are there. end reaps them; the test does so too.
func manyZombies(t testing.TB, n int, argv ...string) (parent int, end func()) {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	end = sync.OnceFunc(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	t.Cleanup(end)
	made := 0
	_, err = fmt.Fscan(stdout, &made)
	require.NoError(t, err)
	require.Equal(t, n, made)
	return cmd.Process.Pid, end
}

// cpuTime is what this process has used.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// raisePIDMax makes room for n more processes until the test ends.
func raisePIDMax(t *testing.T, n int) {
	t.Helper()
	lab.Need(t, "root")
	const file = "/proc/sys/kernel/pid_max"
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.WriteFile(file, before, 0)) })
	require.NoError(t, os.WriteFile(file, []byte("131072"), 0))
	require.Less(t, n, 131072)
}

// TestBarScanBesideC: the /proc source allocates nothing per process and uses at
// most 1.3 times the CPU of the least C program; the BPF source a fraction.
func TestBarScanBesideC(t *testing.T) {
	n := map[lab.Size]int{lab.Small: 100, lab.CI: 3000, lab.Full: 31870}[lab.Bars()]
	rounds := map[lab.Size]int{lab.Small: 1, lab.CI: 9, lab.Full: 9}[lab.Bars()]
	scanC := compile(t, "opskit-scan", cScan)
	if lab.Bars() == lab.Full {
		raisePIDMax(t, n)
	}
	parent, _ := manyZombies(t, n, compile(t, "opskit-zombies", zombieMaker), fmt.Sprint(n))
	scanBPF := &procstate.Scanner{Source: procstate.SourceBPF}
	t.Cleanup(func() { require.NoError(t, scanBPF.Close()) })
	source, _ := scanBPF.Choose()

	scan := func(s *procstate.Scanner) (time.Duration, int) {
		zombies := 0
		start := cpuTime(t)
		for p, err := range s.Processes(t.Context()) {
			if err == nil && p.State.Zombie() && p.PPID == parent {
				zombies++
			}
		}
		return cpuTime(t) - start, zombies
	}
	var inC, inGo, inBPF []time.Duration
	for range rounds {
		out, err := exec.Command(scanC).Output()
		require.NoError(t, err)
		var processes, zombies int
		var cpu time.Duration
		_, err = fmt.Sscan(string(out), &processes, &zombies, &cpu)
		require.NoError(t, err)
		require.GreaterOrEqual(t, zombies, n)
		inC = append(inC, cpu)
		for s, times := range map[*procstate.Scanner]*[]time.Duration{{}: &inGo, scanBPF: &inBPF} {
			cpu, zombies := scan(s)
			require.Equal(t, n, zombies)
			*times = append(*times, cpu)
		}
	}
	// Other goroutines of the program can only add to what a scan allocates. The
	// Scanner is the caller's, and has looked around before.
	ready := &procstate.Scanner{}
	fixed := math.Inf(1)
	for range 12 {
		fixed = min(fixed, testing.AllocsPerRun(1, func() { scan(ready) }))
	}
	assert.LessOrEqual(t, fixed, 10.0, "allocations of a whole scan of %d processes", n)
	// The processor's speed changes meanwhile, so that a round is compared with itself.
	ratios := make([]float64, rounds)
	for i := range ratios {
		ratios[i] = float64(inGo[i]) / float64(inC[i])
	}
	slices.Sort(ratios)
	ratio := ratios[rounds/2]
	if lab.Bars() != lab.Small && !lab.Race {
		assert.Less(t, ratio, 1.3, "%.2f", ratios)
	}
	proc, least, bpf := median(inGo), median(inC), median(inBPF)
	lab.BarTiming(t, "procstate scan beside C", "%d zombies: C %v, /proc %v = %.2f times C, %s %v = C / %.0f, %v allocations a scan",
		n, least, proc, ratio, source, bpf, float64(least)/float64(max(bpf, 1)), fixed)
}

// TestBarLoadOfBPF: the iterator is loaded in less than 20 ms.
func TestBarLoadOfBPF(t *testing.T) {
	s := &procstate.Scanner{Source: procstate.SourceBPF}
	if used, why := s.Choose(); used != procstate.SourceBPF {
		lab.NeedIf(t, "root", fmt.Errorf("no BPF source: %s", why))
	}
	require.NoError(t, s.Close())
	var times []time.Duration
	for range 21 {
		s := &procstate.Scanner{Source: procstate.SourceBPF}
		start := time.Now()
		s.Choose()
		times = append(times, time.Since(start))
		require.NoError(t, s.Close())
	}
	if lab.Bars() != lab.Small && !lab.Race {
		assert.Less(t, median(times), 20*time.Millisecond)
	}
	lab.BarTiming(t, "procstate load of BPF", "median %v of %d", median(times).Round(10*time.Microsecond), len(times))
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func BenchmarkProcesses(b *testing.B) {
	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		b.Run(source.String(), func(b *testing.B) {
			s := &procstate.Scanner{Source: source}
			if used, why := s.Choose(); used != source {
				b.Skip(why)
			}
			defer s.Close()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for range s.Processes(b.Context()) {
					n++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/process")
		})
	}
}
