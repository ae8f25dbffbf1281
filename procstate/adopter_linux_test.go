//go:build linux && !opskit_portable

package procstate_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// treeMaker makes a chain of processes out of a word such as "s.n.t": one
// letter per property, one part per process. s: subreaper. n: its child is PID 1
// of a new PID namespace. x: it puts an init into a new PID namespace and its
// child beside that one. t: it forks from a thread, which ends; T: from one that
// stays. h: its main thread ends after it has forked.
const treeMaker = `
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
static const char *rest;
static char word[16];
static void node(void);
static void rest_forever(void) { for (;;) pause(); }
static void fork_child(void) {
	// After this no thread can be created: it comes last.
	if (strchr(word, 'n') || strchr(word, 'x')) unshare(CLONE_NEWPID);
	if (strchr(word, 'x') && fork() == 0) rest_forever();
	if (fork() == 0) { node(); rest_forever(); }
}
static void *forker(void *stay) { fork_child(); if (stay) rest_forever(); return 0; }
static void *sleeper(void *unused) { rest_forever(); return unused; }
static void node(void) {
	const char *dot = strchr(rest, '.');
	size_t n = dot ? (size_t)(dot - rest) : strlen(rest);
	memset(word, 0, sizeof word);
	memcpy(word, rest, n);
	rest = dot ? dot + 1 : rest + n;
	if (!*rest && !dot) { syscall(SYS_write, 1, "!", 1); return; }
	if (strchr(word, 's')) prctl(PR_SET_CHILD_SUBREAPER, 1);
	pthread_t t;
	if (strchr(word, 'h')) pthread_create(&t, 0, sleeper, 0);
	if (strchr(word, 't')) { pthread_create(&t, 0, forker, 0); pthread_join(t, 0); }
	else if (strchr(word, 'T')) pthread_create(&t, 0, forker, "stay");
	else fork_child();
	if (strchr(word, 'h')) syscall(SYS_exit, 0);
}
int main(int c, char **v) { setsid(); rest = v[1]; node(); rest_forever(); return c; }`

