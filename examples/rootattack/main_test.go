package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot/rssac002"
	"github.com/opskit-go/opskit/internal/lab"
)

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// folder writes a table of made-up figures: the letters, 20 days, on the last
// but four of which the first two get factor times their queries and sources.
func folder(t *testing.T, letters string, factor int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("letter,date,udp4,tcp4,udp6,tcp6,ipv4\n")
	for i, l := range letters {
		for d := 1; d <= 20; d++ {
			f := 1
			if d == 16 && i < 2 {
				f = factor
			}
			fmt.Fprintf(&b, "%c,2020-03-%02d,%d,30000000,300000000,1000000,%d\n", l, d, 3000000000*f, (20000000+100*d+i)*f)
		}
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "figures.csv"), []byte(b.String()), 0o600))
	return dir
}

const thirteen = "abcdefghijklm"

func TestQuietIsHealthyOnlyIfAllLettersPublished(t *testing.T) {
	code, out, errs := call(t, "-rssac002", folder(t, thirteen, 1))
	assert.Equal(t, 0, code, out+errs)
	assert.Equal(t, "root server statistics: quiet\n  20 of 20 days quiet\nnot checked: nothing more\n", out)
	code, out, _ = call(t, "-rssac002", folder(t, "acdhjklm", 1))
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "not checked: letters b e f g i on 20 of 20 days (2020-03-01 to 2020-03-20) (no volume was published)")
}

func TestAttackIsSavedJudgedAgainAndCompared(t *testing.T) {
	dir, saved := folder(t, thirteen, 70), filepath.Join(t.TempDir(), "saved")
	code, live, errs := call(t, "-rssac002", dir, "-save", saved)
	require.Equal(t, 1, code, errs)
	assert.Contains(t, live, "root server statistics: attack\n  2020-03-16: attack of random sources over UDP on IPv4: hit a b, not hit c d")
	assert.Contains(t, live, "not checked: when it began and ended")
	code, again, _ := call(t, "-from", saved)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again)

	quiet := filepath.Join(t.TempDir(), "quiet")
	code, _, errs = call(t, "-rssac002", folder(t, thirteen, 1), "-save", quiet)
	require.Equal(t, 0, code, errs)
	code, out, _ := call(t, "-from", saved, "-since", quiet)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "  2020-03-16 verdict: quiet -> attack\n")
}

func TestJSONIsOneObjectALine(t *testing.T) {
	code, out, errs := call(t, "-json", "-rssac002", folder(t, thirteen, 70))
	require.Equal(t, 1, code, errs)
	require.Len(t, strings.Split(strings.TrimSpace(out), "\n"), 1)
	var r rssac002.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, rssac002.Attack, r.Verdict)
	assert.Len(t, r.Days, 20)
}

func TestBadFileLeavesTheVerdictUnsure(t *testing.T) {
	dir := folder(t, thirteen, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("service: x\n"), 0o600))
	code, out, errs := call(t, "-rssac002", dir)
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "root server statistics: quiet")
	assert.Contains(t, errs, "a.yaml")
	assert.Contains(t, out, "not checked: part of the files (they could not be read whole)")
}

func TestUsage(t *testing.T) {
	empty := t.TempDir()
	bad := filepath.Join(t.TempDir(), "bad")
	require.NoError(t, os.WriteFile(bad, []byte("null"), 0o600))
	for _, args := range [][]string{
		{},
		{"-rssac002", empty},
		{"-rssac002", filepath.Join(empty, "none")},
		{"-from", bad},
		{"-nosuchflag"},
		{"-rssac002", empty, "argument"},
		{"-rssac002", empty, "-from", bad},
	} {
		code, out, errs := call(t, args...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, out, args)
		assert.NotEmpty(t, errs, args)
	}
	code, out, _ := call(t, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "-rssac002")
	assert.Contains(t, out, "exit codes: 0 ")
	code, out, _ = call(t, "-preflight", "-rssac002", empty)
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "yes  read_rssac002")
	code, _, _ = call(t, "-preflight", "-rssac002", filepath.Join(empty, "none"))
	assert.Equal(t, 2, code)
	code, out, _ = call(t, "-preflight")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "no directory was named")
	_, _, errs := call(t, "-rssac002", filepath.Join(empty, "none"))
	assert.Contains(t, errs, filepath.Join(empty, "none"), "the error names the folder")
	code, _, errs = call(t, "-rssac002", folder(t, thirteen, 1), "-since", bad)
	assert.Equal(t, 2, code)
	assert.NotEmpty(t, errs)
}

// The published figures of November and December 2015.
func TestThe2015Event(t *testing.T) {
	code, out, errs := call(t, "-rssac002", lab.Corpus(t, "dnsroot"))
	assert.Equal(t, 1, code, errs)
	for _, day := range []string{"2015-11-30", "2015-12-01"} {
		assert.Contains(t, out, "  "+day+": attack of random sources over UDP on IPv4: hit a c h j k, not hit d l m, no data b e f g i\n")
	}
	assert.Equal(t, 2, strings.Count(out, ": attack of random sources over"), out)
}
