package lab

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNamespacesReachOneAnotherAndNothingElse(t *testing.T) {
	a, b := NewNS(t), NewNS(t)
	Veth(t, a, "192.0.2.1/24", b, "192.0.2.2/24")
	var server net.Listener
	var err error
	b.Do(func() { server, err = net.Listen("tcp", "192.0.2.2:7") })
	require.NoError(t, err)
	defer server.Close()
	var client net.Conn
	a.Do(func() { client, err = net.DialTimeout("tcp", "192.0.2.2:7", 20*time.Second) })
	require.NoError(t, err)
	require.NoError(t, client.Close())
	_, err = net.DialTimeout("tcp", "192.0.2.2:7", 200*time.Millisecond)
	require.Error(t, err, "the test's own namespace has no way there")

	b.Nft("table ip filter {\n chain input {\n type filter hook input priority 0\n tcp dport 7 reject with tcp reset\n }\n}\n")
	a.Do(func() { _, err = net.DialTimeout("tcp", "192.0.2.2:7", 20*time.Second) })
	require.ErrorContains(t, err, "refused")
	a.Sysctl("net.ipv4.ping_group_range", "0 5")
	assert.Equal(t, "0\t5", strings.TrimSpace(a.Run("cat", "/proc/sys/net/ipv4/ping_group_range")))
}

func TestInsideMovesEveryGoroutine(t *testing.T) {
	if !Inside(t, func() *NS { return NewNS(t) }) {
		return
	}
	links := make(chan []net.Interface)
	go func() {
		found, _ := net.Interfaces()
		links <- found
	}()
	found := <-links
	require.Len(t, found, 1)
	assert.Equal(t, "lo", found[0].Name)
}

func TestLoopFilesystemIsThawedAndUnmounted(t *testing.T) {
	for _, fstype := range []string{"ext4", "xfs", "btrfs"} {
		t.Run(fstype, func(t *testing.T) {
			Need(t, "loop", fstype, "program:fsfreeze")
			var fs *FS
			t.Run("use", func(t *testing.T) {
				fs = LoopFS(t, fstype, 64)
				require.NoError(t, os.WriteFile(filepath.Join(fs.Dir, "file"), []byte("x"), 0o600))
				assert.True(t, strings.HasPrefix(fs.Device, "/dev/loop"), fs.Device)
				assert.False(t, fs.Thaw(), "nobody froze it")
				run(t, "fsfreeze", "-f", fs.Dir)
			})
			assert.False(t, mounted(fs.Dir))
			assert.NoFileExists(t, fs.Image)
		})
	}
}

func TestDaemonEndsWithTheTest(t *testing.T) {
	var d *Daemon
	t.Run("use", func(t *testing.T) {
		d = StartDaemon(t, "sh", "-c", "echo ready; sleep 600 & wait")
		Eventually(t, 5*time.Second, "the daemon prints", func() bool { return strings.Contains(d.Output(), "ready") })
	})
	<-d.Done()
	assert.False(t, d.Cmd.ProcessState.Success())
}

func TestDaemonOutlivesTheThreadsOfDo(t *testing.T) {
	n := NewNS(t)
	d := StartDaemon(t, "sleep", "600")
	for range 64 {
		n.Do(func() {})
	}
	select {
	case <-d.Done():
		t.Fatal("a thread that ended took the daemon along")
	default:
	}
}

func TestSettingIsPutBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "setting")
	require.NoError(t, os.WriteFile(file, []byte("1\n"), 0o600))
	t.Run("use", func(t *testing.T) {
		Setting(t, file, "0")
		Setting(t, file+" of another kernel", "0")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, string(text), "0")
	})
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "1\n", string(text))
	assert.NoFileExists(t, file+" of another kernel")
}

func TestControlGroupIsRemoved(t *testing.T) {
	for _, controller := range []string{"pids", ""} {
		var dir string
		t.Run("use", func(t *testing.T) {
			dir = Cgroup(t, controller)
			assert.DirExists(t, dir)
		})
		assert.NoDirExists(t, dir)
	}
}
