//go:build linux && !opskit_portable

package procstate_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const insideFewFiles = "OPSKIT_INSIDE_FEW_FILES"

// TestFewFiles runs the test after this one in a process of its own, which may
// open few files.
func TestFewFiles(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestInsideFewFiles$", "-test.v")
	cmd.Env = append(os.Environ(), insideFewFiles+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: TestInsideFewFiles", "%s", out)
}

// TestInsideFewFiles is the part of TestFewFiles in that process: more zombies
// than it may hold pidfds of are verified all the same.
func TestInsideFewFiles(t *testing.T) {
	if os.Getenv(insideFewFiles) == "" {
		return
	}
	const zombies, files = 300, 40
	parent := procstatetest.Zombies(t, zombies)
	plan := hasty(groupOf(t, parent.PID).Plan())
	require.Len(t, plan.Zombies, zombies)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: files, Max: files}))
	outcome, err := plan.Apply(t.Context())
	require.NoError(t, err)
	assert.Empty(t, outcome.Left)
	assert.Len(t, outcome.Reaped, zombies)
	assert.Equal(t, procstate.Healthy, outcome.Verdict)
}
