package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

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
	assert.Contains(t, stdout, "  snapshot "+server.Snapshots()[0].ID+" of ")
	assert.Contains(t, stdout, " completed\n")
	assert.Contains(t, stdout, "\nnot checked: nothing more\n")
	assert.Contains(t, stderr, "waits until it is completed")
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
		code, stdout, _ := runSoon(t, append(args, "-wait")...)
		ended <- outcome{code, stdout}
	}()
	lab.Eventually(t, 10*time.Second, "snapshot", func() bool { return len(server.Snapshots()) == 1 })
	server.SetState(server.Snapshots()[0].ID, "error")
	result := <-ended
	stdout := result.stdout
	assert.Equal(t, 1, result.code, "there is no snapshot: "+stdout)
	assert.Contains(t, stdout, "snapshot failed")
	lastLines(t, stdout, "thawed")
}

func TestNoWaitForASnapshotWithoutProof(t *testing.T) {
	server, args := world(t)
	server.Next(ebssnaptest.FaultDropResponse)
	code, stdout, stderr := runSoon(t, append(args, "-wait")...)
	assert.Equal(t, 2, code, "nobody saw when it was taken")
	assert.Contains(t, stderr, "not waited")
	lastLines(t, stdout, "thawed")
}
