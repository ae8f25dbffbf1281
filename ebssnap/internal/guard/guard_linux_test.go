//go:build linux && !opskit_portable

package guard

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// TestMain fails on what a guard would leave behind.
func TestMain(m *testing.M) {
	if os.Args[0] == "/init" { // of the virtual machine of TestBarGuardOnArm64
		guest()
		return
	}
	lab.Main(m)
}

func openDir(t *testing.T, path string) *os.File {
	t.Helper()
	dir, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { dir.Close() })
	return dir
}

func TestStartsWithoutPrivilegesAndAsAFile(t *testing.T) {
	for _, program := range []string{"", "/dev/shm"} {
		g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, t.TempDir())}, Canaries: []bool{true}, Program: program})
		require.NoError(t, err)
		require.Equal(t, program == "", g.Memory())
		require.NoError(t, g.Close())
		require.NoError(t, g.Close(), "a second Close does nothing")
	}
}

func TestFreezeAndThaw(t *testing.T) {
	lab.Need(t, "root")
	for _, fstype := range []string{"ext4", "xfs", "btrfs"} {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, fs.Dir)}, Canaries: []bool{true}, Probe: true})
			require.NoError(t, err)
			require.NoError(t, g.Freeze(t.Context(), Now()+5*time.Second))
			lab.Eventually(t, 5*time.Second, "canary asleep", func() bool { return g.Watch()[0] == InFreeze })
			require.Equal(t, Frozen, g.Mounts()[0].State)
			g.Thaw()
			require.Equal(t, Thawed, g.Mounts()[0].State)
			require.Equal(t, ByOwner, g.ThawedBy())
			require.NoError(t, g.Close())
			require.False(t, fs.Thaw())
		})
	}
}

func TestOwnerThawsWhenTheGuardIsKilledOrStopped(t *testing.T) {
	lab.Need(t, "root")
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		t.Run(signal.String(), func(t *testing.T) {
			fs := lab.LoopFS(t, "ext4", 64)
			g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, fs.Dir)}, Canaries: []bool{true}})
			require.NoError(t, err)
			require.NoError(t, g.Freeze(t.Context(), Now()+30*time.Second))
			require.NoError(t, syscall.Kill(g.Pid(), signal))
			if signal == syscall.SIGKILL {
				lab.Eventually(t, 5*time.Second, "thaw by the owner, unasked", func() bool { return g.Mounts()[0].State == Thawed })
			}
			g.Thaw()
			require.Equal(t, Thawed, g.Mounts()[0].State)
			require.NoError(t, g.Close())
			require.False(t, fs.Thaw())
		})
	}
}

func TestGuardThawsAtItsDeadline(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, fs.Dir)}, Canaries: []bool{true}})
	require.NoError(t, err)
	require.NoError(t, g.Freeze(t.Context(), Now()+time.Second))
	lab.Eventually(t, 10*time.Second, "thaw by the guard", func() bool { return g.Mounts()[0].State == Thawed })
	require.Equal(t, ByDeadline, g.ThawedBy())
	require.NoError(t, g.Close())
}

func TestFreezeThatEndsLateIsUndone(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	outer := lab.LoopFS(t, "ext4", 128)
	image, dir := filepath.Join(outer.Dir, "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, dir).Run())
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", dir).Run()) })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dirty"), make([]byte, 4<<20), 0o600))

	g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, dir)}, Canaries: []bool{true}})
	require.NoError(t, err)
	require.NoError(t, exec.Command("fsfreeze", "-f", outer.Dir).Run())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Freeze(ctx, Now()+2*time.Second) }()
	lab.Eventually(t, 10*time.Second, "FIFREEZE to begin", func() bool { return g.Mounts()[0].State == Freezing })
	cancel()
	select {
	case err := <-ended:
		t.Errorf("returned while FIFREEZE was running: %v", err)
	case <-time.After(400 * time.Millisecond):
	}
	require.NoError(t, exec.Command("fsfreeze", "-u", outer.Dir).Run())
	require.ErrorIs(t, <-ended, ErrExpired)
	require.Equal(t, Thawed, g.Mounts()[0].State)
	require.NoError(t, g.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "after"), nil, 0o600))
}

// TestGuardHoldsNothingOfItsOwner: a descriptor that the host program leaves open to its children,
// as C libraries do, stays out of the guard and its canary, which may outlive the program.
func TestGuardHoldsNothingOfItsOwner(t *testing.T) {
	var pipe [2]int
	require.NoError(t, syscall.Pipe(pipe[:])) // without O_CLOEXEC
	defer syscall.Close(pipe[0])
	g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, t.TempDir())}, Canaries: []bool{true}})
	require.NoError(t, err)
	require.NoError(t, syscall.Close(pipe[1]))
	n, err := syscall.Read(pipe[0], make([]byte, 1)) // waits for ever if anybody else holds the other end
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, g.Close())
}

func TestFreezeWithAGuardThatIsGoneOrStopped(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	for signal, want := range map[syscall.Signal]error{syscall.SIGKILL: ErrStart, syscall.SIGSTOP: ErrExpired} {
		g, err := Start(t.Context(), Config{Dirs: []*os.File{openDir(t, fs.Dir)}, Canaries: []bool{true}})
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(g.Pid(), signal))
		lab.Eventually(t, 5*time.Second, "guard to be stopped or gone", func() bool {
			state, _ := stateOf(g.Pid())
			return state == "T" || state == "Z"
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		require.ErrorIs(t, g.Freeze(ctx, Now()+100*time.Millisecond), want)
		require.Less(t, time.Since(began), 3*time.Second)
		cancel()
		require.NoError(t, g.Close())
		require.False(t, fs.Thaw())
	}
}
