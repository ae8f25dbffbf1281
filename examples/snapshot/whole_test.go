package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// walElsewhere is a machine on which a link leads from the data to another volume.
func walElsewhere(ctx context.Context, finder volumes.Finder, paths ...string) (*volumes.Layout, error) {
	layout, err := onOneVolume(ctx, finder, paths...)
	if !slices.Contains(finder.Skip, "/data/pg_wal") {
		disk := volumes.Device{Name: "nvme2n1", Kind: volumes.KindDisk, Store: volumes.StoreEBS, Volume: "vol-0b"}
		layout.Parts = append(layout.Parts, volumes.Part{Path: "/data/pg_wal", Target: "/wal", Via: "symlink", Devices: []volumes.Device{disk}})
	}
	return layout, err
}

func TestDataOutsideTheSetIsRefused(t *testing.T) {
	server, args := world(t)
	freezer := &ebssnaptest.Freezer{}
	run := func(args ...string) (code int, stdout string) {
		var out, errs bytes.Buffer
		code = command{freezer: func([]string) ebssnap.Freezer { return freezer }, find: walElsewhere}.run(t.Context(), args, &out, &errs)
		return code, out.String()
	}
	code, stdout := run(args...)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(stdout, "split: "), stdout)
	assert.Contains(t, stdout, "/data/pg_wal on vol-0b")
	lastLines(t, stdout, "thawed")
	assert.Empty(t, freezer.Intervals(), "before anything is stopped")
	assert.Empty(t, server.Snapshots())

	code, stdout = run(append(args, "-json")...)
	assert.Equal(t, 1, code)
	var report volumes.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(t, volumes.VerdictSplit, report.Verdict)

	code, stdout = run(append(args, "-skip", "/data/pg_wal")...)
	assert.Equal(t, 0, code, stdout)
	assert.Len(t, server.Snapshots(), 1)
}

func TestWhereVolumesCannotTellIsSaid(t *testing.T) {
	_, args := world(t)
	xen := func(_ context.Context, _ volumes.Finder, paths ...string) (*volumes.Layout, error) {
		disk := volumes.Device{Name: "xvdb", Kind: volumes.KindDisk, Why: "a Xen disk does not tell"}
		return &volumes.Layout{Paths: paths, Parts: []volumes.Part{{Path: paths[0], Devices: []volumes.Device{disk}}}}, nil
	}
	blind := func(context.Context, volumes.Finder, ...string) (*volumes.Layout, error) {
		return nil, errors.New("no /proc")
	}
	for _, find := range []func(context.Context, volumes.Finder, ...string) (*volumes.Layout, error){xen, blind} {
		var out, errs bytes.Buffer
		code := command{freezer: func([]string) ebssnap.Freezer { return &ebssnaptest.Freezer{} }, find: find}.run(t.Context(), args, &out, &errs)
		assert.Equal(t, 0, code, errs.String())
		assert.True(t, strings.HasPrefix(out.String(), "consistent: "), out.String())
		lastLines(t, out.String(), "thawed")
		_, notChecked, _ := strings.Cut(out.String(), "not checked: ")
		assert.Regexp(t, "a Xen disk does not tell|whether all data lies in the set .no /proc", notChecked)
	}
}

// checking is a freezer that can tell without freezing.
type checking struct{ *ebssnaptest.Freezer }

func (checking) Check(context.Context, []string) ([]opskit.Capability, []opskit.Gap) {
	return []opskit.Capability{{Name: "freeze", OK: true}}, nil
}

// TestCheckAndSnapshotAgree: what is not ready is refused; what cannot be told is said by both, and is no refusal.
func TestCheckAndSnapshotAgree(t *testing.T) {
	dark := func(context.Context, volumes.Finder, ...string) (*volumes.Layout, error) {
		return nil, errors.New("no /proc")
	}
	for name, test := range map[string]struct {
		find           func(context.Context, volumes.Finder, ...string) (*volumes.Layout, error)
		check          int
		says           string
		snapshot       int
		snapshots      int
		says2, because string
	}{
		"whole":  {onOneVolume, 0, "ready\n", 0, 1, "consistent: ", ""},
		"split":  {walElsewhere, 1, "not ready: ", 1, 0, "split: ", "/data/pg_wal"},
		"untold": {dark, 2, "cannot tell: ", 0, 1, "consistent: ", "no /proc"},
		"xen":    {xenDisk, 0, "ready\n", 0, 1, "consistent: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server, args := world(t)
			freezer := checking{&ebssnaptest.Freezer{}}
			run := func(args ...string) (code int, stdout string) {
				var out, errs bytes.Buffer
				code = command{freezer: func([]string) ebssnap.Freezer { return freezer }, find: test.find}.run(t.Context(), args, &out, &errs)
				return code, out.String()
			}
			code, stdout := run(append(args, "-check")...)
			assert.Equal(t, test.check, code, stdout)
			assert.True(t, strings.HasPrefix(stdout, test.says), stdout)
			assert.Contains(t, stdout, test.because)
			assert.Empty(t, freezer.Intervals())
			assert.Empty(t, server.Snapshots())

			code, stdout = run(args...)
			assert.Equal(t, test.snapshot, code, stdout)
			assert.True(t, strings.HasPrefix(stdout, test.says2), stdout)
			assert.Contains(t, stdout, test.because)
			assert.Len(t, server.Snapshots(), test.snapshots)
		})
	}
}

// xenDisk is a machine whose disk tells its volume only by the instance's mappings.
func xenDisk(ctx context.Context, finder volumes.Finder, paths ...string) (*volumes.Layout, error) {
	if slices.Contains(finder.Mappings, (volumes.Mapping{Device: "/dev/sdb", Volume: "vol-e3490220"})) {
		return onOneVolume(ctx, finder, paths...)
	}
	disk := volumes.Device{Name: "xvdb", Kind: volumes.KindDisk, Why: "a Xen disk does not tell"}
	return &volumes.Layout{Paths: paths, Parts: []volumes.Part{{Path: paths[0], Devices: []volumes.Device{disk}}}}, nil
}

func TestMappingsAreAskedForWhereTheyHelp(t *testing.T) {
	server, args := world(t)
	for i, arg := range args {
		if arg == "/dev/sdb" {
			args[i] = "vol-e3490220"
		}
	}
	for _, test := range []struct {
		find func(context.Context, volumes.Finder, ...string) (*volumes.Layout, error)
		asks int
	}{{xenDisk, 1}, {onOneVolume, 0}} {
		before := len(server.Requests())
		var out, errs bytes.Buffer
		code := command{freezer: func([]string) ebssnap.Freezer { return &ebssnaptest.Freezer{} }, find: test.find}.run(t.Context(), args, &out, &errs)
		assert.Equal(t, 0, code, errs.String())
		assert.NotContains(t, out.String(), "Xen")
		asked := 0
		for _, r := range server.Requests()[before:] {
			if r.Action == "DescribeInstances" {
				asked++
			}
		}
		assert.Equal(t, test.asks, asked)
	}
}
