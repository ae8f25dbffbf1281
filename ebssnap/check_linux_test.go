//go:build linux && !opskit_portable

package ebssnap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestCheckFreezesNothing(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	fs, cloud := lab.LoopFS(t, "ext4", 64), &ebssnaptest.Cloud{}
	freezer := &ebssnap.FS{Mounts: []string{fs.Dir}, Journal: journalOn(t)}
	require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run(), "a check must not wait for anybody's freeze")
	report, err := ebssnap.Check(t.Context(), volume(cloud), freezer)
	require.NoError(t, err)
	assert.True(t, report.Ready, "%v", report)
	assert.True(t, fs.Thaw(), "not thawed either")
	assert.Equal(t, []string{"dry run"}, cloud.Calls())

	inside := filepath.Join(fs.Dir, "inside")
	require.NoError(t, os.Mkdir(inside, 0o755))
	freezer.Mounts = []string{inside}
	report, err = ebssnap.Check(t.Context(), volume(&ebssnaptest.Cloud{Unknown: []string{"vol-0a"}}), freezer)
	require.NoError(t, err)
	assert.False(t, report.Ready)
	assert.Contains(t, report.String(), "not ready: 2 of ")
	assert.Contains(t, report.String(), "no   mount: "+inside)
	assert.Contains(t, report.String(), "unknown volume")
}

func TestCheckSeesWhatAnEarlierRunLeft(t *testing.T) {
	lab.Need(t, "root")
	fs, journal := lab.LoopFS(t, "ext4", 64), journalOn(t)
	killedTogether(t, fs, journal)
	report, err := ebssnap.Check(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnap.FS{Mounts: []string{fs.Dir}, Journal: journal})
	require.NoError(t, err)
	assert.False(t, report.Ready)
	assert.Contains(t, report.String(), "next: fsfreeze -u ")
	assert.True(t, fs.Thaw(), "or the probe that sleeps in the freeze would never end")
}

func TestGoldenCheck(t *testing.T) {
	report := &ebssnap.CheckReport{
		Capabilities: []opskit.Capability{{Name: "guard", OK: true, Why: "why"}, {Name: "journal", Why: "why not", Fix: "do this"}},
		Unseen:       []opskit.Gap{{What: "a thing", Why: "a reason"}},
	}
	golden(t, "check", report, &ebssnap.CheckReport{})
}
