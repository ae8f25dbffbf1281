//go:build linux && !opskit_portable

package ebssnap_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/lab"
)

// death is one row of the matrix.
type death struct {
	cause  string
	signal syscall.Signal // sent by the test
	group  bool           // to the process group
	budget bool           // thawed at the end of the budget, not at once
	core   dump           // where it writes a core dump to
	setuid bool           // of a set-user-ID program of root that an ordinary user started
}

func deaths() []death {
	return []death{
		{cause: "panic"},
		{cause: "panic in another goroutine"},
		{cause: "panic in another goroutine, which dumps core", core: dumpsFile},
		{cause: "panic in another goroutine, which dumps core", core: dumpsPipe},
		{cause: "runtime fatal"},
		{cause: "os.Exit"},
		{cause: "SIGTERM", signal: syscall.SIGTERM},
		{cause: "SIGKILL", signal: syscall.SIGKILL},
		{cause: "SIGKILL of the process group", signal: syscall.SIGKILL, group: true},
		{cause: "SIGKILL with a blocked write", signal: syscall.SIGKILL},
		{cause: "SIGKILL with a blocked write", signal: syscall.SIGKILL, setuid: true},
		{cause: "cancel"},
		{cause: "SIGSTOP", signal: syscall.SIGSTOP, budget: true},
		{cause: "hung API", budget: true},
		{cause: "log on the frozen filesystem", budget: true},
	}
}

func TestBarDeathMatrix(t *testing.T) {
	lab.Need(t, "root")
	types, calls, rows, rounds, budget := filesystems(), []string{"consistent", "hold"}, deaths(), 1, 400*time.Millisecond
	switch lab.Bars() {
	case lab.Small:
		types, calls, budget = types[:1], calls[:1], 600*time.Millisecond
		rows = slices.DeleteFunc(rows, func(d death) bool { return d.cause != "SIGKILL" && d.cause != "SIGSTOP" })
	case lab.Full:
		rounds, budget = 3, time.Second
	}
	journal := journalOn(t)
	var worstDeath, worstBudget time.Duration
	count := 0
	for _, fstype := range types {
		fs := lab.LoopFS(t, fstype, 64)
		for _, call := range calls {
			for _, row := range rows {
				for range rounds {
					t.Run(fstype+" "+call+" "+row.name(), func(t *testing.T) {
						late := dies(t, fs, journal, call, row, budget)
						count++
						for try := 1; late > row.limit() && lab.Bars() != lab.Small && !lab.Race; try++ {
							bare := bareDeath(t, fs)
							t.Logf("thawed %s late, where a bare thaw after a death takes %s", late, bare)
							if late <= 3*bare {
								break
							}
							require.Less(t, try, 4, "late each time, and the machine is not")
							late = dies(t, fs, journal, call, row, budget)
							count++
						}
						if row.budget {
							worstBudget = max(worstBudget, late)
						} else {
							worstDeath = max(worstDeath, late)
						}
					})
				}
			}
		}
	}
	lab.BarTiming(t, "death matrix", "%d deaths, all thawed; at most %.1f ms after a death, %.1f ms after the budget", count,
		float64(worstDeath)/1e6, float64(worstBudget)/1e6)
}

// limit is how late a thaw may be before it is compared with what the machine can do.
func (d death) limit() time.Duration {
	if d.budget {
		return 100 * time.Millisecond
	}
	return 50 * time.Millisecond
}

