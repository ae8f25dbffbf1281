package lab

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs a package's tests and fails when they leave a goroutine or, on
// Linux, a file descriptor behind. Use it as the body of TestMain.
func Main(m *testing.M) {
	before := openFiles()
	code := m.Run()
	if code == 0 {
		if left := settle(func() string { return leftGoroutines() + leftFiles(before) }); left != "" {
			fmt.Fprintf(os.Stderr, "lab: the tests left behind:\n%s", left)
			code = 1
		}
	}
	os.Exit(code)
}

// settle gives what is just ending two seconds to end.
func settle(left func() string) string {
	deadline := time.Now().Add(2 * time.Second)
	for {
		text := left()
		if text == "" || time.Now().After(deadline) {
			return text
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
}

func leftGoroutines() string {
	buffer := make([]byte, 1<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	var left strings.Builder
	for i, stack := range strings.Split(string(buffer), "\n\n") {
		if i == 0 || runtimeOwn(stack) {
			continue
		}
		left.WriteString(stack + "\n\n")
	}
	return left.String()
}

// runtimeOwn tells goroutines that belong to the runtime, the test binary or
// the standard library's process-wide services.
func runtimeOwn(stack string) bool {
	for _, own := range []string{
		"testing.(*M).", "testing.runFuzz", "testing.tRunner.func", "os/signal.loop", "os/signal.signal_recv",
		"runtime.gc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.forcegchelper", "runtime.ensureSigM", "created by runtime",
		"runtime/pprof", "runtime/trace", "internal/poll.runtime_pollServerInit",
	} {
		if strings.Contains(stack, own) {
			return true
		}
	}
	return false
}

// openFiles maps this process's descriptors to what they refer to; empty where
// /proc is not to be had.
func openFiles() map[string]string {
	files := map[string]string{}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return files
	}
	for _, entry := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			files[entry.Name()] = target
		}
	}
	return files
}

func leftFiles(before map[string]string) string {
	var left strings.Builder
	for fd, target := range openFiles() {
		// The runtime keeps its poller, one eventfd and, once a process was started, a pidfd probe.
		if before[fd] == "" && !strings.HasPrefix(target, "anon_inode:[event") {
			fmt.Fprintf(&left, "descriptor %s -> %s\n", fd, target)
		}
	}
	return left.String()
}
