package opskit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
)

type moodKind struct{}

type mood = opskit.Enum[moodKind]

// report is a result of no package: what the contract asks of one, in the least lines.
type report struct {
	Found   string       `json:"found,omitempty"`
	Unseen  []opskit.Gap `json:"unseen,omitempty"`
	Verdict mood         `json:"verdict"`
}

func (r *report) Judge() opskit.Level {
	r.Verdict = ""
	if r.Found != "" {
		r.Verdict = "glad"
	}
	return r.Level()
}

func (r *report) Level() opskit.Level {
	if r.Verdict == "glad" {
		return opskit.OK
	}
	return opskit.Unknown
}
func (r *report) Gaps() []opskit.Gap { return r.Unseen }
func (r *report) String() string     { return r.Verdict.String() + "\n" + opskit.NotChecked(r) }
func (r *report) Seen() bool         { return r != nil && r.Found != "" }

var errGone = opskit.Sentinel("test_gone", "gone", fs.ErrNotExist)

func TestAnEnumKeepsWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]mood{`"glad"`: "glad", `"flapping"`: "flapping", `"unknown"`: "", `""`: ""} {
		var m mood
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		assert.Equal(t, want, m)
		back, err := json.Marshal(m)
		require.NoError(t, err)
		if text != `""` {
			assert.Equal(t, text, string(back))
		}
	}
	assert.Equal(t, "unknown", mood("").String())
	assert.Equal(t, `a\x1b[2J`, mood("a\x1b[2J").String())
}

func TestWorstAndTheCodes(t *testing.T) {
	ok, warning, problem, unknown := opskit.OK, opskit.Warning, opskit.Problem, opskit.Unknown
	assert.Equal(t, unknown, opskit.Worst())
	assert.Equal(t, ok, opskit.Worst(ok, ok))
	assert.Equal(t, warning, opskit.Worst(ok, warning, ok))
	assert.Equal(t, unknown, opskit.Worst(warning, unknown, ok))
	assert.Equal(t, unknown, opskit.Worst(ok, "newer"), "a level that this program does not know")
	assert.Equal(t, problem, opskit.Worst(unknown, problem, "newer"))
	for level, want := range map[opskit.Level][2]int{ok: {0, 0}, warning: {1, 1}, problem: {1, 2}, unknown: {2, 3}, "newer": {2, 3}} {
		status, word := opskit.Nagios(level)
		assert.Equal(t, want, [2]int{opskit.ExitCode(level), status}, level)
		assert.Equal(t, []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[status], word)
	}
}

func TestAGapIsOneLineAndSafe(t *testing.T) {
	gap := opskit.Gap{What: "a\nb", Why: "c\x1b[2Jd\u202ee\u0085f\xff", Need: "g"}
	assert.Equal(t, `a\x0ab (c\x1b[2Jd\xe2\x80\xaee\xc2\x85f\xff; need: g)`, gap.String())
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "plain ñ \u00a0", "\x1b]0;t\x07", "\u202e\u2066", "\xc3\x28", "\ufffd", "a\r\nb", `\x1b`, "\U000e0001\u200b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := opskit.Escape(text)
		assert.Equal(t, out, opskit.Escape(out))
		assert.True(t, utf8.ValidString(out))
		assert.False(t, strings.ContainsAny(out, "\n\r\x1b\x00\u202e\u2028\u0085\u200b"), "%q", out)
	})
}

func TestNothingMoreIsAClaim(t *testing.T) {
	assert.Equal(t, "not checked: everything (nothing was looked at)", opskit.NotChecked(&report{}))
	assert.Equal(t, "not checked: nothing more", opskit.NotChecked(&report{Verdict: "glad"}))
	gaps := []opskit.Gap{{What: "a", Why: "b"}, {What: "a", Why: "b"}}
	assert.Equal(t, "not checked: a (b)", opskit.NotChecked(&report{Verdict: "glad", Unseen: gaps}))
}

func TestAnErrorReadBackMatchesTheSame(t *testing.T) {
	conditions := []error{
		errGone, fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, fs.ErrClosed, context.Canceled, context.DeadlineExceeded,
		os.ErrDeadlineExceeded, errors.ErrUnsupported, opskit.ErrNotEvidence,
	}
	_, notThere := os.Stat("/there/is/no/such/file")
	cases := append([]error{
		notThere,
		uncomparable{"a"},
		syscall.EACCES, syscall.ENOSYS, errors.New("plain"), errors.Join(errGone, context.Canceled),
		fmt.Errorf("wrapped: %w", &opskit.Error{Op: "read", Target: "x\x1b", Err: errGone}),
		&opskit.Error{Op: "read", Err: context.DeadlineExceeded}, &opskit.Error{},
	}, conditions...)
	for _, err := range cases {
		text, failed := json.Marshal(opskit.Fail(err))
		require.NoError(t, failed)
		var back opskit.Failure
		require.NoError(t, json.Unmarshal(text, &back))
		for _, condition := range conditions {
			assert.Equal(t, errors.Is(err, condition), errors.Is(back.Err(), condition), "%v against %v: %s", err, condition, text)
		}
		again, failed := json.Marshal(back)
		require.NoError(t, failed)
		assert.JSONEq(t, string(text), string(again))
		assert.Equal(t, opskit.Codes(err), opskit.Codes(back.Err()))
		assert.NotContains(t, opskit.Fail(err).String(), "\x1b")
	}
}

