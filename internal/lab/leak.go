package lab

import (
	"flag"
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
		if left := settle(func() string { return leftBehind(before) }); left != "" {
			fmt.Fprintf(os.Stderr, "lab: the tests left behind:\n%s", left)
			code = 1
		}
	}
	os.Exit(code)
}

// settle gives what is just ending twenty seconds to end.
func settle(left func() string) string {
	deadline := time.Now().Add(20 * time.Second)
	for {
		text := left()
		if text == "" || time.Now().After(deadline) {
			return text
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
}

func leftBehind(before map[string]string) string {
	goroutines, held := leftGoroutines()
	return goroutines + leftFiles(before, held)
}

// leftGoroutines tells the goroutines that are left, but for those, counted in
// held, that the kernel keeps in a read of another process's file: nothing here
// can end these, and any process of the host may be the cause.
func leftGoroutines() (left string, held int) {
	buffer := make([]byte, 1<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	for i, stack := range strings.Split(string(buffer), "\n\n") {
		switch first, _, _ := strings.Cut(stack, "\n"); {
		case i == 0 || runtimeOwn(stack):
		case strings.Contains(first, "[syscall") && strings.Contains(stack, "/procstate/internal/held.(*Reader).loop"):
			held++
		default:
			left += stack + "\n\n"
		}
	}
	return left, held
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

func leftFiles(before map[string]string, held int) string {
	var left strings.Builder
	log := flag.Lookup("test.testlogfile") // of package testing itself
	for fd, target := range openFiles() {
		if log != nil && target == log.Value.String() {
			continue
		}
		// The runtime keeps its poller, one eventfd and, once a process was started, a pidfd probe.
		if before[fd] != "" || strings.HasPrefix(target, "anon_inode:[event") {
			continue
		}
		if held > 0 && strings.HasPrefix(target, "/proc/") { // each has one file open
			held--
			continue
		}
		fmt.Fprintf(&left, "descriptor %s -> %s\n", fd, target)
	}
	return left.String()
}
