package reaper

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"

	"github.com/opskit-go/opskit/procstate"
)

var update = flag.Bool("update", false, "write the golden files")

func golden[T any](t *testing.T, name string, value T) {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	text = append(text, '\n')
	path := "testdata/" + name + ".golden.json"
	if *update {
		require.NoError(t, os.WriteFile(path, text, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	var back T
	require.NoError(t, json.Unmarshal(want, &back))
	again, err := json.MarshalIndent(back, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n", "it decodes to what it was made from")
}

func TestGolden(t *testing.T) {
	golden(t, "report", Report{
		Reaped: 12, Blind: 1, Err: opskit.Fail(&opskit.Error{Op: "read own descriptors", Err: ErrNoProc}),
		Left: []Left{
			{PID: 41, Reason: ReasonOwned, FD: 7},
			{PID: 42, FD: -1, Err: opskit.Fail(&opskit.Error{Op: "read status", Err: errors.New("permission denied")})},
		},
		Unseen: []opskit.Gap{{What: "children that died after the last look", Why: "nobody looked"}},
	})
	golden(t, "reaped", Reaped{
		PID: 40, UID: 1000, Status: procstate.ExitStatus{Code: -1, Signal: 11, Core: true}, At: time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC),
		Usage: Usage{User: 3 * time.Millisecond, System: time.Millisecond, MaxRSS: 1 << 20, MinorFaults: 100, MajorFaults: 2},
	})
}

func TestReportText(t *testing.T) {
	assert.Equal(t, "0 orphans reaped, 0 dead children left alone\nnot checked: nothing more", Report{}.String())
	report := Report{
		Reaped: 1, Left: []Left{{PID: 41, Reason: ReasonOwned, FD: 7}, {PID: 42, Err: opskit.Fail(&opskit.Error{Op: "read status", Err: errors.New("a\x1b[2Jb")}), FD: -1}},
		Blind: 3, Err: opskit.Fail(&opskit.Error{Op: "read own descriptors", Err: errors.New("full")}), Unseen: []opskit.Gap{{What: "a", Why: "w"}, {What: "b", Why: "w"}},
	}
	assert.Equal(t, `1 orphan reaped, 2 dead children left alone
  pid 41: owned: descriptor 7 is a pidfd of it
  pid 42: unknown: read status: a\x1b[2Jb
  could not judge 3 times: read own descriptors: full
not checked: a (w); b (w)`, report.String())
}

func TestZeroValues(t *testing.T) {
	assert.Equal(t, DefaultGrace, Reaper{}.grace())
	assert.Equal(t, DefaultInterval, Reaper{}.interval())
	assert.Zero(t, Reaper{Grace: -1}.grace())
	assert.Equal(t, time.Second, Reaper{Grace: time.Second, Interval: time.Second}.grace())
}
