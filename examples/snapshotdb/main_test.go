package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// player is a client in a file that plays a server: it answers a statement that begins with a key by its value.
func player(t *testing.T, answers ...[2]string) string {
	t.Helper()
	var script strings.Builder
	script.WriteString("#!/bin/sh\nwhile IFS= read -r line; do\ncase \"$line\" in\n\"SELECT 'opskit-end-\"*) text=${line#*\\'}; printf '%s\\n' \"${text%%\\'*}\";;\n")
	for _, answer := range answers {
		script.WriteString("\"" + answer[0] + "\"*) printf '" + answer[1] + "\\n';;\n")
	}
	name := filepath.Join(t.TempDir(), "client")
	require.NoError(t, os.WriteFile(name, []byte(script.String()+"esac\ndone\n"), 0o755))
	return "sh " + name
}

func playMariaDB(t *testing.T, more ...[2]string) []string {
	t.Helper()
	return []string{"-mariadb", player(t, append(more, [2]string{"SELECT CONNECTION_ID", `7\t10.11.19-MariaDB`}, [2]string{"SHOW GLOBAL", `datadir\t/data/db/`},
		[2]string{"SELECT 1 FROM information_schema.user", "1"}, [2]string{"SHOW MASTER", `binlog.000042\t1337`})...)}
}

func playPostgreSQL(t *testing.T) []string {
	t.Helper()
	return []string{"-label", "nightly", "-postgres", player(
		t,
		[2]string{"SELECT current_setting('data_directory", "/data/pg"}, [2]string{"SELECT current_setting", "f"}, [2]string{"SELECT pg_backup_start", "0/28"},
		[2]string{"SELECT lsn", `0/30\t\t\tf`}, [2]string{"SELECT pg_walfile_name", "000000010000000000000002"},
	)}
}

// world is an account with one instance, the instance's disks and directories, and what every command line against it needs.
func world(t *testing.T) (*ebssnaptest.Server, string, []string) {
	t.Helper()
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{ID: "i-8161a338", Devices: map[string]string{"/dev/sdb": "vol-e3490220", "/dev/sdc": "vol-0c0c0c0c"}})
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("proc/self/mountinfo", "20 1 202:1 / / rw - ext4 /dev/xvda1 rw\n30 20 202:16 / /data rw - xfs /dev/xvdb rw\n31 20 202:32 / /wal rw - xfs /dev/xvdc rw\n")
	for name, disk := range map[string]string{"202:16": "xvdb", "202:32": "xvdc"} {
		write("sys/dev/block/"+name+"/dev", name)
		require.NoError(t, os.MkdirAll(filepath.Join(root, "sys/block"), 0o755))
		require.NoError(t, os.Rename(filepath.Join(root, "sys/dev/block", name), filepath.Join(root, "sys/block", disk)))
		require.NoError(t, os.Symlink("../../block/"+disk, filepath.Join(root, "sys/dev/block", name)))
	}
	for _, dir := range []string{"data/db", "data/pg", "wal/15"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	return server, root, []string{"-endpoint", server.URL, "-metadata", server.URL, "-volume", "/dev/sdb", "-mount", "/data", "-timeout", "2s"}
}

func runWith(t *testing.T, root string, freezer ebssnap.Freezer, args ...[]string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	var all []string
	for _, some := range args {
		all = append(all, some...)
	}
	c := command{freezer: func([]string) ebssnap.Freezer { return freezer }, finder: volumes.Finder{Root: root}}
	code = c.run(t.Context(), all, &out, &errs)
	return code, out.String(), errs.String()
}

// lastLines checks the shape of the end: what was not checked, then whether all is thawed.
func lastLines(t *testing.T, text, last string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.GreaterOrEqual(t, len(lines), 2, text)
	assert.True(t, strings.HasPrefix(lines[len(lines)-2], "not checked:"), text)
	assert.Equal(t, last, lines[len(lines)-1])
}

func TestConsistentSnapshotOfADatabase(t *testing.T) {
	server, root, args := world(t)
	code, stdout, stderr := runWith(t, root, &ebssnaptest.Freezer{}, args, playMariaDB(t))
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, "consistent: "), stdout)
	assert.Contains(t, stdout, "\n  a replica begins at binlog.000042:1337\n")
	lastLines(t, stdout, "thawed")

	code, stdout, stderr = runWith(t, root, &ebssnaptest.Freezer{}, args, playPostgreSQL(t))
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, `backup "nightly"`)
	assert.Contains(t, stdout, `to "000000010000000000000002"`)
	assert.Len(t, server.Snapshots(), 2)
}

func TestTryAsksNoCloud(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	code, stdout, stderr := runWith(t, t.TempDir(), freezer, []string{"-try", "-mount", "/data"}, playMariaDB(t))
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, "tried: "), stdout)
	assert.Len(t, freezer.Intervals(), 1)
	lastLines(t, stdout, "thawed")
}

