package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/reachtest"
)

func TestMain(m *testing.M) { lab.Main(m) }

func call(t *testing.T, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestExitCodesAndText(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	open := web.Addr().String()

	code, out, _ := call(t, open)
	assert.Equal(t, 0, code)
	assert.Equal(t, open+": open", strings.Split(out, "\n")[0])
	code, out, _ = call(t, "-timeout", "50ms", silent.Addr().String())
	assert.Equal(t, 2, code, "too short to judge: %s", out)
	code, out, _ = call(t, "-timeout", "50ms", open, "127.0.0.1:1", silent.Addr().String())
	assert.Equal(t, 1, code, "a problem stands beside what cannot be told")
	order := []int{strings.Index(out, open+": open"), strings.Index(out, "127.0.0.1:1: refused"), strings.Index(out, silent.Addr().String()+": unknown")}
	assert.IsIncreasing(t, order, "in the order of the arguments: %s", out)
	require.NoError(t, web.Close())
	code, _, _ = call(t, open)
	assert.Equal(t, 1, code)
}

func TestInterruptedRunIsNotHealthy(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	assert.Equal(t, 2, run(ctx, []string{web.Addr().String()}, &out, &errs))
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-nosuch"}, {"-from", "x", "127.0.0.1:1"}, {"-from", "/no/such/file"}, {"-since", "/no/such/file", "127.0.0.1:1"}} {
		code, out, errs := call(t, args...)
		assert.Equal(t, 2, code, "%v", args)
		assert.Empty(t, out)
		assert.NotEmpty(t, errs)
	}
	code, out, _ := call(t, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "HOST:PORT")
	assert.Contains(t, out, "exit codes: 0 ")
	code, out, _ = call(t, "-preflight")
	assert.Contains(t, []int{0, 2}, code)
	assert.Contains(t, out, "icmp_codes")
}

func TestListOnStdinAndJSON(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	file := filepath.Join(t.TempDir(), "targets")
	require.NoError(t, os.WriteFile(file, []byte("# two\n"+web.Addr().String()+"\n\n127.0.0.1:1\n"), 0o600))
	stdin := os.Stdin
	defer func() { os.Stdin = stdin }()
	os.Stdin, err = os.Open(file)
	require.NoError(t, err)
	defer os.Stdin.Close()
	code, out, _ := call(t, "-json", "-")
	assert.Equal(t, 1, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2, "one object a line")
	var c reach.Connection
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &c))
	assert.Equal(t, reach.Refused, c.Verdict)
}

// One name that does not resolve throws nothing else away.
func TestOneBadNameIsOneLine(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	code, out, _ := call(t, web.Addr().String(), "no space allowed:80", "0.0.0.0:80")
	assert.Equal(t, 2, code, out)
	assert.Contains(t, out, web.Addr().String()+": open\n")
	assert.Contains(t, out, "no space allowed:80: unknown\nnot checked: whether it can be reached (")
	assert.Contains(t, out, "0.0.0.0:80: unknown\nnot checked: whether it can be reached (connect 0.0.0.0:80: the unspecified address means no particular host")
}

func TestSampleAndTrace(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	code, out, _ := call(t, "-sample", "20", web.Addr().String())
	assert.Equal(t, 0, code, out)
	assert.Contains(t, out, "20 of 20 opened")
	code, out, _ = call(t, "-trace", web.Addr().String())
	assert.Contains(t, []int{0, 2}, code, out)
	code, _, _ = call(t, "-trace", "-save", "x", web.Addr().String())
	assert.Equal(t, 2, code)
}

func TestPing(t *testing.T) {
	code, out, _ := call(t, "-ping", "-timeout", "1s", "127.0.0.1")
	assert.Contains(t, []int{0, 2}, code, "answered, or no ICMP socket to be had: %s", out)
	unsupported := code == 2 && strings.HasPrefix(out, "127.0.0.1: unknown\n") // the portable build has no ping
	assert.True(t, unsupported || strings.HasPrefix(out, "ping 127.0.0.1: "), out)
}

func TestSaveFromSince(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	target, dir := web.Addr().String(), t.TempDir()
	up, down := filepath.Join(dir, "up"), filepath.Join(dir, "down")
	code, _, _ := call(t, "-save", up, target)
	require.Equal(t, 0, code)
	require.NoError(t, web.Close())
	code, live, _ := call(t, "-save", down, "-since", up, target, "127.0.0.1:1")
	assert.Equal(t, 1, code)
	assert.Contains(t, live, "\n  "+target+": open -> refused\nnot checked: 127.0.0.1:1 (it was not asked at the earlier look)")
	code, again, _ := call(t, "-from", down, "-since", up)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again, "saved evidence gives the same verdict")
	code, _, _ = call(t, "-from", up)
	assert.Equal(t, 0, code)
}
