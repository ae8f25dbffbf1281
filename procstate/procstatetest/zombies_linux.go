package procstatetest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// Parent is a real process with children that have ended and that it does not
// wait for.
type Parent struct {
	PID     int   // of the parent that does not reap
	Zombies []int // each has ended with exit status 9
}

// Zombies starts a parent named "sleep" with n zombies, as a shell does that
// starts children and then becomes another program. When the test ends the
// parent is killed, and whoever adopts the zombies reaps them.
func Zombies(tb testing.TB, n int) *Parent {
	tb.Helper()
	// The children wait for the end of their standard input, so that none ends
	// while the shell could still reap it.
	const script = `exec 3<&0; i=0
while [ $i -lt $1 ]; do (read x <&3; exit 9) & echo $!; i=$((i+1)); done
exec sleep 1000000 </dev/null >/dev/null`
	cmd := exec.Command("sh", "-c", script, "sh", strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have been killed by the test already
		_ = cmd.Wait()         // killed, which is no failure here
	})
	parent := &Parent{PID: cmd.Process.Pid}
	for lines := bufio.NewScanner(stdout); len(parent.Zombies) < n && lines.Scan(); {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			tb.Fatalf("procstatetest: the shell printed %q", lines.Text())
		}
		parent.Zombies = append(parent.Zombies, pid)
	}
	if len(parent.Zombies) < n {
		tb.Fatalf("procstatetest: only %d of %d children were started", len(parent.Zombies), n)
	}
	await(tb, "the shell becomes another program", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent.PID))
		return err == nil && string(text) == "sleep\n"
	})
	if err := stdin.Close(); err != nil {
		tb.Fatal(err)
	}
	await(tb, "all children are zombies", func() bool {
		for _, pid := range parent.Zombies {
			if state, _ := stateAndParent(pid); state != 'Z' {
				return false
			}
		}
		return true
	})
	return parent
}

// await fails the test unless cond becomes true.
func await(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !cond(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatalf("procstatetest: waited in vain until %s", what)
		}
	}
}
