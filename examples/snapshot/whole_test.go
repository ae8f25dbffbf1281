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

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/volumes"
)

// walElsewhere is a machine on which a link leads from the data to another volume.
func walElsewhere(ctx context.Context, skip []string, paths ...string) (*volumes.Layout, error) {
	layout, err := onOneVolume(ctx, skip, paths...)
	if !slices.Contains(skip, "/data/pg_wal") {
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
	assert.Equal(t, 2, code)
	assert.True(t, strings.HasPrefix(stdout, "split: "), stdout)
	assert.Contains(t, stdout, "/data/pg_wal on vol-0b")
	lastLines(t, stdout, "thawed")
	assert.Empty(t, freezer.Intervals(), "before anything is stopped")
	assert.Empty(t, server.Snapshots())

	code, stdout = run(append(args, "-json")...)
	assert.Equal(t, 2, code)
	var report volumes.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(t, volumes.VerdictSplit, report.Verdict)

	code, stdout = run(append(args, "-skip", "/data/pg_wal")...)
	assert.Equal(t, 0, code, stdout)
	assert.Len(t, server.Snapshots(), 1)
}

func TestWhereVolumesCannotTellIsSaid(t *testing.T) {
	_, args := world(t)
	xen := func(_ context.Context, _ []string, paths ...string) (*volumes.Layout, error) {
		disk := volumes.Device{Name: "xvdb", Kind: volumes.KindDisk, Why: "a Xen disk does not tell"}
		return &volumes.Layout{Paths: paths, Parts: []volumes.Part{{Path: paths[0], Devices: []volumes.Device{disk}}}}, nil
	}
	blind := func(context.Context, []string, ...string) (*volumes.Layout, error) {
		return nil, errors.New("no /proc")
	}
	for _, find := range []func(context.Context, []string, ...string) (*volumes.Layout, error){xen, blind} {
		var out, errs bytes.Buffer
		code := command{freezer: func([]string) ebssnap.Freezer { return &ebssnaptest.Freezer{} }, find: find}.run(t.Context(), args, &out, &errs)
		assert.Equal(t, 0, code, errs.String())
		assert.True(t, strings.HasPrefix(out.String(), "consistent: "), out.String())
		lastLines(t, out.String(), "thawed")
		_, notChecked, _ := strings.Cut(out.String(), "not checked: ")
		assert.Regexp(t, "a Xen disk does not tell|whether all data lies in the set .no /proc", notChecked)
	}
}
