package main

import (
	"bytes"
	"context"
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

// world is an account with one instance, and what every command line against it needs.
func world(t *testing.T) (*ebssnaptest.Server, []string) {
	t.Helper()
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{ID: "i-8161a338", Devices: map[string]string{"/dev/sdb": "vol-e3490220"}})
	return server, []string{"-endpoint", server.URL, "-metadata", server.URL, "-volume", "/dev/sdb", "-mount", "/data", "-timeout", "500ms"}
}

// onOneVolume is a machine whose data lies on the volume of world.
func onOneVolume(_ context.Context, _ volumes.Finder, paths ...string) (*volumes.Layout, error) {
	disk := volumes.Device{Name: "nvme1n1", Kind: volumes.KindDisk, Store: volumes.StoreEBS, Volume: "vol-e3490220"}
	return &volumes.Layout{Paths: paths, Parts: []volumes.Part{{Path: paths[0], Devices: []volumes.Device{disk}}}}, nil
}

func runWith(t *testing.T, freezer ebssnap.Freezer, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command{freezer: func([]string) ebssnap.Freezer { return freezer }, find: onOneVolume}.run(t.Context(), args, &out, &errs)
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

func TestConsistent(t *testing.T) {
	server, args := world(t)
	code, stdout, stderr := runWith(t, &ebssnaptest.Freezer{}, args...)
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(stdout, "consistent: "), stdout)
	lastLines(t, stdout, "thawed")
	assert.Equal(t, "vol-e3490220", server.Snapshots()[0].Volume)
}

func TestSnapshotWithoutProof(t *testing.T) {
	server, args := world(t)
	server.Next(ebssnaptest.FaultDropResponse)
	code, stdout, stderr := runWith(t, &ebssnaptest.Freezer{}, args...)
	assert.Equal(t, 2, code)
	assert.True(t, strings.HasPrefix(stdout, "unknown: "), stdout)
	assert.Contains(t, stdout, "next: take another snapshot")
	assert.Contains(t, stderr, "outcome unknown")
	lastLines(t, stdout, "thawed")
}

func TestNoSnapshot(t *testing.T) {
	server, args := world(t)
	server.Deny("CreateSnapshot")
	code, stdout, stderr := runWith(t, &ebssnaptest.Freezer{}, args...)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(stdout, "no_snapshot: "), stdout)
	assert.Contains(t, stderr, "ec2:CreateSnapshot")
	lastLines(t, stdout, "thawed")

	code, stdout, _ = runWith(t, &ebssnaptest.Freezer{}, append(args, "-volume", "/dev/sdz")...)
	assert.Equal(t, 2, code)
	assert.Equal(t, "thawed\n", stdout)
}

func TestStillFrozen(t *testing.T) {
	_, args := world(t)
	code, stdout, _ := runWith(t, &ebssnaptest.Freezer{Stuck: errors.New("input/output error")}, args...)
	assert.Equal(t, 1, code)
	lastLines(t, stdout, "STILL FROZEN: run fsfreeze -u /fake")
}

func TestTagDeniedIsNotHealthy(t *testing.T) {
	server, args := world(t)
	server.Deny("CreateTags")
	code, stdout, _ := runWith(t, &ebssnaptest.Freezer{}, args...)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(stdout, "consistent: "), stdout)
	assert.Contains(t, stdout, "next: set the tag")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-volume", "vol-1"}, {"-mount", "/data"}, {"-volume", "v", "-mount", "/data", "extra"}, {"-nonsense"}} {
		code, _, stderr := runWith(t, &ebssnaptest.Freezer{}, args...)
		assert.Equal(t, 2, code, args)
		assert.Contains(t, stderr, "usage: snapshot", args)
	}
	code, stdout, _ := runWith(t, &ebssnaptest.Freezer{}, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, stdout, "-timeout")
	assert.Contains(t, stdout, "exit codes: 0 ")
}

func TestJSONIsOneObject(t *testing.T) {
	_, args := world(t)
	code, stdout, stderr := runWith(t, &ebssnaptest.Freezer{}, append(args, "-json")...)
	assert.Equal(t, 0, code)
	assert.Equal(t, 1, strings.Count(stdout, "\n"))
	var result ebssnap.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	assert.Equal(t, "thawed\n", stderr)
}

func TestSaveFromSince(t *testing.T) {
	server, args := world(t)
	saved := filepath.Join(t.TempDir(), "result.json")
	code, live, _ := runWith(t, &ebssnaptest.Freezer{}, append(args, "-save", saved)...)
	require.Equal(t, 0, code)
	code, again, _ := runWith(t, &ebssnaptest.Freezer{}, "-from", saved)
	assert.Equal(t, 0, code)
	assert.Equal(t, live, again)

	server.Next(ebssnaptest.FaultDropResponse)
	code, stdout, _ := runWith(t, &ebssnaptest.Freezer{}, append(args, "-since", saved)...)
	assert.Equal(t, 2, code)
	assert.Contains(t, stdout, "  verdict: consistent -> unknown\n")

	require.NoError(t, os.WriteFile(saved, []byte("{"), 0o600))
	code, _, stderr := runWith(t, &ebssnaptest.Freezer{}, "-from", saved)
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "not the evidence that was asked for")
}

func TestPreflight(t *testing.T) {
	code, stdout, _ := runWith(t, &ebssnaptest.Freezer{}, "-preflight", "-json")
	assert.Equal(t, 3, strings.Count(stdout, "\n"))
	for _, c := range ebssnap.Preflight(t.Context()) {
		if !c.OK {
			assert.Equal(t, 2, code)
		}
	}
}
