package procstatetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTreeHasTheFieldsOfTheRunningKernel(t *testing.T) {
	dir := procstatetest.Tree{{PID: 7}}.Dir(t)
	for _, file := range []string{"stat", "status"} {
		real, err := os.ReadFile("/proc/self/" + file)
		require.NoError(t, err)
		fake, err := os.ReadFile(filepath.Join(dir, "7", file))
		require.NoError(t, err)
		if file == "stat" {
			assert.Len(t, strings.Fields(string(fake)), len(strings.Fields(string(real))))
			continue
		}
		for line := range strings.Lines(string(fake)) {
			name, _, _ := strings.Cut(line, ":")
			assert.Contains(t, "\n"+string(real), "\n"+name+":\t")
		}
	}
}

func TestZombiesAreZombies(t *testing.T) {
	parent := procstatetest.Zombies(t, 3)
	require.Len(t, parent.Zombies, 3)
	for _, pid := range parent.Zombies {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		require.NoError(t, err)
		assert.Contains(t, string(text), fmt.Sprintf(") Z %d ", parent.PID))
	}
}
