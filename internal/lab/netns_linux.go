package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const netnsFolder = "/run/netns"

// NS is a network namespace of one test.
type NS struct {
	// Name is the namespace's name for ip-netns(8).
	Name string

	t     testing.TB
	links atomic.Int64
}

// NewNS makes an empty network namespace with its loopback device up. It is
// removed when the test ends.
func NewNS(t testing.TB) *NS {
	t.Helper()
	Need(t, "root", "netns")
	if entries, err := os.ReadDir(netnsFolder); err == nil {
		for _, entry := range entries {
			if abandoned(entry.Name()) {
				_ = exec.Command("ip", "netns", "delete", entry.Name()).Run()
			}
		}
	}
	n := &NS{Name: newName(), t: t}
	run(t, "ip", "netns", "add", n.Name)
	t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "delete", n.Name).CombinedOutput(); err != nil {
			t.Errorf("lab: ip netns delete %s: %v: %s", n.Name, err, out)
		}
	})
	n.Run("ip", "link", "set", "lo", "up")
	return n
}

// Command prepares a command inside the namespace without starting it.
func (n *NS) Command(ctx context.Context, argv ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.Name}, argv...)...)
}

// Run runs a command inside the namespace, bounded to a minute, and returns
// what it printed. A failure fails the test.
func (n *NS) Run(argv ...string) string {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := n.Command(ctx, argv...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("lab: in %s: %s: %v\n%s", n.Name, strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// Do runs f on an operating system thread inside the namespace. Sockets that f
// itself opens belong to the namespace; goroutines that f starts are outside
// it. f must not end the test (FailNow); for a whole test inside a namespace
// see Inside.
func (n *NS) Do(f func()) {
	n.t.Helper()
	done := make(chan error)
	go func() {
		// Never unlocked: the thread ends with this goroutine, for it cannot be trusted any more.
		runtime.LockOSThread()
		fd, err := unix.Open(filepath.Join(netnsFolder, n.Name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			_ = unix.Close(fd)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		n.t.Fatalf("lab: enter %s: %v", n.Name, err)
	}
}

// Nft loads an nftables ruleset inside the namespace.
func (n *NS) Nft(ruleset string) {
	n.t.Helper()
	Need(n.t, "nftables")
	nft, err := Program("nft")
	if err != nil {
		n.t.Fatalf("lab: %v", err)
	}
	cmd := n.Command(context.Background(), nft, "-f", "-")
	cmd.Stdin = strings.NewReader(ruleset)
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("lab: nft in %s: %v\n%s", n.Name, err, out)
	}
}

// Sysctl sets a kernel parameter of the namespace, which dies with it.
func (n *NS) Sysctl(key, value string) {
	n.t.Helper()
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	n.Run("sh", "-c", `printf %s "$1" > "$2"`, "sh", value, path)
}

// Daemon starts a program inside the namespace; see StartDaemon.
func (n *NS) Daemon(argv ...string) *Daemon {
	n.t.Helper()
	return StartDaemon(n.t, append([]string{"ip", "netns", "exec", n.Name}, argv...)...)
}

// Veth joins two namespaces by a pair of virtual Ethernet devices, gives each
// its address in CIDR form and returns the devices' names. IPv6 addresses are
// usable at once (no duplicate address detection).
func Veth(t testing.TB, a *NS, addrA string, b *NS, addrB string) (devA, devB string) {
	t.Helper()
	devA = fmt.Sprintf("%s%d", prefix, a.links.Add(1))
	devB = fmt.Sprintf("%s%d", prefix, b.links.Add(1))
	run(t, "ip", "link", "add", devA, "netns", a.Name, "type", "veth", "peer", "name", devB, "netns", b.Name)
	a.address(devA, addrA)
	b.address(devB, addrB)
	a.Run("ip", "link", "set", devA, "up")
	b.Run("ip", "link", "set", devB, "up")
	return devA, devB
}

func (n *NS) address(dev, addr string) {
	n.t.Helper()
	argv := []string{"ip", "address", "add", addr, "dev", dev}
	if strings.Contains(addr, ":") {
		argv = append(argv, "nodad")
	}
	n.Run(argv...)
}

const insideVariable = "OPSKIT_LAB_INSIDE"

// Inside moves the rest of a test into a network namespace, with every
// goroutine: it runs the calling test once more in a process of its own there.
// In that process it returns true at once, without calling setup; in the first
// one it calls setup, waits for the other, fails if that failed, and returns
// false.
//
//	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
//		return
//	}
func Inside(t *testing.T, setup func() *NS) bool {
	t.Helper()
	if os.Getenv(insideVariable) == t.Name() {
		return true
	}
	Need(t, "root", "netns")
	n := setup()
	var pattern []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := n.Command(ctx, self, "-test.v", "-test.count=1", "-test.run="+strings.Join(pattern, "/"))
	cmd.Env = append(os.Environ(), insideVariable+"="+t.Name())
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch {
	case err != nil:
		t.Fatalf("lab: inside %s: %v\n%s", n.Name, err, text)
	case strings.Contains(text, "--- SKIP: "+t.Name()):
		t.Skipf("lab: skipped inside %s:\n%s", n.Name, text)
	case !strings.Contains(text, "--- PASS: "+t.Name()):
		t.Fatalf("lab: the test did not run inside %s:\n%s", n.Name, text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "bar ") {
			fmt.Print(line)
		}
	}
	return false
}

func run(t testing.TB, argv ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("lab: %s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}