// bareDeath returns how long after a death a program thaws that waits for nothing else: three
// times, the slowest.
func bareDeath(t *testing.T, fs *lab.FS) (slowest time.Duration) {
	t.Helper()
	fd, err := unix.Open(fs.Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	for range 3 {
		child := exec.Command("sleep", "1000")
		require.NoError(t, child.Start())
		require.NoError(t, unix.IoctlSetInt(fd, fifreeze, 0))
		died := guard.Now()
		err = child.Process.Kill()
		_ = child.Wait()
		thaw := unix.IoctlSetInt(fd, fithaw, 0)
		slowest = max(slowest, guard.Now()-died)
		require.NoError(t, err)
		require.NoError(t, thaw)
	}
	return slowest
}

func (d death) name() string {
	if d.setuid {
		return d.cause + " of a set-user-ID program"
	}
	return d.cause + d.core.String()
}

// runSetuid lets child be a copy of its program with the set-user-ID bit of root, started by an
// ordinary user.
func runSetuid(t *testing.T, child *exec.Cmd, fs *lab.FS) {
	t.Helper()
	base := filepath.Dir(fs.Dir)
	program := filepath.Join(base, "program")
	if _, err := os.Stat(program); err != nil {
		text, err := os.ReadFile(child.Path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(program, text, 0o755))
		require.NoError(t, os.Chmod(program, 0o755|os.ModeSetuid))
		require.NoError(t, os.Chmod(base, 0o755))
	}
	child.Path, child.Dir = program, "/"
	child.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
}

// dies starts a child that freezes fs, lets it die, and returns how long after the death, or the
// budget, fs was thawed.
func dies(t *testing.T, fs *lab.FS, journal, call string, row death, budget time.Duration) time.Duration {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestDeathChild$")
	child.Env = append(os.Environ(), envDeath+"="+row.cause, envMount+"="+fs.Dir, envBudget+"="+budget.String(), envCall+"="+call, envJournal+"="+journal)
	if !row.budget {
		child.Env = append(child.Env, envBudget+"=20s")
	}
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	row.core.prepare(t, child, fs)
	if row.setuid {
		runSetuid(t, child, fs)
	}
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	t.Cleanup(func() {
		if child.ProcessState == nil { // the test failed before it waited for the child
			_ = syscall.Kill(-child.Process.Pid, syscall.SIGKILL)
			_ = child.Wait()
		}
	})
	lines := bufio.NewScanner(stdout)
	began := awaitLine(t, lines, "frozen")
	// The probe sleeps in the freeze, and ends with it.
	probe := exec.Command("touch", filepath.Join(fs.Dir, "probe"))
	thawed := make(chan time.Duration, 1)
	var died time.Duration
	if row.signal != 0 || row.budget {
		require.NoError(t, probe.Start())
		go func() { _ = probe.Wait(); thawed <- guard.Now() }()
		lab.Eventually(t, time.Second, "probe to block", func() bool { return sleeping(probe.Process.Pid) })
	}
	switch {
	case row.signal != 0:
		if row.cause == "SIGKILL with a blocked write" {
			lab.Eventually(t, time.Second, "the child's write to block", func() bool { return threadSleeps(child.Process.Pid) })
		}
		pid := child.Process.Pid
		if row.group {
			pid = -pid
		}
		died = guard.Now()
		require.NoError(t, syscall.Kill(pid, row.signal))
	case !row.budget:
		died = awaitLine(t, lines, "dying")
		require.NoError(t, probe.Start())
		go func() { _ = probe.Wait(); thawed <- guard.Now() }()
	}
	if row.budget {
		died = began + budget
	}
	var at time.Duration
	select {
	case at = <-thawed:
	case <-time.After(budget + 5*time.Second):
		fs.Thaw()
		t.Errorf("still frozen")
		at = <-thawed
	}
	if noted := guardThawed(journal, child.Process.Pid); noted > 0 {
		at = noted // on a busy host the probe is late to tell
	}
	if row.core == dumpsNothing {
		_ = syscall.Kill(-child.Process.Pid, syscall.SIGKILL)
	}
	_ = child.Wait()
	require.Equal(t, row.core != dumpsNothing, child.ProcessState.Sys().(syscall.WaitStatus).CoreDump())
	require.False(t, fs.Thaw(), "frozen again or still")
	return at - died
}

// guardThawed returns when a guard whose owner left its record in the journal has thawed.
func guardThawed(journal string, owner int) time.Duration {
	if mounts := recordOf(journal, owner); len(mounts) == 1 && mounts[0].State == guard.Thawed {
		return mounts[0].ThawEnd
	}
	return 0
}

// recordOf returns what the record of a process says, as far as there is one.
func recordOf(journal string, owner int) []guard.Mount {
	records, _ := filepath.Glob(filepath.Join(journal, strconv.Itoa(owner)+"-*"))
	for _, path := range records {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if mounts, _, err := guard.ReadPage(text); err == nil {
			return mounts
		}
	}
	return nil
}

// awaitLine returns the time that the child wrote behind word.
func awaitLine(t *testing.T, lines *bufio.Scanner, word string) time.Duration {
	t.Helper()
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), word+" "); ok {
			ns, err := strconv.ParseInt(rest, 10, 64)
			require.NoError(t, err)
			return time.Duration(ns)
		}
		require.NotContains(t, lines.Text(), "returned", "the child did not freeze")
	}
	require.Fail(t, "the child ended without a word", word)
	return 0
}

// sleeping reports whether a process or thread is in an uninterruptible sleep.
func sleeping(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return err == nil && strings.HasPrefix(rest, "D")
}

// threadSleeps reports whether any thread of a process does.
func threadSleeps(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	return slices.ContainsFunc(threads, func(path string) bool {
		tid, err := strconv.Atoi(filepath.Base(path))
		return err == nil && sleeping(tid)
	})
}
