//go:build linux && !opskit_portable

package procstate_test

import (
	"context"
	"encoding/binary"
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
	"github.com/opskit-go/opskit/procstate/inject"
	"github.com/opskit-go/opskit/procstate/internal/held"
	"github.com/opskit-go/opskit/procstate/limits"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// execCloser opens a file that is closed when it executes another program.
const execCloser = `
#include <fcntl.h>
#include <unistd.h>
int main(int c, char **v) {
	if (c < 2 || open(v[1], O_RDONLY | O_CLOEXEC) < 0) return 1;
	execl("/bin/sleep", "sleep", "1000", (char *)0);
	return 2;
}`

// TestBarNeverHangsOnExec: a process that executes another program and closes a
// file of a hung filesystem for that keeps its stat file back, in kernels that
// guard it, and wchan, syscall and stack in all. Whoever reads them sleeps, as ps
// does; every call answers nevertheless.
func TestBarNeverHangsOnExec(t *testing.T) {
	lab.Need(t, "root", "fuse")
	var pid int
	t.Cleanup(func() {
		lab.Eventually(t, 10*time.Second, "the threads that were left behind end", func() bool { return !slices.Contains(held.Behind(), pid) })
	})
	pid = hangExec(t)
	var slowest time.Duration
	answers := func(call string, f func(ctx context.Context)) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		f(ctx)
		took := time.Since(start)
		slowest = max(slowest, took)
		if lab.Bars() != lab.Small && !lab.Race {
			assert.Less(t, took, time.Second, "%s", call)
		}
	}
	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		s := &procstate.Scanner{Source: source, Settle: 50 * time.Millisecond}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		answers("Processes", func(ctx context.Context) {
			seen := 0
			for p, err := range s.Processes(ctx) {
				if seen++; err != nil { // another process of the host may do the same
					require.ErrorIs(t, err, context.DeadlineExceeded, "%d", p.PID)
				}
			}
			assert.Greater(t, seen, 2, "the walk goes on behind it")
		})
		answers("Zombies", func(ctx context.Context) {
			report, err := s.Zombies(ctx)
			require.NoError(t, err)
			assert.Empty(t, report.Unseen, "it is no zombie")
		})
		answers("Uninterruptible", func(ctx context.Context) {
			report, err := s.Uninterruptible(ctx)
			require.NoError(t, err)
			for _, b := range report.Blocked {
				if b.PID == pid {
					assert.Equal(t, "exec", b.Cause, "%s", b)
					assert.Contains(t, b.String(), "filesystem that does not answer")
					assert.True(t, b.Killed)
					return
				}
			}
			assert.Fail(t, "not seen to be stuck", "%s", report)
		})
		answers("Adopter", func(ctx context.Context) { _, _ = s.Adopter(ctx, procstate.ID{PID: pid, Start: 1}) })
	}
	answers("limits", func(ctx context.Context) { _, _ = limits.Read(ctx, limits.Query{PID: pid}) })
	answers("inject", func(ctx context.Context) {
		_, err := inject.Injector{}.Prepare(ctx, procstate.ID{PID: pid, Start: 1})
		require.ErrorIs(t, err, inject.ErrRefused)
	})
	behind := held.Behind()
	assert.Contains(t, behind, pid)
	assert.LessOrEqual(t, asleep(t), len(behind)+1, "one thread is left behind, and perhaps the program's first, not one for each call")
	lab.BarTiming(t, "procstate never hangs on exec", "slowest of 12 calls %v", slowest.Round(time.Millisecond))
}

// asleep counts this program's threads in D.
func asleep(t *testing.T) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/status")
	require.NoError(t, err)
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "\nState:\tD") {
			n++
		}
	}
	return n
}

// hangExec makes a process that executes another program and sleeps in D
// meanwhile, because the FUSE filesystem of a file that it closes does not answer
// to FUSE_FLUSH (include/uapi/linux/fuse.h).
func hangExec(t *testing.T) (pid int) {
	t.Helper()
	const initialize, flush = 26, 25
	point := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(point, nil, 0o600))
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Mount("opskit", point, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=100000,user_id=0,group_id=0", fd)))
	cmd := exec.Command(compile(t, "opskit-execcloser", execCloser), point)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		require.NoError(t, unix.Close(fd)) // ends the connection, and with it the sleep
		_ = cmd.Wait()
		require.NoError(t, unix.Unmount(point, unix.MNT_DETACH))
	})
	order := binary.NativeEndian
	request := make([]byte, 1<<18)
	for {
		_, err := unix.Read(fd, request)
		require.NoError(t, err)
		if order.Uint32(request[4:]) == flush {
			break
		}
		// struct fuse_out_header, and of the first request struct fuse_init_out.
		answer := make([]byte, 16)
		if order.Uint32(request[4:]) == initialize {
			answer = make([]byte, 16+64)
			order.PutUint32(answer[16:], 7)
			order.PutUint32(answer[20:], 31)
			order.PutUint32(answer[36:], 4096)
		} else {
			enosys := -int32(unix.ENOSYS)
			order.PutUint32(answer[4:], uint32(enosys))
		}
		order.PutUint32(answer, uint32(len(answer)))
		copy(answer[8:16], request[8:16])
		_, err = unix.Write(fd, answer)
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Process.Kill()) // until a signal comes it would sleep in S
	status := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
	lab.Eventually(t, 10*time.Second, "it is in D", func() bool {
		text, err := os.ReadFile(status)
		return err == nil && strings.Contains(string(text), "State:\tD")
	})
	return cmd.Process.Pid
}
