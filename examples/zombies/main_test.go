package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func tree(t *testing.T, zombies ...int) string {
	t.Helper()
	tree := procstatetest.Tree{
		{PID: 1, Comm: "init"},
		{PID: 42, PPID: 1, Comm: "worker", Cgroup: "0::/system.slice/worker.service\n"},
		{Files: map[string]string{"sys/kernel/random/boot_id": "first\n"}},
	}
	for _, pid := range zombies {
		tree = append(tree, procstatetest.Process{PID: pid, PPID: 42, Comm: "jo\x1bb", State: 'Z'})
	}
	return tree.Dir(t)
}

func zombiesOf(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"-settle", "1ms", "-patience", "-1s"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestHealthyHost(t *testing.T) {
	code, out, _ := zombiesOf(t, "-root", tree(t))
	assert.Equal(t, 0, code)
	assert.Equal(t, "healthy: no zombies among 2 processes\nnot checked: nothing more\n", out)
}

func TestZombies(t *testing.T) {
	code, out, _ := zombiesOf(t, "-root", tree(t, 50, 51))
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(out, "problem: 2 zombies that nobody reaps, of 1 parent\n"), out)
	for _, want := range []string{
		`2 zombies of 42 "worker" (sleeping): not_waiting`, `owner: unit "worker.service"`, `50 "jo\x1bb" reapable`,
		"next: terminate 42", "\nnot checked: nothing more\n",
	} {
		assert.Contains(t, out, want)
	}
	assert.NotContains(t, out, "\x1b")

	root := tree(t, 50)
	require.NoError(t, procstatetest.Tree{{Files: map[string]string{
		"42/status": "Uid:\t33\t33\t33\t33\nThreads:\t1\nCapEff:\t0\nTgid:\t42\nPPid:\t1\nTracerPid:\t0\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n",
		"42/limits": "Max processes             2                    2                    processes \n",
	}}}.Write(root))
	_, _, errs := zombiesOf(t, "-root", root)
	assert.Contains(t, errs, `limit that stops the next fork of 42: rlimit.nproc of "uid 33": 1 of 2 used, 1 left`)
}

func TestCannotTell(t *testing.T) {
	root := tree(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "42", "stat"), []byte("42 (wor"), 0o600))
	code, out, _ := zombiesOf(t, "-root", root)
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "not checked: a process (read stat pid 42")

	code, out, _ = zombiesOf(t, "-root", tree(t, 50), "-patience", "1m")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "unknown: 1 zombie among 3 processes\n")
	assert.Contains(t, out, `not checked: whether 42 "worker" (sleeping) reaps 1 zombie (dead for`)

	code, _, errs := zombiesOf(t, "-root", filepath.Join(root, "missing"))
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "missing")
	code, out, _ = zombiesOf(t, "-json", "-root", filepath.Join(root, "missing"))
	assert.Equal(t, 2, code)
	assert.Contains(t, out, `"code":"not_exist"`)
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-nonsense"},
		{"argument"},
		{"-apply", "-yes", "-root", "/proc"},
		{"-apply", "-from", "file"},
		{"-reap", "-yes", "-root", "/proc"},
		{"-watch", "1s", "-save", "f"},
		{"-watch", "1s", "-parent", "1"},
		{"-connector"},
		{"-source", "psychic"},
	} {
		code, out, errs := zombiesOf(t, args...)
		assert.Equal(t, 2, code, "%v", args)
		assert.Empty(t, out)
		assert.Contains(t, errs, "usage: zombies")
	}
	code, out, _ := zombiesOf(t, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "-apply")
	assert.Contains(t, out, "exit codes: 0 ")
}

func TestPlanOnly(t *testing.T) {
	code, out, _ := zombiesOf(t, "-root", tree(t, 50), "-plan")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "plan for 1 zombie of 42")
	assert.Contains(t, out, "useless: kill -9 of a zombie")
	code, out, _ = zombiesOf(t, "-root", tree(t), "-plan")
	assert.Equal(t, 0, code)
	assert.Equal(t, "healthy: no zombies among 2 processes\nnot checked: nothing more\n", out, "no plan is no answer")
}

// What is asked of one parent says nothing about the others.
func TestOneParentOnly(t *testing.T) {
	for _, more := range [][]string{nil, {"-plan"}} {
		code, out, _ := zombiesOf(t, append([]string{"-root", tree(t, 50), "-parent", "1"}, more...)...)
		assert.Equal(t, 0, code)
		assert.Equal(t, "healthy: no zombies of parent 1 among 3 processes\nnot checked: nothing more\n", out)
		code, out, errs := zombiesOf(t, append([]string{"-root", tree(t, 50), "-parent", "43"}, more...)...)
		assert.Equal(t, 2, code, "any number that is no process has no zombies")
		assert.Empty(t, out)
		assert.Contains(t, errs, "parent 43 is not there, or hidden from this user")
	}
	_, out, _ := zombiesOf(t, "-root", tree(t, 50), "-parent", "1", "-json")
	assert.Contains(t, out, `"of_parent":1`)
	file := filepath.Join(t.TempDir(), "evidence.json")
	zombiesOf(t, "-root", tree(t, 50), "-parent", "1", "-save", file)
	code, out, _ := zombiesOf(t, "-from", file)
	assert.Equal(t, 1, code, "what is saved is all that was seen")
	assert.Contains(t, out, "1 zombie of 42")
}

func TestJSONIsOneObjectALine(t *testing.T) {
	for _, args := range [][]string{{}, {"-plan"}, {"-preflight"}} {
		_, out, _ := zombiesOf(t, append([]string{"-json", "-root", tree(t, 50)}, args...)...)
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		assert.NotEmpty(t, lines)
		for _, line := range lines {
			var object map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &object), "%s", line)
		}
	}
}

