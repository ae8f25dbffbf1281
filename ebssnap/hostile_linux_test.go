//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

const (
	envHostile  = "OPSKIT_TEST_HOSTILE"
	wantNoGuard = "no guard process"
)

// TestHostileChild holds a filesystem on a host that a test has prepared, and prints how that went.
func TestHostileChild(*testing.T) {
	dir := os.Getenv(envHostile)
	if dir == "" {
		return
	}
	freezer := &ebssnap.FS{Mounts: []string{dir}, Journal: os.Getenv(envJournal)}
	if os.Getenv("OPSKIT_TEST_GUARD") == "file" {
		freezer.GuardDirectory = "/dev/shm"
	}
	cloud := &listingCloud{}
	result, err := ebssnap.Consistent(context.Background(), volume(cloud), freezer, 5*time.Second)
	fmt.Printf("journal: %s\n%v\nerror: %v\n", cloud.records, result, err)
	_, err = ebssnap.Recover(context.Background())
	fmt.Printf("recover: %v\n", err)
}

// listingCloud notes which journals have a record of this process while it creates a snapshot.
type listingCloud struct {
	ebssnaptest.Cloud
	records []string
}

func (c *listingCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if !r.DryRun {
		for _, dir := range []string{"/run", "/dev/shm", "/tmp", "/var/*"} { // not all of /proc
			found, _ := filepath.Glob(dir + "/*/" + strconv.Itoa(os.Getpid()) + "-*")
			c.records = append(c.records, found...)
		}
	}
	return c.Cloud.Create(ctx, r)
}

// onHost runs TestHostileChild for dir in namespaces of its own, after a script that prepares them,
// and returns what it printed.
func onHost(t *testing.T, dir, namespaces, script string, env ...string) string {
	t.Helper()
	lab.Need(t, "program:mount")
	child := exec.Command("unshare", "-m", namespaces, "sh", "-c",
		"set -e; mount --make-rprivate /; "+script+"; exec \"$0\" -test.run='^TestHostileChild$'", os.Args[0])
	if namespaces == "" {
		child.Args = append(child.Args[:2], child.Args[3:]...)
	}
	child.Env = append(append(os.Environ(), envHostile+"="+dir), env...)
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return string(output)
}

func TestJournalWhereRunIsNotInMemory(t *testing.T) {
	lab.Need(t, "root")
	fs, disk := lab.LoopFS(t, "ext4", 64), lab.LoopFS(t, "ext4", 64)
	text := onHost(t, fs.Dir, "", "mount --bind "+disk.Dir+" /run")
	assert.Contains(t, text, "journal: [/dev/shm/opskit-ebssnap/")
	assert.Contains(t, text, "error: <nil>")
	text = onHost(t, fs.Dir, "", "mount --bind "+disk.Dir+" /run; mount --bind "+disk.Dir+" /dev/shm")
	assert.Contains(t, text, "journal: []")
	assert.Contains(t, text, "no journal: /run is not in memory")
	assert.Contains(t, text, "error: <nil>", "a snapshot is taken all the same")
	assert.False(t, fs.Thaw())
}

func TestGuardThatNothingExecutes(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	noexec := "for d in /run /dev/shm /var/lib /mnt; do mount -t tmpfs -o noexec opskit $d; done"
	text := onHost(t, fs.Dir, "", noexec, "OPSKIT_TEST_GUARD=file", "TMPDIR=/mnt")
	assert.Contains(t, text, "error: guard: "+wantNoGuard)
	assert.NotContains(t, text, "CAP_SYS_ADMIN", "a file that may not be executed says nothing of that")
	assert.False(t, fs.Thaw())
	text = onHost(t, fs.Dir, "", noexec, "TMPDIR=/mnt")
	assert.Contains(t, text, "error: <nil>", "from a memfd")
}

// TestProcOfAnotherNamespace: a /proc that shows other processes would tell wrong things of the
// guard and of the owners of records.
func TestProcOfAnotherNamespace(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	text := onHost(t, fs.Dir, "-pf", "true")
	assert.Contains(t, text, "error: read mounts: "+wantNoGuard+": /proc is of another PID namespace")
	assert.Contains(t, text, "recover: recover: "+wantNoGuard+": /proc is of another PID namespace")
	assert.False(t, fs.Thaw())
	text = onHost(t, fs.Dir, "-pf", "mount -t proc proc /proc")
	assert.Contains(t, text, "error: <nil>")
	assert.False(t, fs.Thaw())
}

// TestJournalThatIsFull: a store into a page that a full tmpfs cannot provide would kill this
// process.
func TestJournalThatIsFull(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	for pages, want := range map[int]int{1: 1, 2: 0} {
		journal := t.TempDir()
		require.NoError(t, syscall.Mount("opskit", journal, "tmpfs", 0, fmt.Sprintf("mode=0700,size=%d", pages*os.Getpagesize())))
		t.Cleanup(func() { assert.NoError(t, syscall.Unmount(journal, 0)) })
		result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnap.FS{Mounts: []string{fs.Dir}, Journal: journal}, 5*time.Second)
		require.NoError(t, err)
		assert.Equal(t, want, strings.Count(result.String(), "no space left on device"), "%v", result)
		left, err := os.ReadDir(journal)
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}

// TestOneDescriptorTooFew takes away the descriptors one by one, so that every step has its turn to
// fail.
func TestOneDescriptorTooFew(t *testing.T) {
	lab.Need(t, "root")
	fs, journal := lab.LoopFS(t, "ext4", 64), journalOn(t)
	hold := func() error {
		_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}, Journal: journal}, 5*time.Second, func(context.Context) error { return nil })
		return err
	}
	require.NoError(t, hold())
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	before := descriptors(t)
	failed := 0
	for free := range 24 {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(len(before) - 1 + free), Max: limit.Max}))
		err := hold()
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
		if err != nil {
			failed++
		}
		require.Equal(t, before, descriptors(t), "after %v", err)
		require.False(t, fs.Thaw())
		require.Empty(t, childrenOf(t, os.Getpid()), "after %v", err)
		records, globErr := filepath.Glob(journal + "/*")
		require.NoError(t, globErr)
		require.Empty(t, records)
	}
	require.NoError(t, hold())
	assert.Greater(t, failed, 4)
	assert.Less(t, failed, 24)
}

// descriptors maps the numbers of this process's descriptors to what they are.
func descriptors(t *testing.T) map[int]string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	found := map[int]string{}
	for _, entry := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			n, err := strconv.Atoi(entry.Name())
			require.NoError(t, err)
			found[n] = target
		}
	}
	return found
}
