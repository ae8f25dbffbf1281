//go:build linux && !opskit_portable

package watch

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate"
)

// TestRealZombiesAreToldAndTheirEnd watches a real parent until it is killed.
func TestRealZombiesAreToldAndTheirEnd(t *testing.T) {
	parent := procstatetest.Zombies(t, 3)
	stuck, reaped := map[int]bool{}, map[int]bool{}
	for e, err := range Events(t.Context(), Config{Every: 10 * time.Millisecond, Grace: 30 * time.Millisecond}) {
		require.NoError(t, err)
		if e.Zombie.PPID != parent.PID && !stuck[e.Zombie.PID] {
			continue
		}
		switch e.Kind {
		case KindStuck:
			stuck[e.Zombie.PID] = true
			if len(stuck) == 3 {
				require.NoError(t, unix.Kill(parent.PID, unix.SIGKILL))
			}
		case KindReaped:
			reaped[e.Zombie.PID] = true
		}
		if len(reaped) == 3 {
			break
		}
	}
	assert.Equal(t, stuck, reaped)
}

// TestConnectorTellsEveryExit: the end of each of our children is told once,
// with its exit status.
func TestConnectorTellsEveryExit(t *testing.T) {
	lab.Need(t, "root")
	c, err := listen()
	require.NoError(t, err)
	defer c.close()
	want, told := map[int]bool{}, map[int]int{}
	for range 50 {
		cmd := exec.Command("sh", "-c", "exit 7")
		require.Error(t, cmd.Run())
		want[cmd.Process.Pid] = true
	}
	c.until(t.Context(), time.Now().Add(100*time.Millisecond), func(e Event, err error) bool {
		require.NoError(t, err)
		assert.Equal(t, KindExited, e.Kind, "nothing is lost")
		// The kernel tells after the parent may have reaped it, and then of no parent.
		if want[e.Exit.PID] && (e.Exit.PPID == os.Getpid() || e.Exit.PPID == 0) {
			assert.Equal(t, procstate.ExitStatus{Code: 7}, e.Exit.Status)
			told[e.Exit.PID]++
		}
		return true
	})
	assert.Len(t, told, len(want))
}

func TestEventsOfTheConnector(t *testing.T) {
	lab.Need(t, "root")
	cmd := exec.Command("sh", "-c", "while :; do sh -c 'exit 7'; done")
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	for e, err := range Events(t.Context(), Config{Connector: true}) {
		require.NoError(t, err)
		if e.Kind == KindExited && e.Exit.PPID == cmd.Process.Pid {
			assert.Equal(t, procstate.ExitStatus{Code: 7}, e.Exit.Status)
			break // TestMain fails if the socket stays open
		}
	}
}

// TestConnectorCountsWhatItLoses floods a socket that is too small.
func TestConnectorCountsWhatItLoses(t *testing.T) {
	lab.Need(t, "root")
	c, err := listen()
	require.NoError(t, err)
	defer c.close()
	require.NoError(t, unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4096))
	flood := func() {
		for range 60 {
			require.Error(t, exec.Command("sh", "-c", "exit 7").Run())
		}
	}
	flood()
	var told, lost uint64
	take := func(e Event, err error) bool {
		require.NoError(t, err)
		lost += e.Lost
		if e.Kind == KindExited {
			told++
		}
		return true
	}
	c.until(t.Context(), time.Now().Add(20*time.Millisecond), take)
	require.NoError(t, unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer))
	flood() // what comes after a gap shows how wide it was
	c.until(t.Context(), time.Now().Add(50*time.Millisecond), take)
	assert.GreaterOrEqual(t, told, uint64(60), "the second flood")
	assert.Positive(t, lost, "the first did not fit")
}
