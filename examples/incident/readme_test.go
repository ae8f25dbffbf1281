package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever pastes a line of the README must not be told that there is no such flag.
func TestREADMENamesNoFlagThatIsNotThere(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	common := source(t, "../internal/program")
	checked := 0
	for _, line := range regexp.MustCompile(`go run \./examples/(\w+)([^`+"`"+`\n]*)`).FindAllStringSubmatch(string(text), -1) {
		own := source(t, filepath.Join("..", line[1]))
		unquoted := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(line[2], "")
		for word := range strings.FieldsSeq(unquoted) {
			if flag, ok := strings.CutPrefix(word, "-"); ok {
				assert.Contains(t, own+common, `"`+flag+`", `, "examples/%s has no flag -%s", line[1], flag)
				checked++
			}
		}
	}
	assert.GreaterOrEqual(t, checked, 3)
	for _, flag := range regexp.MustCompile("`-(\\w+)(?: FILE)?`").FindAllStringSubmatch(string(text), -1) {
		if flag[1] != "h" { // package flag has this one by itself
			assert.Contains(t, common, `"`+flag[1]+`", `, "examples have no common flag -%s", flag[1])
			checked++
		}
	}
	assert.GreaterOrEqual(t, checked, 8)
}

// source returns what a folder's Go files say, but for its tests.
func source(t *testing.T, folder string) string {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(code)
	}
	return all.String()
}
