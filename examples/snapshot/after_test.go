package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

// runSoon is runWith, asking every millisecond where -wait waits.
func runSoon(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command{freezer: func([]string) ebssnap.Freezer { return &ebssnaptest.Freezer{} }, find: onOneVolume, every: time.Millisecond}.run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestWaitsUntilItIsCompleted(t *testing.T) {
	server, args := world(t)
	server.Pending = 3
	code, stdout, stderr := runSoon(t, append(args, "-wait")...)
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, "consistent: "), "the verdict does not wait: "+stdout)
	assert.Contains(t, stdout, "\ncompleted: "+server.Snapshots()[0].ID+"\n")
	lastLines(t, stdout, "thawed")
}

func TestSnapshotThatIsNeverCompleted(t *testing.T) {
	server, args := world(t)
	server.Pending = 1 << 30
	type outcome struct {
		code   int
		stdout string
	}
	ended := make(chan outcome, 1)
	go func() {
		code, stdout, _ := runSoon(t, append(args, "-wait", "-keep", "1", "-yes")...)
		ended <- outcome{code, stdout}
	}()
	lab.Eventually(t, 10*time.Second, "snapshot", func() bool { return len(server.Snapshots()) == 1 })
	server.SetState(server.Snapshots()[0].ID, "error")
	result := <-ended
	stdout := result.stdout
	assert.Equal(t, 2, result.code, "there is no snapshot: "+stdout)
	assert.Contains(t, stdout, "snapshot failed")
	assert.NotContains(t, stdout, "delete 0 of")
	lastLines(t, stdout, "thawed")
}

func TestKeepsTheLast(t *testing.T) {
	server, args := world(t)
	for range 3 {
		code, _, stderr := runSoon(t, args...)
		require.Equal(t, 0, code, stderr)
	}
	oldest := server.Snapshots()[0].ID
	code, stdout, _ := runSoon(t, append(args, "-wait", "-keep", "3")...)
	assert.Equal(t, 0, code)
	assert.Contains(t, stdout, "\ndelete 1 of 4\n")
	lastLines(t, stdout, "thawed")
	assert.Len(t, server.Snapshots(), 4, "a plan deletes nothing")

	only := []string{"-endpoint", server.URL, "-metadata", server.URL, "-volume", "/dev/sdb", "-keep", "3"}
	code, stdout, _ = runSoon(t, only...)
	assert.Equal(t, 0, code)
	assert.True(t, strings.HasPrefix(stdout, "delete 1 of 4\n"), stdout)
	lastLines(t, stdout, "thawed")
	assert.Len(t, server.Snapshots(), 4)

	code, stdout, _ = runSoon(t, append(only, "-yes", "-json")...)
	assert.Equal(t, 0, code)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 2, "the plan, and what became of it")
	var applied struct{ Deleted []string }
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &applied))
	assert.Equal(t, []string{oldest}, applied.Deleted)

	server.Deny("DeleteSnapshot")
	code, stdout, stderr := runSoon(t, append(only, "-keep", "2", "-yes")...)
	assert.Equal(t, 1, code, "what could not be deleted is a problem: "+stdout)
	assert.Contains(t, stderr, "ec2:DeleteSnapshot")
	lastLines(t, stdout, "thawed")
}

func TestNothingIsDeletedAfterASnapshotWithoutProof(t *testing.T) {
	server, args := world(t)
	for range 2 {
		code, _, stderr := runSoon(t, args...)
		require.Equal(t, 0, code, stderr)
	}
	server.Next(ebssnaptest.DropResponse)
	before := len(server.Snapshots())
	code, stdout, stderr := runSoon(t, append(args, "-wait", "-keep", "1", "-yes")...)
	assert.Equal(t, 1, code)
	assert.NotContains(t, stdout, "delete")
	assert.Contains(t, stderr, "neither waited nor looked")
	assert.GreaterOrEqual(t, len(server.Snapshots()), before)
	lastLines(t, stdout, "thawed")
}

func TestWrongUseOfWaitAndKeep(t *testing.T) {
	for _, args := range [][]string{{"-keep", "-1", "-volume", "vol-1", "-mount", "/data"}, {"-wait", "-keep", "2", "-volume", "vol-1"}, {"-keep", "2"}} {
		code, _, stderr := runSoon(t, args...)
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, "usage:")
	}
}
