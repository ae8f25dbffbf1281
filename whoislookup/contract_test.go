package whoislookup_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
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
		{Server: "whois.arin.net", Protocol: "whois", Failure: opskit.Fail(&opskit.Error{Op: "dial", Target: "whois.arin.net", Err: whoislookup.ErrUnreachable})},
	})
	require.ErrorIs(t, err, whoislookup.ErrUnreachable)
	require.Len(t, rec.Gaps(), 1)
	assert.Contains(t, rec.String(), "\nnot checked: whose 138.0.155.10 is (")
}

// TestContract holds every result to what the root promises.
func TestContract(t *testing.T) {
	stored := func(server, raw string) *whoislookup.Record {
		rec, _ := whoislookup.Parse(server, []byte(raw))
		return rec
	}
	srv := newServer(t, whoistest.Blog())
	live := func(query string) *whoislookup.Record {
		rec, _ := srv.Client().Lookup(t.Context(), query)
		return steady(rec)
	}
	both := stored("", `{"objectClassName":"domain","ldhName":"EXAMPLE.COM","entities":[{"roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","A"]]]}]}`)
	q, err := whoislookup.ParseQuery("example.com")
	require.NoError(t, err)
	both, _ = whoislookup.Assemble(q, append(both.Hops, stored("whois.example", "Domain Name: EXAMPLE.COM\nRegistrant Name: B\nRegistrar: R\nCreation Date: 2001-01-01\n").Hops...))
	require.NotEmpty(t, both.Differences)
	down, _ := whoislookup.Assemble(q, []whoislookup.Hop{{Server: "whois.example", Protocol: "whois", Failure: opskit.Fail(whoislookup.ErrUnreachable)}})
	results := map[string]opskit.Result{
		"found": live("138.0.155.10"), "moved": live("190.57.233.170"), "6to4": live("2002:6814:4b25::1"), "private": live("10.0.0.1"),
		"differences": both, "unreachable": down,
		"domain":    stored("", registryAnswer),
		"not found": stored("", "No match for EXAMPLE.COM.\n"),
		"reserved":  stored("", "Domain Name: example.com\nStatus: reserved\n"),
		"throttled": stored("", "% Query rate limit exceeded, wait 5 minutes\n"),
		"denied":    stored("", "%ERROR:201: access denied for 192.0.2.1\n"),
		"elsewhere": stored("whois.arin.net", "NetRange: 138.0.0.0 - 138.0.255.255\nNetType: Transferred to LACNIC\nReferralServer: whois://whois.lacnic.net\n"),
		"garbage":   stored("", "hello\n"),
		"changes":   live("190.57.233.170").Since(live("138.0.155.10")),
	}
	for verdict, want := range map[whoislookup.Verdict]opskit.Level{
		whoislookup.VerdictFound: opskit.OK, whoislookup.VerdictNotFound: opskit.Problem, whoislookup.VerdictReserved: opskit.Warning,
		whoislookup.VerdictThrottled: opskit.Unknown, whoislookup.VerdictDenied: opskit.Unknown, whoislookup.VerdictElsewhere: opskit.Unknown, whoislookup.VerdictUnknown: opskit.Unknown,
	} {
		assert.Equal(t, want, (&whoislookup.Record{Verdict: verdict}).Level(), verdict)
	}
	contract.Check(t, contract.Package{Prefix: "whois_", Results: results, Sentinels: []error{
		whoislookup.ErrThrottled, whoislookup.ErrDenied, whoislookup.ErrLoop, whoislookup.ErrTooBig, whoislookup.ErrUnsafeTarget,
		whoislookup.ErrBadQuery, whoislookup.ErrNoServer, whoislookup.ErrGarbage, whoislookup.ErrUnreachable,
	}})
	var none *whoislookup.Record
	assert.Equal(t, opskit.Unknown, none.Judge())
	assert.False(t, none.Seen())
	assert.Contains(t, none.String(), "not checked: whose it is (nobody was asked")
}
