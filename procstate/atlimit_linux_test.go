//go:build linux && !opskit_portable

package procstate_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/inject"
	"github.com/opskit-go/opskit/procstate/limits"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const insideLimit = "OPSKIT_INSIDE_LIMIT"

// atLimitCalls are the calls that read /proc or act, and a control that reads the
// same files on one goroutine.
func atLimitCalls(zombie procstate.ID) map[string]func(ctx context.Context) error {
	parent := procstate.ID{PID: os.Getppid(), Start: 1}
	plan := procstate.Plan{Zombies: []procstate.ID{zombie}, Patience: -1, Grace: time.Millisecond}
	return map[string]func(ctx context.Context) error{
		"control": func(context.Context) error {
			entries, err := os.ReadDir("/proc")
			for _, entry := range entries {
				if _, err := strconv.Atoi(entry.Name()); err == nil {
					_, _ = os.ReadFile("/proc/" + entry.Name() + "/stat") // it may have gone
				}
			}
			return err
		},
		"zombies": func(context.Context) error { _, _ = procstate.Zombies(); return nil },
		"scanner": func(ctx context.Context) error {
			_, err := (&procstate.Scanner{Settle: time.Millisecond}).Zombies(ctx)
			return err
		},
		"processes": func(ctx context.Context) error {
			for range new(procstate.Scanner).Processes(ctx) {
				continue
			}
			return nil
		},
		"blocked": func(ctx context.Context) error {
			_, err := (&procstate.Scanner{Settle: time.Millisecond}).Uninterruptible(ctx)
			return err
		},
		"adopter":   func(ctx context.Context) error { _, _ = new(procstate.Scanner).Adopter(ctx, parent); return nil },
		"preflight": func(ctx context.Context) error { procstate.Preflight(ctx); return nil },
		"limits":    func(ctx context.Context) error { _, err := limits.Read(ctx, limits.Query{}); return err },
		"apply": func(ctx context.Context) error {
			_, _ = plan.Apply(ctx) // which has no steps, and looks at the zombies
			return nil
		},
		"inject": func(ctx context.Context) error { _, _ = inject.Injector{Settle: -1}.Prepare(ctx, parent); return nil },
	}
}

// TestInsideLimit is the part of TestBarAtTheLimit in a process of its own: a program
// that has been running, then a limit, then the calls.
func TestInsideLimit(t *testing.T) {
	how, call, _ := strings.Cut(os.Getenv(insideLimit), " ")
	if how == "" {
		return
	}
	cmd := exec.Command("true")
	require.NoError(t, cmd.Start())
	waitForState(t, cmd.Process.Pid, 'Z')
	calls := atLimitCalls(look(t, cmd.Process.Pid).ID)
	group, what, _ := strings.Cut(how, "@")
	done := make(chan bool)
	for range 50 {
		go func() { _, _ = os.ReadFile("/proc/self/stat"); _, _ = os.ReadDir("/proc"); done <- true }()
	}
	for range 50 {
		<-done
	}
	runtime.GC()
	switch group {
	case "nproc": // as another user: root has no such limit
		require.NoError(t, syscall.Setresuid(64999, 64999, 64999))
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 1, Max: 1}))
	default:
		text, err := os.ReadFile(filepath.Join(what, "pids.current"))
		require.NoError(t, err)
		used, err := strconv.Atoi(strings.TrimSpace(string(text)))
		require.NoError(t, err)
		if group == "nearly" { // there is room for a thread, but for no more than two
			used += 2
		}
		require.NoError(t, os.WriteFile(filepath.Join(what, "pids.max"), []byte(strconv.Itoa(used)), 0))
	}
	if group != "nearly" {
		for range 100 {
			require.NoError(t, calls[call](context.Background()))
		}
		fmt.Println("survived")
		return
	}
	const times = 10
	for name, call := range calls {
		before := goroutines()
		for range times {
			require.NoError(t, call(context.Background()), name)
		}
		// The runtime may start one of its own meanwhile.
		assert.Less(t, goroutines()-before, uint64(times), "%s starts a goroutine, for which the runtime may start a thread", name)
	}
	fmt.Println("survived")
}

// goroutines counts those that were ever started, but for the garbage collector's.
func goroutines() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// TestBarAtTheLimit: where no thread can be made any more, no call starts a goroutine,
// and at full size none ends a program more often than reading the same files does.
func TestBarAtTheLimit(t *testing.T) {
	lab.Need(t, "root", "cgroup_v1_pids")
	self, err := os.Executable()
	require.NoError(t, err)
	inside := func(how, call string) (survived bool, out string) {
		group := lab.Cgroup(t, "pids")
		cmd := exec.Command("sh", "-c", `echo $$ > "$1/cgroup.procs" && exec "$0" -test.run='^TestInsideLimit$' -test.v`, self, group)
		cmd.Env = append(os.Environ(), insideLimit+"="+how+"@"+group+" "+call)
		text, err := cmd.CombinedOutput()
		return err == nil && strings.Contains(string(text), "survived"), string(text)
	}
	survived, out := inside("nearly", "")
	require.True(t, survived, out)
	if lab.Bars() != lab.Full {
		lab.Bar(t, "procstate at the limit", "%d calls of ten start no goroutine", len(atLimitCalls(procstate.ID{})))
		return
	}
	const rounds = 12
	deaths := map[string]int{}
	for _, how := range []string{"pids", "nproc"} {
		for range rounds {
			for call := range atLimitCalls(procstate.ID{}) {
				if survived, out := inside(how, call); !survived {
					assert.Regexp(t, "newosproc|pthread_create failed", out, "it ends for no other reason")
					deaths[call]++
				}
			}
		}
	}
	const chance = 4 // what ends a program is the runtime's, of the control too
	for call, n := range deaths {
		assert.LessOrEqual(t, n, deaths["control"]+chance, "%s of %d tries, the control %d", call, 2*rounds, deaths["control"])
	}
	lab.Bar(t, "procstate at the limit", "%d tries of 100 calls under pids.max and RLIMIT_NPROC: deaths %v", 2*rounds, deaths)
}
