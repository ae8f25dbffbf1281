package program

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type verdict struct {
	Verdict string `json:"verdict"`
}

func (v verdict) String() string { return "verdict: " + v.Verdict + "\nnot checked: nothing more\n" }

func newProgram() (p *Program, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	p = New("roots", "[flags] [LETTER...]", stdout, stderr)
	p.EvidenceFlags()
	return p, stdout, stderr
}

func TestHelpIsPrintedOnStdoutAndIsNoError(t *testing.T) {
	p, stdout, stderr := newProgram()
	code, done := p.Parse([]string{"-h"})
	assert.True(t, done)
	assert.Equal(t, Healthy, code)
	assert.Contains(t, stdout.String(), "usage: roots [flags] [LETTER...]")
	for _, name := range []string{"-json", "-preflight", "-save", "-from", "-since"} {
		assert.Contains(t, stdout.String(), name)
	}
	assert.Empty(t, stderr.String())
}

func TestWrongUsageCannotTell(t *testing.T) {
	p, stdout, stderr := newProgram()
	code, done := p.Parse([]string{"-nonsense"})
	assert.True(t, done)
	assert.Equal(t, CannotTell, code)
	assert.Empty(t, stdout.String())
	assert.Contains(t, stderr.String(), "nonsense")
	assert.Equal(t, CannotTell, p.Misused("want %d letters", 13))
	assert.Contains(t, stderr.String(), "roots: want 13 letters")
}

func TestProblemThatWasFoundStands(t *testing.T) {
	for _, c := range [][3]int{
		{Healthy, Healthy, Healthy},
		{Healthy, CannotTell, CannotTell},
		{CannotTell, Problem, Problem},
		{Problem, Healthy, Problem},
	} {
		assert.Equal(t, c[2], Worse(c[0], c[1]))
		assert.Equal(t, c[2], Worse(c[1], c[0]))
	}
}

func TestResultIsTextOrOneJSONLine(t *testing.T) {
	p, stdout, _ := newProgram()
	assert.Equal(t, Problem, p.Print(verdict{"down"}, Problem))
	assert.Equal(t, "verdict: down\nnot checked: nothing more\n", stdout.String())
	stdout.Reset()
	p.JSON = true
	p.Print(verdict{"down"}, Problem)
	assert.Equal(t, "{\"verdict\":\"down\"}\n", stdout.String())
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestUnprintedResultCannotTell(t *testing.T) {
	p := New("roots", "", failingWriter{}, new(bytes.Buffer))
	assert.Equal(t, CannotTell, p.Print(verdict{"fine"}, Healthy))
}

func TestErrorIsCodedInJSON(t *testing.T) {
	p, stdout, stderr := newProgram()
	assert.Equal(t, CannotTell, p.Fail(errors.New("no such letter")))
	assert.Empty(t, stdout.String())
	assert.Equal(t, "roots: no such letter\n", stderr.String())
	p.JSON = true
	p.Fail(errors.New("no such letter"))
	assert.JSONEq(t, `{"error":{"code":"other","message":"no such letter"}}`, stdout.String())
}

func TestEvidenceSurvivesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evidence.json")
	require.NoError(t, Write(path, verdict{"down"}))
	got, err := Read[verdict](path)
	require.NoError(t, err)
	assert.Equal(t, verdict{"down"}, got)
	require.NoError(t, Write(path, []int{1}))
	_, err = Read[verdict](path)
	require.ErrorContains(t, err, "not evidence saved by this program")
	for _, text := range []string{"null", "{}", `{"letters": 13}`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = Read[verdict](path)
		require.ErrorContains(t, err, "nothing saved by this program in it", text)
		_, err = Read[*verdict](path)
		require.ErrorContains(t, err, "nothing saved by this program in it", text)
	}
}

// A verdict on what was seen last week must not read as today's.
func TestFromTellsHowOldItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evidence.json")
	require.NoError(t, Write(path, verdict{"down"}))
	old := time.Date(2015, time.December, 12, 10, 0, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(path, old, old))
	p, stdout, stderr := newProgram()
	p.Parse(nil)
	assert.Empty(t, stderr.String(), "nothing without -from")
	p.Parse([]string{"-from", path})
	assert.Empty(t, stdout.String(), "what -from prints is what was printed live")
	assert.Equal(t, "roots: as seen when "+path+" was written, 2015-12-12T10:00:00Z\n", stderr.String())
}

func TestPreflightNamesTheFix(t *testing.T) {
	p, stdout, _ := newProgram()
	type own capability
	code := PrintPreflight(p, []own{{Name: "ping", Why: "no ICMP socket", Fix: "sysctl x"}, {Name: "tcp", OK: true}})
	assert.Equal(t, CannotTell, code)
	assert.Equal(t, "no   ping: no ICMP socket\n     fix: sysctl x\nyes  tcp\n", stdout.String())
	assert.Equal(t, Healthy, PrintPreflight(p, []own{{Name: "tcp", OK: true}}))
}