func TestAPartOutsideTheSetIsRefused(t *testing.T) {
	server, root, args := world(t)
	require.NoError(t, os.Symlink("/wal/15", filepath.Join(root, "data/pg/pg_wal")))
	code, stdout, stderr := runWith(t, root, &ebssnaptest.Freezer{FailWith: errors.New("it was frozen")}, args, playPostgreSQL(t))
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(stdout, "split: a snapshot of vol-e3490220 does not hold all of the data\n  /data/pg/pg_wal on vol-0c0c0c0c (xvdc)"), stdout)
	assert.Contains(t, stderr, "/data/pg/pg_wal lies on vol-0c0c0c0c")
	lastLines(t, stdout, "thawed")
	assert.Empty(t, server.Snapshots())

	server.Deny("DescribeInstances")
	byID := []string{"-endpoint", server.URL, "-metadata", server.URL, "-volume", "vol-e3490220", "-mount", "/data"}
	code, stdout, stderr = runWith(t, root, &ebssnaptest.Freezer{FailWith: errors.New("it was frozen")}, byID, playPostgreSQL(t))
	assert.Equal(t, 2, code)
	assert.True(t, strings.HasPrefix(stdout, "unknown: cannot tell whether all of the data lies on vol-e3490220"), stdout)
	assert.Contains(t, stderr, "the volume of xvdc")
	assert.Empty(t, server.Snapshots())

	_, root, args = world(t)
	require.NoError(t, os.Symlink("/wal/15", filepath.Join(root, "data/pg/pg_wal")))
	code, stdout, _ = runWith(t, root, &ebssnaptest.Freezer{}, args, []string{"-volume", "/dev/sdc"}, playPostgreSQL(t))
	assert.Equal(t, 0, code, stdout)
	code, stdout, _ = runWith(t, root, &ebssnaptest.Freezer{}, args, []string{"-skip", "/data/pg/pg_wal"}, playPostgreSQL(t))
	assert.Equal(t, 0, code, stdout)
}

func TestNoSnapshot(t *testing.T) {
	server, root, args := world(t)
	code, stdout, stderr := runWith(t, root, &ebssnaptest.Freezer{}, args, playMariaDB(t, [2]string{"SELECT id, time", `9\t77\tSELECT slow`}))
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "a long query is running")
	assert.True(t, strings.HasPrefix(stdout, "no_snapshot: "), stdout)
	lastLines(t, stdout, "thawed")

	code, stdout, stderr = runWith(t, root, &ebssnaptest.Freezer{}, args, []string{"-json", "-mariadb", "/nonexistent/mariadb"})
	assert.Equal(t, 2, code)
	assert.True(t, strings.HasPrefix(stdout, `{"error":{"code":"not_exist"`), stdout)
	assert.Contains(t, stderr, "/nonexistent/mariadb")
	assert.Empty(t, server.Snapshots())
}

func TestSnapshotWithoutProof(t *testing.T) {
	server, root, args := world(t)
	server.Next(ebssnaptest.FaultDropResponse)
	code, stdout, _ := runWith(t, root, &ebssnaptest.Freezer{}, args, playMariaDB(t))
	assert.Equal(t, 2, code)
	assert.True(t, strings.HasPrefix(stdout, "unknown: "), stdout)
	lastLines(t, stdout, "thawed")

	code, stdout, _ = runWith(t, root, &ebssnaptest.Freezer{Stuck: errors.New("input/output error")}, args, playMariaDB(t))
	assert.Equal(t, 1, code)
	lastLines(t, stdout, "STILL FROZEN: run fsfreeze -u /fake")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-postgres", "psql", "-mariadb", "mariadb"}, {"-postgres", "psql", "-volume", "vol-1"}, {"-postgres", "psql", "-volume", "vol-1", "-mount", "/data", "extra"}, {"-nonsense"},
	} {
		code, _, stderr := runWith(t, "", &ebssnaptest.Freezer{}, args)
		assert.Equal(t, 2, code, args)
		assert.Contains(t, stderr, "usage: snapshotdb", args)
	}
	code, stdout, _ := runWith(t, "", &ebssnaptest.Freezer{}, []string{"-h"})
	assert.Equal(t, 0, code)
	assert.Contains(t, stdout, "-read-lock")
	assert.Contains(t, stdout, "exit codes: 0 ")
	code, stdout, _ = runWith(t, "", &ebssnaptest.Freezer{}, []string{"-preflight", "-json"})
	assert.Equal(t, len(ebssnap.Preflight(t.Context())), strings.Count(stdout, "\n"))
	assert.Contains(t, []int{0, 2}, code)
}

func TestSaveFromSince(t *testing.T) {
	server, root, args := world(t)
	saved := filepath.Join(t.TempDir(), "saved.json")
	code, live, stderr := runWith(t, root, &ebssnaptest.Freezer{}, args, playMariaDB(t), []string{"-save", saved})
	require.Equal(t, 0, code, stderr)
	code, again, _ := runWith(t, "", &ebssnaptest.Freezer{}, []string{"-from", saved})
	assert.Equal(t, 0, code)
	assert.Equal(t, live, again)

	code, stdout, stderr := runWith(t, "", &ebssnaptest.Freezer{}, []string{"-from", saved, "-json"})
	assert.Equal(t, 0, code)
	assert.Equal(t, 1, strings.Count(stdout, "\n"))
	assert.Regexp(t, `(?m)^snapshotdb: \S+: as seen at \S+Z\nthawed\n$`, stderr)
	var o outcome
	require.NoError(t, json.Unmarshal([]byte(stdout), &o))
	assert.Equal(t, volumes.VerdictWhole, o.Report.Verdict)
	assert.Equal(t, uint64(1337), o.Position.Offset)

	server.Next(ebssnaptest.FaultDropResponse)
	code, stdout, _ = runWith(t, root, &ebssnaptest.Freezer{}, args, playMariaDB(t), []string{"-since", saved})
	assert.Equal(t, 2, code)
	assert.Contains(t, stdout, "  verdict: consistent -> unknown\n")
	for _, text := range []string{"{", "{}", "null"} {
		require.NoError(t, os.WriteFile(saved, []byte(text), 0o600))
		code, _, stderr = runWith(t, "", &ebssnaptest.Freezer{}, []string{"-from", saved})
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, "not the evidence that was asked for")
	}
}
