//go:build linux && !opskit_portable

package procstate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// frozenPopulation makes processes that cannot change: n frozen ones, of which
// some are stopped and some are dead. It returns their parent.
func frozenPopulation(t *testing.T, n int) (parent int) {
	t.Helper()
	lab.Need(t, "root", "cgroup_v2")
	dir := lab.Cgroup(t, "")
	control := filepath.Join(dir, "cgroup.freeze")
	parent = start(t, fmt.Sprintf(`i=0; while [ $i -lt %d ]; do sleep 1000000 & i=$((i+1)); done; exec sleep 1000000`, n))
	t.Cleanup(func() {
		for _, p := range children(t, parent) {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
		end(t, parent)
		require.NoError(t, os.WriteFile(control, []byte("0"), 0))
		// Until then the group cannot be removed.
		lab.Eventually(t, time.Minute, "the population is gone", func() bool {
			text, err := os.ReadFile(filepath.Join(dir, "cgroup.events"))
			return err == nil && strings.Contains(string(text), "populated 0")
		})
	})
	lab.Eventually(t, 2*time.Minute, "all are there", func() bool {
		asleep := 0
		for _, p := range append(children(t, parent), look(t, parent)) {
			if p.Comm.String() == "sleep" && p.State == 'S' {
				asleep++
			}
		}
		return asleep == n+1
	})
	for i, p := range append(children(t, parent), look(t, parent)) {
		if i%4 == 0 && p.PID != parent {
			require.NoError(t, syscall.Kill(p.PID, syscall.SIGKILL))
			waitForState(t, p.PID, 'Z') // the parent does not wait
			continue
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(p.PID)), 0))
		if i%4 == 1 {
			require.NoError(t, syscall.Kill(p.PID, syscall.SIGSTOP))
			waitForState(t, p.PID, 'T')
		}
	}
	require.NoError(t, os.WriteFile(control, []byte("1"), 0))
	lab.Eventually(t, 10*time.Second, "the group is frozen", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.events"))
		return err == nil && strings.Contains(string(text), "frozen 1")
	})
	return parent
}

// population is what a source says about a parent and its children, as JSON
// without what only one source can know.
func population(t *testing.T, s *procstate.Scanner, parent int) map[string]string {
	t.Helper()
	all := map[string]string{}
	for p, err := range s.Processes(t.Context()) {
		if err != nil || p.PID != parent && p.PPID != parent {
			continue
		}
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(text, &fields))
		for _, only := range []string{"exit_status", "subreaper", "killable", "tracer_pid"} {
			delete(fields, only)
		}
		text, err = json.Marshal(fields)
		require.NoError(t, err)
		all[strconv.Itoa(p.PID)] = string(text)
	}
	return all
}

// TestBarSourcesAgree: on a population that cannot change, ps(1) and both
// sources say the same about every process; so they do as nobody, under a
// seccomp filter that refuses bpf(2), and in a PID namespace.
func TestBarSourcesAgree(t *testing.T) {
	lab.Need(t, "program:ps")
	n := map[lab.Size]int{lab.Small: 8, lab.CI: 60, lab.Full: 300}[lab.Bars()]
	parent := frozenPopulation(t, n)
	fromProc := population(t, &procstate.Scanner{}, parent)
	require.Greater(t, len(fromProc), n)

	s := &procstate.Scanner{Source: procstate.SourceBPF}
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	source, why := s.Choose()
	assert.Equal(t, fromProc, population(t, s, parent), "%s %s", source, why)

	want, got := map[string]string{}, map[string]string{}
	// Not -e: one process that hangs would hang ps.
	out, err := exec.Command("ps", "-Lo", "pid=,lwp=,ppid=,stat=,nlwp=,comm=", "-p", strings.Join(slices.Sorted(maps.Keys(fromProc)), ",")).Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if f[0] == f[1] {
			want[f[0]] = fmt.Sprint(f[2], " ", f[3][:1], " ", f[4], " ", f[5])
		}
	}
	for p, err := range new(procstate.Scanner).Processes(t.Context()) {
		if err == nil && (p.PID == parent || p.PPID == parent) {
			got[strconv.Itoa(p.PID)] = fmt.Sprintf("%d %c %d %s", p.PPID, p.State, p.Threads, p.Comm)
		}
	}
	assert.Equal(t, want, got)

	file := filepath.Join(t.TempDir(), "population.json")
	text, err := json.Marshal(fromProc)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o644))
	require.NoError(t, os.Chmod(filepath.Dir(file), 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(filepath.Dir(file)), 0o755))
	rerun(t, "^TestInsideSources$", nil, []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, "nobody", file, parent)
	rerun(t, "^TestInsideSources$", nil, nil, "seccomp", file, parent)
	rerun(t, "^TestInsideSources$", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS},
		[]string{"sh", "-c", `mount -t proc proc /proc && "$@"`, "sh"}, "pidns", file, parent)
	lab.Bar(t, "procstate sources agree", "%d processes alike in ps, procfs and %s; as nobody, under seccomp and in a PID namespace too", len(got), source)
}

