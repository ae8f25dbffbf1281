//go:build linux && !opskit_portable

package ebssnap_test

import (
	"bufio"
	"bytes"
	"encoding/json"
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

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/lab"
)

// TestRecoverWhereTheFirstMountIsOfNoUse: the mount that the record names is covered by another,
// and the next is of one file, as containers have it.
func TestRecoverWhereTheFirstMountIsOfNoUse(t *testing.T) {
	lab.Need(t, "root")
	journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
	inside, file, again := filepath.Join(fs.Dir, "hosts"), filepath.Join(t.TempDir(), "hosts"), t.TempDir()
	for _, path := range []string{inside, file} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	bind(t, inside, file, 0)
	bind(t, fs.Dir, again, 0)
	killedTogether(t, fs, journal)
	require.NoError(t, syscall.Mount("opskit", fs.Dir, "tmpfs", 0, ""))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(fs.Dir, 0)) })
	plan, err := ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	require.NoError(t, plan.Apply(t.Context()))
	assert.Equal(t, ebssnap.FrozenNot, plan.Filesystems[0].Frozen, "%s", plan)
	assert.True(t, plan.Filesystems[0].Thawed)
	assert.True(t, writable(t, again))
}

// TestRecoverWhereItIsMountedNowhere: the process that sleeps in the freeze holds the filesystem,
// wherever that is mounted.
func TestRecoverWhereItIsMountedNowhere(t *testing.T) {
	lab.Need(t, "root")
	journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
	killedTogether(t, fs, journal)
	child := exec.Command("unshare", "-m", "sh", "-c", `mount --make-rprivate / && umount -l "$1" && exec "$0" -test.run='^TestRecoverChild$'`, os.Args[0], fs.Dir)
	child.Env = append(os.Environ(), envRecover+"="+journal)
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "not_frozen: thawed")
	assert.True(t, writable(t, fs.Dir))
}

const envRecover = "OPSKIT_TEST_RECOVER"

// TestRecoverChild applies what it finds in a journal, and prints it.
func TestRecoverChild(t *testing.T) {
	journal := os.Getenv(envRecover)
	if journal == "" {
		return
	}
	plan, err := ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	require.NoError(t, plan.Apply(t.Context()))
	_, err = os.Stdout.WriteString(plan.String() + "\n")
	require.NoError(t, err)
}

// TestRecordsThatSayNothingHere changes who wrote a record: it is of an earlier boot, of another
// PID namespace, or does not say when its owner started. Another program has the filesystem frozen.
func TestRecordsThatSayNothingHere(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
	killedTogether(t, fs, journal)
	records, err := filepath.Glob(filepath.Join(journal, "*"))
	require.NoError(t, err)
	require.Len(t, records, 1)
	whole, err := os.ReadFile(records[0])
	require.NoError(t, err)
	require.NoError(t, os.Remove(records[0]))
	require.True(t, fs.Thaw())
	require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run())
	defer func() { assert.True(t, fs.Thaw()) }()
	for name, want := range map[string]string{"boot": "", "pid_namespace": "another PID namespace", "owner_started": "does not say when it started"} {
		t.Run(name, func(t *testing.T) {
			var fields map[string]any
			require.NoError(t, json.Unmarshal(bytes.TrimRight(whole[guard.RecordAt:], "\x00"), &fields))
			require.NotEmpty(t, fields[name])
			fields[name] = ""
			text, err := json.Marshal(fields)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(records[0], append(whole[:guard.RecordAt:guard.RecordAt], text...), 0o600))
			plan, err := ebssnap.Recover(t.Context(), journal)
			require.NoError(t, err)
			assert.Equal(t, ebssnap.FrozenUnknown, seen(t, plan, fs.Dir).Frozen)
			require.NoError(t, plan.Apply(t.Context()))
			assert.False(t, seen(t, plan, fs.Dir).Thawed, "nothing is thawed on the word of such a record")
			_, err = os.Stat(records[0])
			if want == "" {
				require.ErrorIs(t, err, os.ErrNotExist, "nothing of another boot is frozen")
				assert.NotContains(t, plan.String(), journal) // another program's process may be told of
				return
			}
			require.NoError(t, err)
			assert.Contains(t, plan.String(), want)
		})
	}
}

// TestThawThatFails lets the kernel refuse what the guard asks after the first freeze, the thaw or
// the second freeze and the thaw of the first: that is said, with what to do, and the record stays
// for Recover.
func TestThawThatFails(t *testing.T) {
	lab.Need(t, "root", "program:strace")
	for _, count := range []int{1, 2} {
		t.Run(strconv.Itoa(count)+" filesystems", func(t *testing.T) {
			journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
			mounts, frozen := fs.Dir, fs
			if count == 2 {
				frozen = lab.LoopFS(t, "ext4", 64) // mounted last, frozen first
				mounts += ":" + frozen.Dir
			}
			child := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=ioctl", "-e", "inject=ioctl:error=EIO:when=2+", os.Args[0], "-test.run=^TestDeathChild$")
			child.Env = append(os.Environ(), envDeath+"=return", envMount+"="+mounts, envBudget+"=20s", envCall+"=hold", envJournal+"="+journal)
			child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			stdout, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			defer func() { frozen.Thaw(); _ = syscall.Kill(-child.Process.Pid, syscall.SIGKILL); _ = child.Wait() }()
			var returned string
			for lines := bufio.NewScanner(stdout); !strings.Contains(returned, "still frozen") && lines.Scan(); {
				returned += lines.Text() + "\n"
			}
			assert.Contains(t, returned, "still frozen: input/output error; run: fsfreeze -u "+frozen.Dir)
			var plan *ebssnap.Recovery
			lab.Eventually(t, 10*time.Second, "the owner to be gone", func() bool {
				plan, err = ebssnap.Recover(t.Context(), journal)
				return err == nil && seen(t, plan, frozen.Dir).Frozen == ebssnap.FrozenByDeadRun
			})
			require.NoError(t, plan.Apply(t.Context()))
			for _, f := range plan.Filesystems {
				assert.Equal(t, f.Mount == frozen.Dir, f.Thawed, "%v", plan)
			}
			assert.True(t, writable(t, frozen.Dir))
			assert.False(t, fs.Thaw())
		})
	}
}
