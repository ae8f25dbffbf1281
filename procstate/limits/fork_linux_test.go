//go:build linux

package limits_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/limits"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forker becomes a user with a limit on processes and so many threads, says that
// it is ready, and after a byte on its input forks children that end, until the
// kernel refuses; then it prints how many there were and why. It reaps them all
// in the end, for PID 1 would take its time.
const forker = `
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>
static void *sleeper(void *unused) { for (;;) pause(); return unused; }
int main(int c, char **v) {
	int uid = atoi(v[1]), nproc = atoi(v[2]), threads = atoi(v[3]), n = 0;
	if (nproc) {
		struct rlimit limit = {nproc, nproc};
		setrlimit(RLIMIT_NPROC, &limit);
	}
	if (uid && (setgroups(0, 0) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))) return 1;
	pthread_t t;
	while (threads-- > 0) pthread_create(&t, 0, sleeper, 0);
	puts("ready");
	fflush(stdout);
	char b;
	if (read(0, &b, 1) != 1) return 1;
	for (; n < 100000; n++) {
		pid_t p = fork();
		if (p < 0) break;
		if (p == 0) _exit(0);
	}
	printf("%d %s\n", n, errno == EAGAIN ? "EAGAIN" : "other");
	fflush(stdout);
	while (read(0, &b, 1) > 0);
	while (wait(0) > 0);
	return 0;
}`

func compileForker(t *testing.T) string {
	t.Helper()
	lab.Need(t, "root", "program:gcc")
	// Another user must be able to run it.
	binary := filepath.Join("/dev/shm", fmt.Sprintf("opskit-forker-%d", os.Getpid()))
	cmd := exec.Command("gcc", "-O2", "-pthread", "-x", "c", "-", "-o", binary)
	cmd.Stdin = strings.NewReader(forker)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { require.NoError(t, os.Remove(binary)) })
	require.NoError(t, os.Chmod(binary, 0o755))
	return binary
}

// forkUntilRefused starts the forker, reads the limits, and lets it fork.
func forkUntilRefused(t *testing.T, binary string, before func(pid int), argv ...string) (predicted limits.Limit, forked int) {
	t.Helper()
	cmd := exec.Command(binary, argv...)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() {
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait()
	}()
	var word string
	_, err = fmt.Fscan(stdout, &word)
	require.NoError(t, err)
	before(cmd.Process.Pid)
	var report *limits.Report
	for range 3 { // the first ones may start threads of this process, which count too
		report, err = limits.Read(t.Context(), limits.Query{PID: cmd.Process.Pid})
		require.NoError(t, err)
	}
	require.NotEmpty(t, report.Limits)
	_, err = stdin.Write([]byte{'x'})
	require.NoError(t, err)
	_, err = fmt.Fscan(stdout, &forked, &word)
	require.NoError(t, err)
	assert.Equal(t, "EAGAIN", word)
	return report.Limits[0], forked
}

const insidePIDNamespace = "OPSKIT_INSIDE_PID_NAMESPACE"

// TestBarLimits: the fork that fails is the one that was predicted.
func TestBarLimits(t *testing.T) {
	lab.Need(t, "root", "cgroup_v1_pids")
	binary := compileForker(t)
	var figures []string
	check := func(name string, l limits.Limit, forked int) {
		t.Helper()
		assert.Equal(t, name, l.Name)
		assert.EqualValues(t, forked, l.Left(), "%s", l)
		figures = append(figures, fmt.Sprintf("%s %d of %d", name, forked, l.Left()))
	}
	// A user of this run alone: two runs at a time would count for one another.
	l, forked := forkUntilRefused(t, binary, func(int) {}, strconv.Itoa(1<<24+os.Getpid()), "100", "10")
	check("rlimit.nproc", l, forked)
	assert.EqualValues(t, 11, l.Used, "threads count")

	dir := lab.Cgroup(t, "pids")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pids.max"), []byte("60"), 0))
	l, forked = forkUntilRefused(t, binary, func(pid int) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0))
	}, "0", "0", "3")
	check("cgroup.pids.max", l, forked)
	assert.Equal(t, dir, l.Scope)

	cmd := exec.Command("sh", "-c", `mount -t proc proc /proc && echo 400 > /proc/sys/kernel/pid_max && exec "$@"`, "sh",
		"/proc/self/exe", "-test.run=^TestInsidePIDNamespace$", "-test.v")
	self, err := os.Executable()
	require.NoError(t, err)
	cmd.Args[4] = self
	cmd.Env = append(os.Environ(), insidePIDNamespace+"="+binary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, figure, found := strings.Cut(string(out), "figure: ")
	require.True(t, found, "%s", out)
	figure, _, _ = strings.Cut(figure, "\n")
	figures = append(figures, figure)
	lab.Bar(t, "procstate limits", "forks before EAGAIN, made of predicted: %s", strings.Join(figures, ", "))
}

// TestInsidePIDNamespace is the part of TestBarLimits that runs as PID 1 of a
// PID namespace of 400 numbers.
func TestInsidePIDNamespace(t *testing.T) {
	binary := os.Getenv(insidePIDNamespace)
	if binary == "" {
		return
	}
	spareThreads()
	l, forked := forkUntilRefused(t, binary, func(int) {}, "0", "0", "5")
	assert.Equal(t, "kernel.pid_max", l.Name)
	assert.EqualValues(t, forked, l.Left(), "%s", l)
	fmt.Printf("figure: kernel.pid_max %d of %d\n", forked, l.Left())
}

// spareThreads lets this process have more threads than it will use: one that
// the Go runtime starts after the look takes a number that was counted as left.
func spareThreads() {
	var all, ended sync.WaitGroup
	for range 32 {
		all.Add(1)
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			all.Wait()
		})
	}
	ended.Wait()
}
