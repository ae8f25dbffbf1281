//go:build linux && !opskit_portable

package ebssnap_test

import (
	"math/rand/v2"
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

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/lab"
)

// TestBarDoubleKills kills owner and guard in one instant, with all that is in their control group:
// at random, and while FIFREEZE is under way; every fourth with a journal in a mount namespace that
// died with them. What the journal or a canary shows is thawed, and for the rest it is said that it
// cannot be told, with the command; nothing is called not frozen that is; another program's freeze
// is left alone.
func TestBarDoubleKills(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze", "cgroup_v2")
	count := map[lab.Size]int{lab.Small: 1, lab.CI: 8, lab.Full: 200}[lab.Bars()]
	foreign := lab.LoopFS(t, "ext4", 64)
	require.NoError(t, exec.Command("fsfreeze", "-f", foreign.Dir).Run())
	var all []*lab.FS
	for _, fstype := range filesystems() {
		all = append(all, lab.LoopFS(t, fstype, 128))
	}
	frozen, thawed, untold := 0, 0, 0
	for seed := range count {
		fs, journal, r := all[seed%len(all)], journalOn(t), rand.New(rand.NewPCG(uint64(seed), 7))
		doubleKill(t, fs, journal, seed%4 == 3, r)
		before := writable(t, fs.Dir)
		plan, err := ebssnap.Recover(t.Context(), journal)
		require.NoError(t, err)
		found := seen(t, plan, fs.Dir)
		assert.Equal(t, before, found.Frozen == ebssnap.FrozenNot, "seed %d: %s", seed, plan)
		assert.NotEqual(t, ebssnap.FrozenByDeadRun, seen(t, plan, foreign.Dir).Frozen, "seed %d", seed)
		require.NoError(t, plan.Apply(t.Context()))
		after := writable(t, fs.Dir)
		switch {
		case before:
		case after:
			thawed++
		default:
			untold++
			assert.Equal(t, ebssnap.FrozenUnknown, found.Frozen, "seed %d: %s", seed, plan)
			assert.False(t, found.Asleep || found.Froze, "seed %d: a journal or a canary shows it: %s", seed, plan)
			assert.Equal(t, opskit.Unknown, plan.Level())
			assert.Contains(t, plan.String(), "fsfreeze -u "+fs.Dir)
			require.True(t, fs.Thaw())
		}
		if !before {
			frozen++
		}
	}
	assert.True(t, foreign.Thaw(), "the other program's freeze is left alone")
	lab.Bar(t, "double kills", "%d, of which %d left a filesystem frozen: %d thawed, %d told as unknown with the command; the other program's freeze is left alone", count, frozen, thawed, untold)
}

// doubleKill starts an owner in a control group of its own and kills everything in it.
func doubleKill(t *testing.T, fs *lab.FS, journal string, private bool, r *rand.Rand) {
	t.Helper()
	group := lab.Cgroup(t, "")
	dir, err := os.Open(group)
	require.NoError(t, err)
	defer dir.Close()
	argv := []string{os.Args[0], "-test.run=^TestDeathChild$"}
	attributes := &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd())}
	if private {
		argv = append([]string{"sh", "-c", "mount -t tmpfs -o mode=0700 none " + journal + " && exec \"$@\"", "sh"}, argv...)
		attributes.Unshareflags = syscall.CLONE_NEWNS
	}
	child := exec.Command(argv[0], argv[1:]...)
	child.Env = append(os.Environ(), envDeath+"=wait", envMount+"="+fs.Dir, envBudget+"=1m", envCall+"=hold", envJournal+"="+journal)
	child.SysProcAttr = attributes
	require.NoError(t, child.Start())
	began := time.Now()
	begun := func() bool {
		return journalState(journal, child.Process.Pid) >= guard.Freezing || time.Since(began) > 10*time.Second
	}
	switch {
	case !private && r.IntN(3) > 0: // inside FIFREEZE, or just after it
		for !begun() {
			continue
		}
		for spin := time.Now().Add(time.Duration(r.IntN(3000)) * time.Microsecond); time.Now().Before(spin); {
			continue
		}
	default:
		timer := time.NewTimer(time.Duration(50+r.IntN(600)) * time.Millisecond)
		<-timer.C
	}
	require.NoError(t, os.WriteFile(filepath.Join(group, "cgroup.kill"), []byte("1"), 0))
	_ = child.Wait()
	lab.Eventually(t, 20*time.Second, "all but the canaries to be gone", func() bool {
		text, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		if err != nil {
			return false
		}
		for line := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(line)
			if asleep, _ := guard.AsleepInUnlink(pid); err == nil && !asleep {
				return false
			}
		}
		return true
	})
}