const (
	insideSources = "OPSKIT_INSIDE_SOURCES"
	insideFile    = "OPSKIT_INSIDE_FILE"
	insideParent  = "OPSKIT_INSIDE_PARENT"
)

// rerun runs one test of this binary again, from a directory that everybody may
// read, and fails if that fails.
func rerun(t *testing.T, test string, attr *syscall.SysProcAttr, prefix []string, mode, file string, parent int) {
	t.Helper()
	binary := filepath.Join("/dev/shm", fmt.Sprintf("opskit-%s-%d", mode, os.Getpid()))
	self, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, self, 0o755))
	defer os.Remove(binary)
	argv := append(append([]string{}, prefix...), binary, "-test.v", "-test.run="+test)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.SysProcAttr = "/", attr
	cmd.Env = append(os.Environ(), insideSources+"="+mode, insideFile+"="+file, insideParent+"="+strconv.Itoa(parent))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s: %s", mode, out)
	require.Contains(t, string(out), "--- PASS", "%s", mode)
}

// TestInsideSources is the part of TestBarSourcesAgree that runs where the BPF
// source is not to be had.
func TestInsideSources(t *testing.T) {
	mode := os.Getenv(insideSources)
	switch mode {
	case "":
		return
	case "seccomp":
		refuseBPF(t)
	}
	parent, err := strconv.Atoi(os.Getenv(insideParent))
	require.NoError(t, err)
	s := &procstate.Scanner{Source: procstate.SourceBPF, Settle: -1}
	used, why := s.Choose()
	assert.Equal(t, procstate.SourceProcFS, used)
	assert.NotEmpty(t, why, "why it is not BPF")
	report, err := s.Zombies(t.Context())
	require.NoError(t, err)
	assert.Equal(t, why, report.Fallback)
	assert.Equal(t, procstate.SourceProcFS, report.Source)
	if mode == "pidns" {
		assert.LessOrEqual(t, report.Processes, 3, "only what is inside")
		return
	}
	text, err := os.ReadFile(os.Getenv(insideFile))
	require.NoError(t, err)
	want := map[string]string{}
	require.NoError(t, json.Unmarshal(text, &want))
	assert.Equal(t, want, population(t, s, parent))
}

// refuseBPF has bpf(2) answer EPERM from now on, in all threads.
func refuseBPF(t *testing.T) {
	t.Helper()
	const setFilter, allThreads, allow, refuse = 1, 1, 0x7fff0000, 0x00050000
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_BPF, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: refuse | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: allow},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	require.NoError(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, setFilter, allThreads, uintptr(unsafe.Pointer(&program)))
	require.Zero(t, errno)
}

func TestFastestChoosesByTheSizeOfTheTable(t *testing.T) {
	s := &procstate.Scanner{Source: procstate.SourceFastest}
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	used, why := s.Choose()
	text, err := os.ReadFile("/proc/loadavg")
	require.NoError(t, err)
	var a, b, c, running, total float64
	_, err = fmt.Sscanf(string(text), "%f %f %f %f/%f", &a, &b, &c, &running, &total)
	require.NoError(t, err)
	if total < 2000 {
		assert.Equal(t, procstate.SourceProcFS, used)
		assert.Contains(t, why, "faster")
	}
	other := &procstate.Scanner{Source: procstate.SourceBPF, Root: t.TempDir()}
	used, why = other.Choose()
	assert.Equal(t, procstate.SourceProcFS, used)
	assert.Contains(t, why, "another /proc")
}