func TestPreflight(t *testing.T) {
	_, out, _ := zombiesOf(t, "-preflight")
	for _, name := range []string{"list", "all_users", "all_namespaces", "blocked_causes", "apply"} {
		assert.Contains(t, out, "  "+name)
	}
}

func TestSavedEvidence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "evidence.json")
	code, live, _ := zombiesOf(t, "-root", tree(t, 50, 51), "-save", file)
	assert.Equal(t, 1, code)
	code, saved, _ := zombiesOf(t, "-from", file)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, saved)

	code, out, _ := zombiesOf(t, "-root", tree(t, 51, 52), "-since", file)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "changed: facts compared: ")
	assert.Contains(t, out, "zombie 50: reapable of 42 -> (nothing)\n")
	assert.Contains(t, out, "zombie 52: (nothing) -> reapable of 42\n")
	_, out, _ = zombiesOf(t, "-root", tree(t, 51, 52), "-since", file, "-parent", "1")
	assert.NotContains(t, out, "zombie 50", "the zombies of another parent are not gone")

	require.NoError(t, os.WriteFile(file, []byte(`{"at":"2026-01-01T00:00:00Z"}`), 0o600))
	for _, flag := range []string{"-from", "-since"} {
		code, _, errs := zombiesOf(t, "-root", tree(t), flag, file)
		assert.Equal(t, 2, code)
		assert.Contains(t, errs, "not the evidence that was asked for")
	}
}

func TestBlocked(t *testing.T) {
	root := tree(t)
	code, out, _ := zombiesOf(t, "-root", root, "-blocked")
	assert.Equal(t, 0, code)
	assert.Equal(t, "healthy: none of 2 tasks is stuck in uninterruptible sleep\nnot checked: nothing more\n", out)

	stuck := procstatetest.Process{PID: 43, PPID: 1, Comm: "writer", State: 'D'}
	dir := procstatetest.Tree{stuck}.Dir(t)
	stat, err := os.ReadFile(filepath.Join(dir, "43", "stat"))
	require.NoError(t, err)
	stuck.Files = map[string]string{"task/43/stat": string(stat), "task/43/stack": "[<0>] percpu_rwsem_wait+0x1/0x2\n[<0>] vfs_write+0x1/0x2\n"}
	require.NoError(t, procstatetest.Tree{stuck}.Write(root))
	file := filepath.Join(t.TempDir(), "evidence.json")
	code, live, _ := zombiesOf(t, "-root", root, "-blocked", "-save", file)
	assert.Equal(t, 1, code)
	assert.Contains(t, live, `43 "writer" (uninterruptible): frozen_filesystem`)
	assert.Contains(t, live, "next: thaw the filesystem")
	code, saved, _ := zombiesOf(t, "-blocked", "-from", file)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, saved)

	code, _, errs := zombiesOf(t, "-blocked", "-plan")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "usage")
}

func TestLimits(t *testing.T) {
	status := func(threads string) map[string]string {
		return map[string]string{
			"status": "Uid:\t33\t33\t33\t33\nThreads:\t" + threads + "\nCapEff:\t0000000000000000\nNSpgid:\t42\nNSsid:\t42\n",
			"limits": "Max processes             100                  100                  processes \n",
		}
	}
	host := func(threads string) string {
		return procstatetest.Tree{
			{PID: 42, Files: status(threads)},
			{Files: map[string]string{
				"sys/kernel/pid_max": "32768\n", "sys/kernel/threads-max": "9000\n", "loadavg": "0 0 0 1/90 500\n", "self/mountinfo": "",
			}},
		}.Dir(t)
	}
	file := filepath.Join(t.TempDir(), "evidence.json")
	code, out, _ := zombiesOf(t, "-root", host("1"), "-limits", "-parent", "42", "-save", file)
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "healthy: pid 42 can make 99 more tasks\n  rlimit.nproc of \"uid 33\": 1 of 100 used")
	code, out, _ = zombiesOf(t, "-root", host("95"), "-limits", "-parent", "42", "-since", file)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "rlimit.nproc of \"uid 33\" is reached in ")
	code, out, _ = zombiesOf(t, "-limits", "-from", file, "-json")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, `"name":"rlimit.nproc"`)
	code, _, _ = zombiesOf(t, "-limits", "-blocked")
	assert.Equal(t, 2, code)
}

func TestWatch(t *testing.T) {
	code, out, _ := zombiesOf(t, "-root", tree(t, 50), "-watch", "300ms")
	assert.Equal(t, 1, code)
	assert.Equal(t, 1, strings.Count(out, "\n"), "told once: %s", out)
	assert.Contains(t, out, `stuck: 50 "jo\x1bb"`)
	code, out, _ = zombiesOf(t, "-root", tree(t), "-watch", "10ms", "-json")
	assert.Equal(t, 0, code)
	assert.Empty(t, out)
	code, _, errs := zombiesOf(t, "-root", filepath.Join(tree(t), "missing"), "-watch", "300ms")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "missing")
}

func TestEvidenceOfAnotherBoot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "evidence.json")
	zombiesOf(t, "-root", tree(t, 50), "-save", file)
	root := tree(t, 50)
	require.NoError(t, os.WriteFile(filepath.Join(root, "sys/kernel/random/boot_id"), []byte("second\n"), 0o600))
	_, out, _ := zombiesOf(t, "-root", root, "-since", file)
	assert.Contains(t, out, "  boot: first -> second\n")
}
