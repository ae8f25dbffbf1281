//go:build linux && !opskit_portable

package procstate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// churner forks short-lived children for so many seconds and reaps them all,
// then prints how many there were.
const churner = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>
int main(int c, char **v) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double end = now.tv_sec + now.tv_nsec / 1e9 + atof(v[1]);
	long n = 0;
	do {
		if (fork() == 0) { usleep(rand() % 3000); _exit(0); }
		n++;
		while (waitpid(-1, 0, WNOHANG) > 0);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec + now.tv_nsec / 1e9 < end);
	while (waitpid(-1, 0, 0) > 0);
	printf("%ld\n", n);
	return 0;
}`

// TestBarChurn: while processes come and go, no scan fails, no process that
// stays is missed, no zombie is taken for another kind, and a parent that reaps
// is no problem.
func TestBarChurn(t *testing.T) {
	seconds := map[lab.Size]float64{lab.Small: 0.3, lab.CI: 5, lab.Full: 60}[lab.Bars()]
	stable := procstatetest.Zombies(t, 50)
	binary := compile(t, "opskit-churn", churner)
	const churners = 2
	alone, forks := 0, 0
	_, ended := churn(t, binary, churners, seconds/5)
	for range churners {
		alone += <-ended
	}
	parents, ended := churn(t, binary, churners, seconds)

	scans, errs, missed, looks, problems, otherKinds := 0, 0, 0, 0, 0, 0
	left := churners
	for i := 0; left > 0; i++ {
		select {
		case n := <-ended:
			forks, left = forks+n, left-1
		default:
		}
		s := &procstate.Scanner{Source: []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF}[i%2]}
		seen := 0
		for p, err := range s.Processes(t.Context()) {
			switch {
			case err != nil && p.PID == 0:
				t.Errorf("the whole scan failed: %v", err)
			case errors.Is(err, context.DeadlineExceeded): // a process of the host executes a program, and hangs in that
			case err != nil:
				errs++
				t.Log(err)
			case p.PPID == stable.PID && p.State == 'Z':
				seen++
			}
		}
		scans++
		missed += len(stable.Zombies) - seen
		if i%10 != 0 {
			require.NoError(t, s.Close())
			continue
		}
		looks++
		report, err := s.Zombies(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())
		for _, g := range report.Stuck() {
			if parents[g.Parent.PID] {
				problems++
			}
			if g.Parent.PID == stable.PID {
				assert.Len(t, g.Zombies, len(stable.Zombies))
				for _, z := range g.Zombies {
					if z.Kind != procstate.KindReapable {
						otherKinds++
					}
				}
			}
		}
	}
	rate := float64(forks) / seconds
	assert.Zero(t, errs, "one process that ends is no error")
	assert.Zero(t, missed)
	assert.Zero(t, problems)
	assert.Zero(t, otherKinds)
	if lab.Bars() != lab.Small && !lab.Race {
		assert.GreaterOrEqual(t, rate, float64(alone)/(seconds/5)/4, "the churn goes on beside the scans")
	}
	lab.Bar(t, "procstate churn", "%d scans and %d double looks at %.0f forks/s for %v: %d errors, %d stable missed, %d false kinds, %d problems",
		scans, looks, rate, time.Duration(seconds*float64(time.Second)), errs, missed, otherKinds, problems)
}

// churn starts so many churners, whose forks are told as they end.
func churn(t *testing.T, binary string, churners int, seconds float64) (parents map[int]bool, ended chan int) {
	t.Helper()
	parents, ended = map[int]bool{}, make(chan int, churners)
	for range churners {
		cmd := exec.Command(binary, fmt.Sprint(seconds))
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		parents[cmd.Process.Pid] = true
		go func() {
			forks := 0
			_, _ = fmt.Fscan(stdout, &forks)
			_, _ = io.Copy(io.Discard, stdout)
			ended <- forks
		}()
	}
	return parents, ended
}
