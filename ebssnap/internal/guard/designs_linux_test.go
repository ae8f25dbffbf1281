//go:build linux && !opskit_portable

package guard

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

const envReexec = "OPSKIT_TEST_REEXEC"

// TestReexecChild is the guard of the design that starts this program again: ready as soon as main
// runs.
func TestReexecChild(*testing.T) {
	if os.Getenv(envReexec) == "" {
		return
	}
	fmt.Println("ready")
	var one [1]byte
	_, _ = os.Stdin.Read(one[:])
}

// design starts a guard of one design and returns what ends it.
type design struct {
	name  string
	start func(t *testing.T) (end func())
}

func designs(dir *os.File) []design {
	helper := func(program string) func(t *testing.T) func() {
		return func(t *testing.T) func() {
			g, err := Start(t.Context(), Config{Dirs: []*os.File{dir}, Canaries: []bool{true}, Program: program})
			require.NoError(t, err)
			return func() { require.NoError(t, g.Close()) }
		}
	}
	return []design{
		{"static helper from a memfd", helper("")},
		{"static helper from a file", helper("/dev/shm")},
		{"raw clone", startClone},
		{"re-exec", startReexec},
	}
}

// TestBarGuardDesigns measures every design at a small and a large heap: how long its start takes,
// and how long the owner's first write to a page of its memory takes while the guard is there,
// which is when a clone's copy-on-write shows.
func TestBarGuardDesigns(t *testing.T) {
	rounds, large := 40, 256<<20
	switch lab.Bars() {
	case lab.Small:
		rounds, large = 3, 8<<20
	case lab.Full:
		rounds, large = 100, 4<<30
	}
	dir := openDir(t, t.TempDir())
	medians := map[string][2]time.Duration{}
	for i, size := range []int{1 << 20, large} {
		heap := make([]byte, size)
		touch(heap)
		for _, d := range designs(dir) {
			var took, writes []time.Duration
			n := rounds
			if i == 1 && (d.name == "raw clone" || d.name == "re-exec") {
				n = min(rounds, 10)
			}
			for range n {
				began := time.Now()
				end := d.start(t)
				took = append(took, time.Since(began))
				writes = append(writes, touch(heap[:min(len(heap), 4<<20)]))
				end()
			}
			slices.Sort(took)
			slices.Sort(writes)
			pair := medians[d.name]
			pair[i] = took[len(took)/2]
			medians[d.name] = pair
			lab.BarTiming(t, fmt.Sprintf("guard %s at %d MiB", d.name, size>>20), "start %.2f ms median of %d; %d ns for a page written while it is there",
				float64(took[len(took)/2])/1e6, n, int(writes[len(writes)/2])/(min(len(heap), 4<<20)/4096))
		}
		runtime.KeepAlive(heap)
		debug.FreeOSMemory()
	}
	if lab.Bars() == lab.Small || lab.Race {
		return
	}
	for _, name := range []string{"static helper from a memfd", "static helper from a file"} {
		require.LessOrEqual(t, medians[name][0], 2*time.Millisecond, name)
		require.LessOrEqual(t, medians[name][1], 2*time.Millisecond, name)
	}
	helper := medians["static helper from a memfd"]
	require.Less(t, float64(helper[1]), 2*float64(helper[0]), "independent of the heap")
}

// touch writes one byte of every page and returns how long that took.
func touch(heap []byte) time.Duration {
	began := time.Now()
	for i := 0; i < len(heap); i += 4096 {
		heap[i]++
	}
	return time.Since(began)
}

func startReexec(t *testing.T) func() {
	child := exec.Command("/proc/self/exe", "-test.run=^TestReexecChild$")
	child.Env = append(os.Environ(), envReexec+"=1")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	var ready [6]byte
	_, err = stdout.Read(ready[:])
	require.NoError(t, err)
	return func() { _ = stdin.Close(); _ = child.Wait() }
}

// startClone copies this process as fork does. The copy waits in ppoll, by system calls only, until
// it is killed.
func startClone(t *testing.T) func() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, old [8]byte
	for i := range all {
		all[i] = 0xff
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 2, uintptr(unsafe.Pointer(&all)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	pid, errno := cloneAndWait()
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 2, uintptr(unsafe.Pointer(&old)), 0, 8, 0, 0)
	require.Zero(t, errno)
	return func() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_, _ = syscall.Wait4(pid, nil, 0, nil)
	}
}

//go:noinline
//go:norace
//go:nosplit
func cloneAndWait() (int, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return int(pid), errno
	}
	for {
		syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}
