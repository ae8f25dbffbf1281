package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/prometheus/procfs"
	"github.com/shirou/gopsutil/v4/process"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	procstatetest.Actor()
	lab.Main(m)
}

// method is one way to count the zombies of a host.
type method struct {
	name  string
	scans int // at full size: the slow ones are measured less often
	count func(ctx context.Context) (zombies int, err error)
}

func methods(bpf *procstate.Scanner) []method {
	scan := func(s *procstate.Scanner) func(context.Context) (int, error) {
		return func(ctx context.Context) (zombies int, err error) {
			for p, err := range s.Processes(ctx) {
				if err != nil && p.PID == 0 {
					return 0, err
				}
				if p.State.Zombie() {
					zombies++
				}
			}
			return zombies, nil
		}
	}
	return []method{
		{"procstate bpf", 9, scan(bpf)},
		{"procstate procfs", 5, scan(&procstate.Scanner{})},
		{"prometheus/procfs", 5, countProcfs},
		{"gopsutil", 3, countGopsutil},
	}
}

func countProcfs(context.Context) (zombies int, err error) {
	fs, err := procfs.NewFS("/proc")
	if err != nil {
		return 0, err
	}
	all, err := fs.AllProcs()
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		// One that has ended meanwhile is no zombie any more.
		if stat, err := p.Stat(); err == nil && stat.State == "Z" {
			zombies++
		}
	}
	return zombies, nil
}

func countGopsutil(ctx context.Context) (zombies int, err error) {
	all, err := process.ProcessesWithContext(ctx)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if states, err := p.StatusWithContext(ctx); err == nil && slices.Contains(states, process.Zombie) {
			zombies++
		}
	}
	return zombies, nil
}

// TestBarPeers: the BPF source uses at least 20 times less CPU than
// prometheus/procfs and 80 times less than gopsutil for the same answer.
func TestBarPeers(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	n := map[lab.Size]int{lab.Small: 50, lab.CI: 2000, lab.Full: 31870}[lab.Bars()]
	if lab.Bars() == lab.Full {
		raisePIDMax(t)
	}
	bpf := &procstate.Scanner{Source: procstate.SourceBPF}
	t.Cleanup(func() { require.NoError(t, bpf.Close()) })
	if used, why := bpf.Choose(); used != procstate.SourceBPF {
		lab.NeedIf(t, "root", fmt.Errorf("no BPF source: %s", why))
	}
	manyZombies(t, n)
	cpu := map[string]time.Duration{}
	var line []string
	for _, m := range methods(bpf) {
		scans := m.scans
		if lab.Bars() == lab.Small {
			scans = 1
		}
		var times []time.Duration
		for range scans {
			before := cpuTime(t)
			zombies, err := m.count(t.Context())
			times = append(times, cpuTime(t)-before)
			require.NoError(t, err, m.name)
			require.GreaterOrEqual(t, zombies, n, "%s: others may leave some too", m.name)
		}
		slices.Sort(times)
		cpu[m.name] = times[len(times)/2]
		line = append(line, fmt.Sprintf("%s %v (x %.1f)", m.name, cpu[m.name].Round(10*time.Microsecond),
			float64(cpu[m.name])/float64(max(cpu["procstate bpf"], 1))))
	}
	if lab.Bars() != lab.Small && !lab.Race {
		assert.GreaterOrEqual(t, float64(cpu["prometheus/procfs"])/float64(cpu["procstate bpf"]), 20.0)
		assert.GreaterOrEqual(t, float64(cpu["gopsutil"])/float64(cpu["procstate bpf"]), 80.0)
	}
	lab.BarTiming(t, "procstate peers", "CPU for %d zombies: %s", n, strings.Join(line, ", "))
}

// zombieMaker forks as many children as its argument says, which end at once,
// and at the end of its input reaps them: PID 1 would need long for so many.
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
	printf("%d\n", n);
	fflush(stdout);
	char b[8];
	while (read(0, b, sizeof b) > 0);
	while (wait(0) > 0);
	return 0;
}`

func manyZombies(t *testing.T, n int) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "opskit-peers")
	gcc := exec.Command("gcc", "-O2", "-x", "c", "-", "-o", binary)
	gcc.Stdin = strings.NewReader(zombieMaker)
	out, err := gcc.CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(binary, fmt.Sprint(n))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	dead := func() (found int) {
		for p, err := range new(procstate.Scanner).Processes(t.Context()) {
			if err == nil && p.PPID == cmd.Process.Pid && p.State.Zombie() {
				found++
			}
		}
		return found
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	made := 0
	_, err = fmt.Fscan(stdout, &made)
	require.NoError(t, err)
	require.Equal(t, n, made)
	lab.Eventually(t, time.Minute, "all are dead", func() bool { return dead() == n })
}

func raisePIDMax(t *testing.T) {
	t.Helper()
	const file = "/proc/sys/kernel/pid_max"
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.WriteFile(file, before, 0)) })
	require.NoError(t, os.WriteFile(file, []byte("131072"), 0))
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
