//go:build linux && !opskit_portable

package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README opens with what this program really prints on Linux, where it sees
// most: each line whole, or up to its "...".
func TestREADMEOpensWithThisProgramsOutput(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```\n")
	shown, _, _ := strings.Cut(rest, "```\n")
	require.True(t, strings.HasPrefix(shown, "verdict: "), shown)
	code, live, _ := incident(t)
	require.Zero(t, code)
	varies := regexp.MustCompile(`\d+(\.\d+)?(µs|ms)|serial \d{10}|parent \d+ "[^"]*"`)
	lines := strings.Split(varies.ReplaceAllString(live, "N"), "\n")
	for line := range strings.Lines(varies.ReplaceAllString(shown, "N")) {
		beginning, cut := strings.CutSuffix(strings.TrimSuffix(line, "\n"), "...")
		found := slices.ContainsFunc(lines, func(l string) bool {
			return l == beginning || cut && strings.HasPrefix(l, beginning)
		})
		assert.True(t, found, "not printed: %s", line)
	}
}
