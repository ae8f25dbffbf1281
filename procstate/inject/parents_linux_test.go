//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"

	"github.com/opskit-go/opskit/procstate"
)

func init() { roles["parent"] = goParent }

// goParent is a Go program that starts processes and does not wait.
func goParent() {
	count, _ := strconv.Atoi(os.Getenv("OPSKIT_INJECT_TEST_COUNT"))
	for range count {
		if err := exec.Command("/bin/true").Start(); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("ready")
	began := time.Now()
	<-time.After(barSleep)
	fmt.Printf("0 0 %d\n", time.Since(began).Milliseconds())
}

const barSleep = 3 * time.Second

const pythonParent = `
import os, sys, time
for i in range(int(sys.argv[1])):
    if os.fork() == 0: os._exit(i % 250)
print("ready", flush=True)
t = time.monotonic(); time.sleep(3)
print("0 0 %d" % ((time.monotonic() - t) * 1000), flush=True)
`

// parent is a running parent of zombies.
type parent struct {
	procstate.ID
	command *exec.Cmd
	stdin   io.WriteCloser
	lines   chan string
}

var (
	parentProgram = sync.OnceValues(func() ([]byte, error) { return compile("testdata/parent.c") })
	compatProgram = sync.OnceValues(func() ([]byte, error) { return compile("testdata/compat.c") })
	floorProgram  = sync.OnceValues(func() ([]byte, error) { return compile("testdata/floor.c") })
)

func compile(source string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "opskit-inject")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "program")
	output, err := exec.Command("gcc", "-O1", "-pthread", "-o", binary, source).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, output)
	}
	return os.ReadFile(binary)
}

// cProgram writes a compiled program for one test.
func cProgram(t *testing.T, program func() ([]byte, error)) string {
	t.Helper()
	content, err := program()
	require.NoError(t, err)
	binary := filepath.Join(t.TempDir(), "program")
	// A child forked now would hold the file open for writing, and no exec go well.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(binary, content, 0o700))
	return binary
}

// cParent starts testdata/parent.c, whose call takes d unless it is ended before.
func cParent(t *testing.T, count int, what string, d time.Duration) *parent {
	t.Helper()
	lab.Need(t, "program:gcc")
	binary := cProgram(t, parentProgram)
	return start(t, count, exec.Command(binary, strconv.Itoa(count), what, strconv.FormatInt(d.Milliseconds(), 10)))
}

// start runs a parent until it is ready and its zombies are dead.
func start(t *testing.T, count int, command *exec.Cmd) *parent {
	t.Helper()
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	command.Stderr = os.Stderr
	command.WaitDelay = time.Second
	require.NoError(t, command.Start())
	p := &parent{command: command, stdin: stdin, lines: make(chan string, 16)}
	var group sync.WaitGroup
	group.Go(func() {
		defer close(p.lines)
		scanner := bufio.NewScanner(stdout)
		for scanner.Scan() {
			p.lines <- scanner.Text()
		}
	})
	t.Cleanup(func() {
		_ = command.Process.Kill()
		group.Wait()
		_ = command.Wait()
		_ = stdin.Close()
	})
	require.Equal(t, "ready", p.line(t))
	p.PID = command.Process.Pid
	s, err := readStat(p.PID)
	require.NoError(t, err)
	p.Start = s.Start
	var e evidence
	defer func() {
		if t.Failed() {
			t.Logf("last seen: %+v, %v", e, err)
		}
	}()
	lab.Eventually(t, 20*time.Second, "the children are dead and the parent is where it should be", func() bool {
		before := e
		e, err = observe(p.PID)
		return err == nil && len(p.zombies(t)) == count && settled(e) &&
			len(before.threads) == len(e.threads) && before.threads[0].call == e.threads[0].call
	})
	return p
}

// settled tells that the parent's first thread has come to its call.
func settled(e evidence) bool {
	first := e.threads[0]
	return first.call.name != "write" && (first.state == 'S' || first.state == 'D' || first.state == 'R' && first.call.number < 0)
}

func (p *parent) line(t *testing.T) string {
	t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-time.After(20 * time.Second):
		require.Fail(t, "the parent says nothing")
		return ""
	}
}

// result is what the parent's call returned, errno, and how long it took.
func (p *parent) result(t *testing.T) (value, errno int, took time.Duration) {
	t.Helper()
	var ms int
	line := p.line(t)
	_, err := fmt.Sscan(line, &value, &errno, &ms)
	require.NoError(t, err, line)
	return value, errno, time.Duration(ms) * time.Millisecond
}

func (p *parent) zombies(t *testing.T) []procstate.ID {
	t.Helper()
	zombies, left, err := dead(p.PID)
	require.NoError(t, err)
	require.Empty(t, left)
	return zombies
}

// fields are what a stop must not leave behind, from /proc/PID/status.
func (p *parent) fields(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(procPath(p.PID) + "/status")
	require.NoError(t, err)
	var kept []string
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(line, ":")
		switch key {
		case "TracerPid", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt":
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// same waits until the fields are as before: a released thread enters its call,
// which may have a signal mask of its own, a moment later.
func (p *parent) same(t *testing.T, before string) {
	t.Helper()
	var now string
	defer func() {
		if t.Failed() {
			t.Logf("before:\n%safter:\n%s", before, now)
		}
	}()
	lab.Eventually(t, 2*time.Second, "the parent is as it was", func() bool {
		now = p.fields(t)
		return now == before
	})
}
