package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestCheckTellsAndTouchesNothing(t *testing.T) {
	server, args := world(t)
	freezer := &ebssnaptest.Freezer{}
	code, stdout, _ := runWith(t, freezer, append(args, "-check")...)
	assert.Equal(t, 2, code, "the fake freezer cannot tell: "+stdout)
	assert.True(t, strings.HasPrefix(stdout, "cannot tell: nothing is missing, but 1 thing could not be checked\n"), stdout)
	code, stdout, _ = runWith(t, freezer, append(args, "-check", "-volume", "vol-00000000000000000")...)
	assert.Equal(t, 1, code, stdout)
	server.Deny("CreateSnapshot")
	code, stdout, _ = runWith(t, freezer, append(args, "-check")...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, "next: allow ec2:CreateSnapshot")
	assert.Empty(t, freezer.Intervals())
	assert.Empty(t, server.Snapshots())
}

func TestLastLineOfAPlan(t *testing.T) {
	for name, test := range map[string]struct {
		left ebssnap.Filesystem
		want string
	}{
		"frozen":  {ebssnap.Filesystem{Froze: true, Waits: true}, "STILL FROZEN: run snapshot -recover -yes\n"},
		"thawed":  {ebssnap.Filesystem{Froze: true, Thawed: true}, "thawed\n"},
		"over":    {ebssnap.Filesystem{Froze: true, Passed: true}, "thawed\n"},
		"living":  {ebssnap.Filesystem{Froze: true, Living: true, Waits: true}, "still frozen, by a run that lives or by somebody else: left as it is\n"},
		"again":   {ebssnap.Filesystem{Froze: true, Awake: true, Waits: true}, "still frozen, by a run that lives or by somebody else: left as it is\n"},
		"foreign": {ebssnap.Filesystem{Waits: true}, "cannot tell whether it is frozen: if nothing that lives holds it frozen, run fsfreeze -u /data\n"},
	} {
		var stdout, stderr bytes.Buffer
		c := command{Program: program.New("snapshot", "", &stdout, &stderr)}
		test.left.Mount = "/data"
		plan := &ebssnap.Recovery{Filesystems: []ebssnap.Filesystem{test.left}}
		plan.Judge()
		assert.Equal(t, 1, c.leftLine(plan, 1), name)
		assert.Equal(t, test.want, stdout.String(), name)
	}
}

// startHold runs the program with -hold and returns what it ends with.
func startHold(t *testing.T, freezer ebssnap.Freezer, timeout string) (socket string, ended <-chan string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	results := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		var stdout, stderr bytes.Buffer
		code := command{freezer: func([]string) ebssnap.Freezer { return freezer }}.run(ctx, []string{"-mount", "/data", "-timeout", timeout, "-hold", socket}, &stdout, &stderr)
		results <- string(rune('0'+code)) + " " + stdout.String()
	}()
	t.Cleanup(cancel)
	lab.Eventually(t, 5*time.Second, "socket", func() bool {
		info, err := os.Stat(socket)
		return err == nil && info.Mode().Perm() == 0o600
	})
	return socket, results
}

func TestHoldAtTheWordOfHooks(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	socket, ended := startHold(t, freezer, "20s")
	code, stdout, _ := runWith(t, freezer, "-hold", socket, "thaw")
	assert.Equal(t, 1, code, "nothing is frozen yet")
	assert.Equal(t, "error: say freeze\n", stdout)

	code, stdout, _ = runWith(t, freezer, "-hold", socket, "freeze")
	assert.Equal(t, 0, code)
	assert.Equal(t, "frozen\n", stdout)
	assert.True(t, freezer.Frozen())

	code, stdout, _ = runWith(t, freezer, "-hold", socket, "thaw")
	assert.Equal(t, 0, code)
	assert.Equal(t, "thawed\n", stdout)
	assert.False(t, freezer.Frozen())
	result := <-ended
	assert.True(t, strings.HasPrefix(result, "0 thawed\n"), result)
	lastLines(t, result, "thawed")
}

func TestHoldEndsWithItsBudget(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	socket, ended := startHold(t, freezer, "300ms")
	code, _, _ := runWith(t, freezer, "-hold", socket, "freeze")
	require.Equal(t, 0, code)
	result := <-ended
	assert.True(t, strings.HasPrefix(result, "1 thawed early"), result)
	assert.False(t, freezer.Frozen())
	code, _, _ = runWith(t, freezer, "-hold", socket, "thaw")
	assert.Equal(t, 2, code, "nobody listens any more")
	code, _, _ = runWith(t, freezer, "-hold", socket, "melt")
	assert.Equal(t, 2, code)
}

// TestHoldThatTakesLongToFreeze: dirty data is written before the hook has its answer.
func TestHoldThatTakesLongToFreeze(t *testing.T) {
	freezer := &ebssnaptest.Freezer{Took: 1500 * time.Millisecond}
	socket, ended := startHold(t, freezer, "20s")
	code, stdout, _ := runWith(t, freezer, "-hold", socket, "freeze")
	assert.Equal(t, "0 frozen\n", string(rune('0'+code))+" "+stdout)
	code, stdout, _ = runWith(t, freezer, "-hold", socket, "thaw")
	assert.Equal(t, "0 thawed\n", string(rune('0'+code))+" "+stdout)
	<-ended
}

// TestHookWithoutAnAnswerEndsWithItsContext: a signal ends a hook whose holder hangs.
func TestHookWithoutAnAnswerEndsWithItsContext(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 2, command{}.run(ctx, []string{"-hold", socket, "freeze"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), context.DeadlineExceeded.Error())
}

// TestHoldAfterOneThatWasKilled: its socket is still there.
func TestHoldAfterOneThatWasKilled(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	killed, err := net.Listen("unix", socket)
	require.NoError(t, err)
	_, err = listen(t.Context(), socket)
	require.ErrorIs(t, err, syscall.EADDRINUSE, "somebody listens")
	killed.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, killed.Close())
	listener, err := listen(t.Context(), socket)
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("kept"), 0o600))
	_, err = listen(t.Context(), file)
	require.Error(t, err)
	assert.FileExists(t, file)
}

func TestHoldRefused(t *testing.T) {
	freezer := &ebssnaptest.Freezer{FailWith: &opskit.Error{Op: "freeze", Target: "/data", Err: ebssnap.ErrNotFreezable}}
	socket, ended := startHold(t, freezer, "1s")
	code, stdout, _ := runWith(t, freezer, "-hold", socket, "freeze")
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, "cannot be frozen")
	assert.True(t, strings.HasPrefix(<-ended, "2 "))
}

func TestUnitsAreValid(t *testing.T) {
	lab.Need(t, "program:systemd-analyze")
	dir := t.TempDir()
	for _, name := range []string{"snapshot.service", "snapshot.timer"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		text = bytes.ReplaceAll(text, []byte("/usr/local/bin/snapshot"), []byte("/bin/true"))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	verify := exec.Command("systemd-analyze", "verify", filepath.Join(dir, "snapshot.service"), filepath.Join(dir, "snapshot.timer"))
	output, err := verify.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.NotContains(t, string(output), "snapshot.", "a warning about these units")
}
