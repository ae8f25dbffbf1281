//go:build linux && !opskit_portable

package procstate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// lockHolder maps a file, and after a byte on its input has one thread write to
// the mapping and another unmap it: on a frozen filesystem the first sleeps in
// its page fault, and the second holds the process's mmap lock while it waits
// for the first.
const lockHolder = `
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/mman.h>
static char *page;
static void *writer(void *unused) { page[0] = 1; return unused; }
int main(int c, char **v) {
	int file = open(v[1], O_RDWR | O_CREAT, 0600);
	if (ftruncate(file, 4096)) return 1;
	page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page == MAP_FAILED || page[0]) return 1;
	puts("ready");
	fflush(stdout);
	char b;
	if (read(0, &b, 1) != 1) return 1;
	pthread_t t;
	pthread_create(&t, 0, writer, 0);
	usleep(200000);
	munmap(page, 4096);
	return c;
}`

// TestBarNeverHangs: every call answers within a second although a process that
// sleeps in D holds its mmap lock, so that reading its command line blocks, and
// although a FUSE filesystem does not answer.
func TestBarNeverHangs(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "fuse", "program:ps", "program:fsfreeze")
	holder := holdMmapLock(t)
	hung, connection := hangFUSE(t)

	var slowest time.Duration
	answers := func(call string, f func(ctx context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		require.NoError(t, f(ctx), "%s", call)
		took := time.Since(start)
		slowest = max(slowest, took)
		if lab.Bars() != lab.Small && !lab.Race {
			assert.Less(t, took, time.Second, "%s", call)
		}
	}
	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		s := &procstate.Scanner{Source: source, Settle: 50 * time.Millisecond}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		answers("Processes", func(ctx context.Context) error {
			for p, err := range s.Processes(ctx) {
				if err != nil && p.PID == 0 {
					return err
				}
			}
			return nil
		})
		answers("Zombies", func(ctx context.Context) error { _, err := s.Zombies(ctx); return err })
		answers("Adopter", func(ctx context.Context) error { _, err := s.Adopter(ctx, look(t, holder).ID); return err })
		answers("Uninterruptible", func(ctx context.Context) error {
			report, err := s.Uninterruptible(ctx)
			causes := map[int]string{}
			for _, b := range report.Blocked {
				causes[b.PID] += b.Cause + " "
				if b.PID == hung {
					// It is named if no other FUSE filesystem is mounted on the host.
					assert.Regexp(t, "/connections/("+connection+"|N)/abort", b.Remedy, "%s", b)
				}
			}
			assert.Contains(t, causes[holder], "frozen_filesystem", "%s", report)
			assert.Contains(t, causes[hung], "fuse", "%s", report)
			return err
		})
	}
	answers("Preflight", func(ctx context.Context) error { procstate.Preflight(ctx); return nil })
	answers("procstate.Zombies", func(context.Context) error { _, err := procstate.Zombies(); return err })

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	ps := "answered"
	if err := exec.CommandContext(ctx, "ps", "aux").Run(); errors.Is(ctx.Err(), context.DeadlineExceeded) {
		ps = fmt.Sprintf("hung (%v)", err)
	}
	lab.BarTiming(t, "procstate never hangs", "slowest of 10 calls %v; ps aux %s", slowest.Round(time.Millisecond), ps)
}

// holdMmapLock makes a process whose mmap lock is held by a task in D.
func holdMmapLock(t *testing.T) (pid int) {
	t.Helper()
	fs := lab.LoopFS(t, "ext4", 32)
	cmd := exec.Command(compile(t, "opskit-holder", lockHolder, "-pthread"), filepath.Join(fs.Dir, "file"))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		fs.Thaw() // before anything else, or the process cannot end
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var ready string
	_, err = fmt.Fscan(stdout, &ready)
	require.NoError(t, err)
	require.NoError(t, exec.Command("fsfreeze", "--freeze", fs.Dir).Run())
	_, err = stdin.Write([]byte{'x'})
	require.NoError(t, err)
	lab.Eventually(t, 10*time.Second, "it is in D", func() bool { return look(t, cmd.Process.Pid).State == 'D' })
	return cmd.Process.Pid
}

// hangFUSE mounts a FUSE filesystem that nobody answers for, and has a process
// look into it. It returns that process and the number of the connection.
func hangFUSE(t *testing.T) (pid int, connection string) {
	t.Helper()
	dir := t.TempDir()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)
	require.NoError(t, unix.Mount("opskit", dir, "fuse", 0, options))
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	for line := range strings.Lines(string(mounts)) {
		var id, parent, major, minor int
		var root, point string
		if _, err := fmt.Sscanf(line, "%d %d %d:%d %s %s", &id, &parent, &major, &minor, &root, &point); err == nil && point == dir {
			connection = fmt.Sprint(minor)
		}
	}
	require.NotEmpty(t, connection)
	cmd := exec.Command("ls", dir)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, unix.Close(fd)) // ends the connection
		_ = cmd.Wait()
		require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
	})
	waitForState(t, cmd.Process.Pid, 'D')
	return cmd.Process.Pid, connection
}