// uncomparable is an error that cannot be compared with ==.
type uncomparable []string

func (u uncomparable) Error() string { return u[0] }

func TestACodeNewerThanThisProgramSurvives(t *testing.T) {
	var back opskit.Failure
	text := `{"code":"test_newer","message":"m","also":["permission"]}`
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	assert.ErrorIs(t, back.Err(), fs.ErrPermission)
	assert.ErrorIs(t, back.Err(), opskit.Sentinel("test_newer", "by a newer program"))
	assert.NotErrorIs(t, back.Err(), errGone)
	assert.NotErrorIs(t, back.Err(), uncomparable{"a"})
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(again))
}

func TestZeroAndNilErrors(t *testing.T) {
	var none *opskit.Error
	assert.Equal(t, "no error", none.Error())
	require.NoError(t, none.Unwrap())
	assert.True(t, opskit.Fail(none).IsZero())
	assert.Equal(t, "unknown cause", (&opskit.Error{}).Error())
	assert.Equal(t, `read a\x0ab: gone`, (&opskit.Error{Op: "read", Target: "a\nb", Err: errGone}).Error())
	text, err := json.Marshal(struct {
		Failure opskit.Failure `json:"failure,omitzero"`
		Error   *opskit.Error  `json:"error"`
	}{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"error":null}`, string(text))
	text, err = json.Marshal(&opskit.Error{Op: "read", Err: errGone})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"test_gone","message":"read: gone","also":["not_exist"]}`, string(text))
}

func TestChangesAreAResult(t *testing.T) {
	var c opskit.Changes
	assert.Equal(t, opskit.Unknown, c.Level())
	assert.NotEmpty(t, c.Gaps())
	c.Compare("holder", "A", "A")
	assert.Equal(t, opskit.OK, c.Level())
	c.Unseen = []opskit.Gap{{What: "country", Why: "the earlier look has none"}}
	assert.Equal(t, opskit.Unknown, c.Level(), "a fact that one look lacks")
	c.Compare("country", "", "AR\x1b")
	assert.Equal(t, opskit.Warning, c.Level())
	assert.Equal(t, "changed: facts compared: 2\n  country: (nothing) -> AR\\x1b\nnot checked: country (the earlier look has none)", c.String())
}

func TestSavedEvidenceIsJudgedAgainOrRefused(t *testing.T) {
	at := time.Date(2026, 11, 30, 1, 2, 3, 4, time.FixedZone("", 3600))
	saved := opskit.Saved[*report]{Program: "test", Kind: "report", Schema: 2, At: at, Evidence: []*report{{Found: "x"}}}
	var file bytes.Buffer
	require.NoError(t, opskit.Save(&file, saved))
	text := file.String()
	assert.Contains(t, text, `"at": "2026-11-30T00:02:03.000000004Z"`)
	back, err := opskit.Load[*report](&file, "test", "report", 2)
	require.NoError(t, err)
	assert.Equal(t, mood("glad"), back.Evidence[0].Verdict)
	assert.True(t, back.At.Equal(at))
	load := func(text, program, kind string, schema int) error {
		_, err := opskit.Load[*report](strings.NewReader(text), program, kind, schema)
		return err
	}
	require.ErrorIs(t, load(text, "other", "report", 2), opskit.ErrNotEvidence)
	require.ErrorIs(t, load(text, "test", "other", 2), opskit.ErrNotEvidence)
	require.ErrorIs(t, load(text, "test", "report", 1), opskit.ErrNewerSchema)
	for name, text := range map[string]string{
		"no JSON":         "x",
		"empty":           "",
		"any JSON":        `{"verdict":"glad"}`,
		"a list":          `[]`,
		"no time":         strings.Replace(text, "2026-11-30T00:02:03.000000004Z", "0001-01-01T00:00:00Z", 1),
		"a null item":     `{"program":"test","kind":"report","schema":1,"at":"2026-11-30T00:00:00Z","evidence":[null]}`,
		"another shape":   `{"program":"test","kind":"report","schema":1,"at":"2026-11-30T00:00:00Z","evidence":[{"found":1}]}`,
		"no schema":       `{"program":"test","kind":"report","at":"2026-11-30T00:00:00Z","evidence":[{"found":"x"}]}`,
		"evidence a text": `{"program":"test","kind":"report","schema":1,"at":"2026-11-30T00:00:00Z","evidence":"x"}`,
	} {
		require.ErrorIs(t, load(text, "test", "report", 2), opskit.ErrNotEvidence, name)
	}
	head := `{"program":"test","kind":"report","schema":1,"at":"2026-11-30T00:00:00Z"`
	require.ErrorIs(t, load(head+`}`, "test", "report", 2), opskit.ErrNothingSeen)
	require.ErrorIs(t, load(head+`,"evidence":[{"verdict":"glad"}]}`, "test", "report", 2), opskit.ErrNothingSeen)
}

func TestAnObserverIsToldTheTime(t *testing.T) {
	opskit.Observer(nil).Report(opskit.Phase{Name: "freeze"})
	var got []opskit.Phase
	opskit.Observer(func(p opskit.Phase) { got = append(got, p) }).Report(opskit.Phase{Op: "sweep", Name: "answer"})
	require.Len(t, got, 1)
	assert.False(t, got[0].At.IsZero())
}
