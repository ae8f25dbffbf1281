package whoislookup_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// steady takes out of a record what differs from run to run.
func steady(rec *whoislookup.Record) *whoislookup.Record {
	for i := range rec.Hops {
		rec.Hops[i].Asked = time.Date(2015, 12, 12, 9, 28, 12, 0, time.UTC)
		rec.Hops[i].Latency = 120 * time.Millisecond
	}
	return rec
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	got = append(got, '\n')
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func TestGoldenRecord(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
	require.NoError(t, err)
	golden(t, "record", steady(rec))
}

func TestGoldenRecordOfAFailure(t *testing.T) {
	answers := whoistest.Blog()
	delete(answers, "whois.lacnic.net")
	srv := newServer(t, answers)
	srv.Handle("whois.lacnic.net", whoistest.Throttle())
	rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrThrottled)
	golden(t, "record_throttled", steady(rec))
}

func TestRecordSurvivesItsJSON(t *testing.T) {
	for _, name := range []string{"record", "record_throttled"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".golden.json"))
		require.NoError(t, err)
		var rec whoislookup.Record
		require.NoError(t, json.Unmarshal(data, &rec))
		again, err := json.MarshalIndent(&rec, "", "  ")
		require.NoError(t, err)
		assert.Equal(t, string(data), string(again)+"\n")
	}
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	for _, query := range []string{"138.0.155.10", "190.57.233.170", "104.20.75.37", "10.0.0.1"} {
		live, liveErr := srv.Client().Lookup(t.Context(), query)
		require.NotNil(t, live)
		data, err := json.Marshal(live)
		require.NoError(t, err)
		var saved whoislookup.Record
		require.NoError(t, json.Unmarshal(data, &saved))
		again, againErr := whoislookup.Assemble(saved.Query, saved.Hops)
		if liveErr == nil {
			require.NoError(t, againErr)
		} else {
			require.EqualError(t, againErr, liveErr.Error())
		}
		assert.Equal(t, live.Verdict, again.Verdict)
		assert.Equal(t, live.String(), again.String())
		againJSON, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(againJSON))
	}
}

func TestEveryEnumHasItsText(t *testing.T) {
	check := func(n int, text func(uint8) string, back func(string) (uint8, error)) {
		t.Helper()
		seen := map[string]bool{}
		for v := range uint8(n) {
			s := text(v)
			assert.False(t, seen[s], s)
			seen[s] = true
			got, err := back(s)
			require.NoError(t, err)
			assert.Equal(t, v, got)
		}
		assert.Equal(t, text(0), text(uint8(n)), "what is unknown reads as the zero value")
		_, err := back("no such text")
		assert.Error(t, err)
		assert.Equal(t, "unknown", text(0))
	}
	check(5, func(v uint8) string { return whoislookup.Kind(v).String() }, func(s string) (uint8, error) {
		var k whoislookup.Kind
		err := k.UnmarshalText([]byte(s))
		return uint8(k), err
	})
	check(7, func(v uint8) string { return whoislookup.Verdict(v).String() }, func(s string) (uint8, error) {
		var k whoislookup.Verdict
		err := k.UnmarshalText([]byte(s))
		return uint8(k), err
	})
	check(3, func(v uint8) string { return whoislookup.Delegation(v).String() }, func(s string) (uint8, error) {
		var k whoislookup.Delegation
		err := k.UnmarshalText([]byte(s))
		return uint8(k), err
	})
	check(6, func(v uint8) string { return whoislookup.Presence(v).String() }, func(s string) (uint8, error) {
		var k whoislookup.Presence
		err := k.UnmarshalText([]byte(s))
		return uint8(k), err
	})
}

func TestErrorKeepsItsSentinelThroughJSON(t *testing.T) {
	for _, sentinel := range []error{
		whoislookup.ErrNotFound, whoislookup.ErrReserved, whoislookup.ErrThrottled, whoislookup.ErrDenied,
		whoislookup.ErrLoop, whoislookup.ErrTooBig, whoislookup.ErrUnsafeTarget, whoislookup.ErrBadQuery,
		whoislookup.ErrNoServer, whoislookup.ErrGarbage, whoislookup.ErrUnreachable,
	} {
		e := &whoislookup.Error{Op: "ask", Target: "whois.example.net", Err: sentinel}
		data, err := json.Marshal(e)
		require.NoError(t, err)
		var back whoislookup.Error
		require.NoError(t, json.Unmarshal(data, &back))
		require.ErrorIs(t, &back, sentinel)
		assert.Equal(t, e.Error(), back.Error())
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		assert.JSONEq(t, string(data), string(again))
	}
	data, err := json.Marshal(&whoislookup.Error{Op: "ask", Err: errors.New("odd")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"other","message":"ask: odd"}`, string(data))
}

func TestPreflightNamesAreStable(t *testing.T) {
	var names []string
	for _, c := range whoislookup.Preflight(t.Context()) {
		names = append(names, c.Name)
		assert.True(t, c.OK || c.Fix != "", "%s says what to do", c.Name)
	}
	assert.Equal(t, []string{"ipv4", "ipv6", "resolver", "proxy", "server_table"}, names)
}

func TestARecordThatNobodyAnsweredSaysWhatItLeavesOpen(t *testing.T) {
	rec, err := whoislookup.Assemble(whoislookup.Query{Kind: whoislookup.KindIP, Text: "138.0.155.10"}, []whoislookup.Hop{
		{Server: "whois.arin.net", Protocol: "whois", Err: &whoislookup.Error{Op: "dial", Target: "whois.arin.net", Err: whoislookup.ErrUnreachable}},
	})
	require.ErrorIs(t, err, whoislookup.ErrUnreachable)
	require.Len(t, rec.Unseen, 1)
	assert.Contains(t, rec.String(), "\nnot checked: whose 138.0.155.10 is (")
}