// plantTree starts a tree and returns the PIDs of its chain, from the root to
// the leaf.
func plantTree(t *testing.T, maker, word string) (chain []int, fell func()) {
	t.Helper()
	cmd := exec.Command(maker, word)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	all := map[int]bool{cmd.Process.Pid: true}
	fell = func() {
		for pid := range all {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = cmd.Wait()
	}
	t.Cleanup(fell)
	_, err = bufio.NewReader(out).ReadByte()
	require.NoError(t, err, "%s", word)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	parts := strings.Split(word, ".")
	lab.Eventually(t, 10*time.Second, "the tree "+word+" has grown", func() bool {
		byParent := map[int][]procstate.Process{}
		for p, err := range new(procstate.Scanner).Processes(t.Context()) {
			if err == nil {
				byParent[p.PPID] = append(byParent[p.PPID], p)
			}
		}
		chain = []int{cmd.Process.Pid}
		for _, part := range parts[:len(parts)-1] {
			children := byParent[chain[len(chain)-1]]
			for _, child := range children {
				all[child.PID] = true
			}
			want := 1
			if strings.Contains(part, "x") {
				want = 2 // the init of the namespace is the older one
			}
			if len(children) != want {
				return false
			}
			next := children[0]
			for _, child := range children {
				if child.PID > next.PID {
					next = child
				}
			}
			chain = append(chain, next.PID)
		}
		return true
	})
	for i, part := range parts[:len(parts)-1] {
		if strings.Contains(part, "h") {
			waitForState(t, chain[i], 'Z')
		}
	}
	return chain, fell
}

// TestBarAdopter: in generated trees of threads, subreapers and nested PID
// namespaces, the process that adopts is the one that was predicted.
func TestBarAdopter(t *testing.T) {
	lab.Need(t, "root")
	trees := map[lab.Size]int{lab.Small: 4, lab.CI: 30, lab.Full: 500}[lab.Bars()]
	maker := compile(t, "opskit-tree", treeMaker, "-pthread")
	bpf := &procstate.Scanner{Source: procstate.SourceBPF}
	t.Cleanup(func() { require.NoError(t, bpf.Close()) })
	if used, why := bpf.Choose(); used != procstate.SourceBPF {
		lab.NeedIf(t, "root", fmt.Errorf("no BPF source: %s", why))
	}
	proc := &procstate.Scanner{}
	random := rand.New(rand.NewPCG(2015, 11))
	right, cannotTell, rules := 0, 0, map[string]int{}
	for range trees {
		word := ""
		for range 1 + random.IntN(4) {
			for _, letter := range "snxtTh" {
				if random.IntN(4) == 0 && !(letter == 'x' && strings.HasSuffix(word, "n")) && !(letter == 'T' && strings.HasSuffix(word, "t")) {
					word += string(letter)
				}
			}
			word += "."
		}
		chain, fell := plantTree(t, maker, word)
		dying, leaf := chain[len(chain)-2], chain[len(chain)-1]
		id := look(t, dying).ID
		want, err := bpf.Adopter(t.Context(), id)
		require.NoError(t, err, "%s", word)
		less, err := proc.Adopter(t.Context(), id)
		require.NoError(t, err, "%s", word)
		if less.By == procstate.Unknown {
			cannotTell++
		} else {
			assert.Equal(t, want, less, "%s: with /proc, right or silent", word)
		}

		require.NoError(t, syscall.Kill(dying, syscall.SIGKILL))
		lab.Eventually(t, 10*time.Second, word+": its parent is dead", func() bool {
			p, ok := lookFor(t, leaf)
			return !ok || p.PPID != dying
		})
		p, alive := lookFor(t, leaf)
		switch {
		case !alive:
			assert.Empty(t, want.By, "%s: it went with its namespace", word)
			assert.Contains(t, want.Why, "ends with it", "%s", word)
			rules["none, the namespace ends"]++
			right++
		case assert.Equal(t, want.ID.PID, p.PPID, "%s: %s", word, want):
			rules[want.By+map[bool]string{true: " outside"}[want.Outer]]++
			right++
		}
		fell()
	}
	assert.Equal(t, trees, right)
	lab.Bar(t, "procstate adopter", "%d of %d right with bpf %v; with procfs %d right, %d cannot tell, 0 wrong",
		right, trees, rules, trees-cannotTell, cannotTell)
}

func TestAdopterOfAThread(t *testing.T) {
	s := &procstate.Scanner{}
	entries, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, entry := range entries {
		var tid int
		_, err := fmt.Sscan(entry.Name(), &tid)
		require.NoError(t, err)
		if tid == os.Getpid() {
			continue
		}
		text, err := os.ReadFile("/proc/self/task/" + entry.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[strings.LastIndex(string(text), ")"):]))
		var start uint64
		_, err = fmt.Sscan(fields[20], &start)
		require.NoError(t, err)
		a, err := s.Adopter(t.Context(), procstate.ID{PID: tid, Start: start})
		require.NoError(t, err)
		assert.Equal(t, "thread", a.By)
		assert.Equal(t, os.Getpid(), a.ID.PID)
		return
	}
	t.Fatal("a Go program has more than one thread")
}

func TestAdopterOfWhatIsNotThere(t *testing.T) {
	s := &procstate.Scanner{}
	_, err := s.Adopter(t.Context(), procstate.ID{PID: 1 << 22, Start: 1})
	require.ErrorIs(t, err, procstate.ErrGone)
	_, err = s.Adopter(t.Context(), procstate.ID{PID: os.Getpid(), Start: 1})
	require.ErrorIs(t, err, procstate.ErrReused)
}

// lookFor returns a process if it is alive.
func lookFor(t *testing.T, pid int) (procstate.Process, bool) {
	t.Helper()
	for p, err := range new(procstate.Scanner).Processes(t.Context()) {
		if p.PID == pid && err == nil {
			return p, p.State != 'Z' && p.State != 'X'
		}
	}
	return procstate.Process{}, false
}
