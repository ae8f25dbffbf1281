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
		Reaped: 12, Blind: 1, Err: &Error{Op: "read own descriptors", Err: ErrNoProc},
		Left: []Left{
			{PID: 41, Reason: Owned, FD: 7},
			{PID: 42, FD: -1, Err: &Error{Op: "read status", Err: errors.New("permission denied")}},
		},
		Unseen: []string{"children that died after the last look"},
	})
	golden(t, "reaped", Reaped{
		PID: 40, UID: 1000, Status: Status{Code: -1, Signal: 11, Core: true}, At: time.Date(2026, 11, 22, 10, 0, 0, 5, time.UTC),
		Usage: Usage{User: 3 * time.Millisecond, System: time.Millisecond, MaxRSS: 1 << 20, MinorFaults: 100, MajorFaults: 2},
	})
}

func TestReportText(t *testing.T) {
	assert.Equal(t, "0 orphans reaped, 0 dead children left alone\nnot checked: nothing more", Report{}.String())
	report := Report{
		Reaped: 1, Left: []Left{{PID: 41, Reason: Owned, FD: 7}, {PID: 42, Err: &Error{Op: "read status", Err: errors.New("a\x1b[2Jb")}, FD: -1}},
		Blind: 3, Err: &Error{Op: "read own descriptors", Err: errors.New("full")}, Unseen: []string{"a", "b"},
	}
	assert.Equal(t, `1 orphan reaped, 2 dead children left alone
  pid 41: owned: descriptor 7 is a pidfd of it
  pid 42: unknown: "read status: a\x1b[2Jb"
  could not judge 3 times: "read own descriptors: full"
not checked: a; b`, report.String())
}

func TestReasonNames(t *testing.T) {
	var zero Reason
	assert.Equal(t, Unknown, zero)
	for reason := Unknown; reason <= Young; reason++ {
		text, err := reason.MarshalText()
		require.NoError(t, err)
		var back Reason
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, reason, back)
	}
	assert.Len(t, reasonNames(), int(Young)+1)
	assert.Equal(t, "unknown", Reason(200).String())
	assert.Error(t, new(Reason).UnmarshalText([]byte("fine")))
}

func TestErrorsKeepTheirSentinel(t *testing.T) {
	for _, c := range errorCodes() {
		text, err := json.Marshal(&Error{Op: "reap orphans", Err: c.Err})
		require.NoError(t, err)
		assert.Contains(t, string(text), `"code":"`+c.Text+`"`)
		var back Error
		require.NoError(t, json.Unmarshal(text, &back))
		assert.ErrorIs(t, &back, c.Err)
		assert.Equal(t, "reap orphans: "+c.Err.Error(), back.Error())
	}
	text, err := json.Marshal(&Error{Err: errors.New("odd")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"other","message":"odd"}`, string(text))
	assert.Error(t, new(Error).UnmarshalJSON([]byte("1")))
}

func TestZeroValues(t *testing.T) {
	assert.Equal(t, DefaultGrace, Reaper{}.grace())
	assert.Equal(t, DefaultInterval, Reaper{}.interval())
	assert.Zero(t, Reaper{Grace: -1}.grace())
	assert.Equal(t, time.Second, Reaper{Grace: time.Second, Interval: time.Second}.grace())
}
