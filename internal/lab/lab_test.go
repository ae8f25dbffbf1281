package lab

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func TestFacilityListHoldsWhatTheLabItselfNames(t *testing.T) {
	list, err := facilityList()
	require.NoError(t, err)
	for _, name := range []string{"root", "netns", "nftables", "loop", "ext4", "xfs", "btrfs", "cgroup_v1_pids", "cgroup_v2", "corpus"} {
		assert.Contains(t, list, name)
	}
	for name, f := range list {
		assert.Equal(t, f.waived, f.reason != "", "%s: a waiver has a reason, a need has none", name)
	}
}

func TestAbandonedIsOnlyTheNameOfADeadProcess(t *testing.T) {
	mine := newName()
	assert.False(t, abandoned(mine), "a living process's name")
	pidMax, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		t.Skipf("no pid_max: %v", err)
	}
	_, err = strconv.Atoi(string(pidMax[:len(pidMax)-1]))
	require.NoError(t, err)
	assert.True(t, abandoned("opskit-2147483646-1"), "no pid is that large")
	for _, name := range []string{"", "opskit", "opskit-", "opskit-1", "opskit-x-1", "other-2147483646-1", "opskit--1-1"} {
		assert.False(t, abandoned(name), "%q is no name of the lab", name)
	}
}

// The clock of a file tells whether .ci/on-date has done what it says.
func TestClockIsShiftedAsFarAsItIsSaid(t *testing.T) {
	var shift time.Duration
	if text := os.Getenv("OPSKIT_CLOCK"); text != "" {
		seconds, err := strconv.Atoi(text)
		require.NoError(t, err)
		shift = time.Duration(seconds) * time.Second
	}
	file := filepath.Join(t.TempDir(), "now")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.WithinDuration(t, info.ModTime().Add(shift), time.Now(), time.Minute)
}

func TestProgramIsFoundInTheSbinFolders(t *testing.T) {
	t.Setenv("PATH", "/nonexistent")
	_, err := Program("no-such-program-anywhere")
	require.Error(t, err)
}

func TestBarPrintsNoFigureWhenSmall(t *testing.T) {
	t.Setenv("OPSKIT_BARS", "")
	assert.Equal(t, Small, Bars())
	t.Setenv("OPSKIT_BARS", "ci")
	assert.Equal(t, CI, Bars())
	t.Setenv("OPSKIT_BARS", "full")
	assert.Equal(t, Full, Bars())
}
