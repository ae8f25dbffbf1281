package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec/conf"
)

const (
	description = `{
  "name": "tunnel",
  "a": {"name": "eu-west-1", "addr": "172.31.16.163", "public": "198.51.100.1", "subnets": ["172.31.0.0/16"], "dialect": "libreswan"},
  "b": {"name": "us-east-1", "addr": "10.0.61.63", "public": "198.51.100.2", "subnets": ["10.0.0.0/16"], "dialect": "libreswan"}
}`
	west = `conn tunnel
    authby=secret
    type=tunnel
    left=172.31.16.163
    leftsubnet=172.31.0.0/16
    right=52.23.178.X
    rightid=10.0.61.63
    rightsubnet=10.0.0.0/16
`
	east = `conn tunnel
    type=tunnel
    auto=start
    authby=secret
    left=54.77.119.X
    leftid=172.31.16.163
    leftsubnet=172.31.0.0/16
    right=10.0.61.63
    rightsubnet=10.0.0.0/16
`
	up = `Security Associations (1 up, 0 connecting):
      tunnel[1]: ESTABLISHED 4 seconds ago, 172.31.16.163[172.31.16.163]...198.51.100.2[10.0.61.63]
      tunnel{1}:  INSTALLED, TUNNEL, reqid 1, ESP in UDP SPIs: 6ff67a11_i af5e7e6a_o
      tunnel{1}:  AES_CBC_128/HMAC_SHA1_96, 840 bytes_i (10 pkts, 2s ago), 840 bytes_o (10 pkts, 2s ago), rekeying in 43 minutes
      tunnel{1}:   172.31.0.0/16 === 10.0.0.0/16
`
)

// write puts a file into the test's directory and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func tunnel(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err strings.Builder
	code := run(t.Context(), args, &out, &err)
	require.Equal(t, want, code, "%v\n%s\n%s", args, out.String(), err.String())
	return out.String(), err.String()
}

func TestUsage(t *testing.T) {
	out, _ := tunnel(t, 0, "-h")
	assert.Contains(t, out, "mirror  A.conf B.conf")
	assert.Contains(t, out, "exit codes: 0 ")
	for _, verb := range []string{"check", "render", "mirror", "status", "traffic"} {
		out, _ = tunnel(t, 0, verb, "-h")
		assert.Contains(t, out, "usage: tunnel "+verb)
		assert.Contains(t, out, "exit codes: 0 ")
		out, _ = tunnel(t, preflightCode(t), verb, "-preflight")
		assert.Contains(t, out, "parse")
	}
	_, err := tunnel(t, 2)
	assert.Contains(t, err, "a verb is missing")
	_, err = tunnel(t, 2, "probe")
	assert.Contains(t, err, `"probe" is no verb`)
	for _, args := range [][]string{{"check"}, {"mirror", "one"}, {"render"}, {"status", "-nonsense"}} {
		_, err = tunnel(t, 2, args...)
		assert.Contains(t, err, "usage: tunnel "+args[0])
	}
}

// What -h shows as a description is one.
func TestHelpShowsADescription(t *testing.T) {
	for _, verb := range []string{"check", "render"} {
		help, _ := tunnel(t, 0, verb, "-h")
		_, rest, found := strings.Cut(help, "tells:\n")
		require.True(t, found)
		shown, _, found := strings.Cut(rest, "\n}\n")
		require.True(t, found)
		out, _ := tunnel(t, 0, "check", write(t, "tunnel.json", shown+"\n}\n"))
		assert.Contains(t, out, "sound: description of tunnel tunnel")
	}
}

// preflightCode is 0 or 2 by what this host allows.
func preflightCode(t *testing.T) int {
	var out, err strings.Builder
	code := run(t.Context(), []string{"-preflight", "-json"}, &out, &err)
	assert.NotEqual(t, 1, code)
	for line := range strings.Lines(out.String()) {
		assert.True(t, json.Valid([]byte(line)), line)
	}
	return code
}

func TestCheck(t *testing.T) {
	file := write(t, "tunnel.json", description)
	out, _ := tunnel(t, 0, "check", file)
	assert.Contains(t, out, "sound: description of tunnel tunnel")
	assert.Contains(t, out, "not checked: whether the hosts match")
	out, _ = tunnel(t, 1, "check", "-psk", write(t, "key", "bjimQ0jc\n"), file)
	assert.Contains(t, out, "weak_key")
	assert.NotContains(t, out, "bjimQ0jc")
	_, err := tunnel(t, 2, "check", "-psk", filepath.Join(t.TempDir(), "none"), file)
	assert.Contains(t, err, "none")
	_, err = tunnel(t, 2, "check", write(t, "t.json", `{"psk":"bjimQ0jc"}`))
	assert.Contains(t, err, "a key does not belong into JSON")
	assert.NotContains(t, err, "bjimQ0jc")
	_, _ = tunnel(t, 2, "check", write(t, "t.json", `{"title":"x"}`))
	_, _ = tunnel(t, 1, "check", write(t, "t.json", strings.Replace(description, "10.0.0.0/16", "172.31.4.0/24", 1)))
}

// An include line of another host's file means that host's files.
func TestMirrorDoesNotFollowAnothersIncludesHere(t *testing.T) {
	here := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(here, "etc", "ipsec.d"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(here, "etc", "ipsec.d", "x.conf"), []byte("conn other\n    left=%any\n"), 0o600))
	dir := t.TempDir()
	a, b := filepath.Join(dir, "west.conf"), filepath.Join(dir, "east.conf")
	absolute := "include " + filepath.Join(here, "etc", "ipsec.d") + "/*.conf\n"
	require.NoError(t, os.WriteFile(a, []byte(absolute+"include more.d/*.conf\n"+west), 0o600))
	require.NoError(t, os.WriteFile(b, []byte(east), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "more.d"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "more.d", "y.conf"), []byte("conn more\n    left=%any\n"), 0o600))
	var r struct{ Ends []struct{ Conf conf.Conf } }
	out, _ := tunnel(t, 1, "mirror", "-json", "-conn", "tunnel", a, b)
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, []string{"more", "tunnel"}, r.Ends[0].Conf.ConnNames(), "what lies beside the file is followed")
	assert.Contains(t, out, "no such directory", "what does not is told")

	require.NoError(t, os.WriteFile(filepath.Join(here, "etc", "ipsec.conf"), []byte("include /etc/ipsec.d/*.conf\n"+west), 0o600))
	out, _ = tunnel(t, 1, "mirror", "-json", "-conn", "tunnel", "-root-a", here, filepath.Join(here, "etc", "ipsec.conf"), b)
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, []string{"other", "tunnel"}, r.Ends[0].Conf.ConnNames(), "with a copy of its tree they are")
	assert.NotContains(t, out, "no such directory")
}

func TestMirror(t *testing.T) {
	a, b := write(t, "west.conf", west), write(t, "east.conf", east)
	out, _ := tunnel(t, 1, "mirror", "-a", "eu-west-1", "-b", "us-east-1", a, b)
	assert.Contains(t, out, `"52.23.178.X" is no address`)
	assert.Contains(t, out, a+":6: right=52.23.178.X")
	assert.Contains(t, out, "not_loaded: eu-west-1")
	assert.Contains(t, out, "no_recovery: a reboot of eu-west-1")
	out, _ = tunnel(t, 1, "mirror", "-json", a, b)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	assert.True(t, json.Valid([]byte(out)))

	log := write(t, "restart.log", "ipsec_setup: No KLIPS support found while requested, desperately falling back to netkey\n")
	secrets := write(t, "ipsec.secrets", `10.0.61.63 172.31.16.163: PSK "bjimQ0jc"`)
	saved := filepath.Join(t.TempDir(), "saved.json")
	live, _ := tunnel(t, 1, "mirror", "-log-a", log, "-secrets-a", secrets, "-secrets-b", secrets, "-save", saved, a, b)
	assert.Contains(t, live, "protostack_unset")
	assert.Contains(t, live, "weak_key")
	again, _ := tunnel(t, 1, "mirror", "-from", saved)
	assert.Equal(t, live, again)
	text, err := os.ReadFile(saved)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "bjimQ0jc")
	out, _ = tunnel(t, 1, "mirror", "-since", saved, a, b)
	assert.Contains(t, out, "weak_key: problem: the pre-shared key is weak")
	out, _ = tunnel(t, 1, "mirror", "-from", saved, "-since", saved)
	assert.Contains(t, out, "unchanged: facts compared: ")

	bad := write(t, "bad.conf", "conn tunnel\n    left 1.2.3.4\n")
	out, stderr := tunnel(t, 2, "mirror", "-json", bad, b)
	assert.Contains(t, stderr, bad+`:2: "left": expected name=value`)
	assert.Contains(t, out, `"code":"ipsec_conf_syntax"`)
	_, _ = tunnel(t, 2, "mirror", "-public-a", "nonsense", a, b)
	_, _ = tunnel(t, 2, "mirror", "-from", bad)
	_, _ = tunnel(t, 2, "mirror", filepath.Join(t.TempDir(), "none"), b)
}

// What render writes for both ends is what mirror finds nothing wrong with.
func TestRenderThenMirror(t *testing.T) {
	file := write(t, "tunnel.json", description)
	key := filepath.Join(t.TempDir(), "key")
	proc := t.TempDir()
	out, _ := tunnel(t, 0, "render", "-interfaces", "eth0", "-proc", proc, "-root", t.TempDir(), file)
	assert.Contains(t, out, "would write below")
	assert.Contains(t, out, "    conn tunnel\n")
	assert.Contains(t, out, "(holds the key; not shown)")
	assert.Contains(t, out, "next: repeat with -yes")
	assert.NotContains(t, out, "PSK \"")
	_, err := tunnel(t, 2, "render", "-yes", file)
	assert.Contains(t, err, "-yes needs -psk FILE")

	var roots []string
	for _, end := range []string{"a", "b"} {
		root := t.TempDir()
		roots = append(roots, root)
		out, _ = tunnel(t, 0, "render", "-end", end, "-yes", "-psk", key, "-root", root, "-proc", proc, "-json", file)
		var r rendering
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		assert.True(t, r.Written)
		assert.False(t, r.Applied, "the kernel is changed only when asked")
		info, err := os.Stat(filepath.Join(root, "etc/ipsec.secrets"))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	info, statErr := os.Stat(key)
	require.NoError(t, statErr)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, _ = tunnel(t, 2, "render", "-yes", "-psk", key, "-root", roots[0], "-proc", proc, "-sysctls", "-interfaces", "eth0", "-replace", file)
	precious := filepath.Join(roots[0], "etc/ipsec.conf")
	require.NoError(t, os.WriteFile(precious, []byte("conn precious\n"), 0o600))
	_, err = tunnel(t, 2, "render", "-yes", "-psk", key, "-root", roots[0], "-proc", proc, file)
	assert.Contains(t, err, "etc/ipsec.conf, etc/sysctl.d/60-ipsec-tunnel.conf: there with another content")
	_, _ = tunnel(t, 0, "render", "-yes", "-replace", "-psk", key, "-root", roots[0], "-proc", proc, file)

	in := func(i int, name string) string { return filepath.Join(roots[i], "etc", name) }
	args := []string{
		"mirror", "-public-a", "198.51.100.1", "-public-b", "198.51.100.2", "-dialect-a", "libreswan", "-dialect-b", "libreswan",
		"-secrets-a", in(0, "ipsec.secrets"), "-secrets-b", in(1, "ipsec.secrets"), in(0, "ipsec.conf"), in(1, "ipsec.conf"),
	}
	out, _ = tunnel(t, 0, args...)
	assert.Contains(t, out, "sound: conn tunnel, both ends")
	out, _ = tunnel(t, 0, append(args[:9:9], args[len(args)-2:]...)...)
	assert.Contains(t, out, "not checked: whether both ends hold the same pre-shared key", "what nobody gave is told")
}

func TestStatus(t *testing.T) {
	file := write(t, "statusall.txt", up)
	saved := filepath.Join(t.TempDir(), "saved.json")
	live, _ := tunnel(t, 0, "status", "-conns", "tunnel", "-save", saved, file)
	assert.Contains(t, live, "up: ")
	assert.Contains(t, live, "not checked: nothing more")
	again, _ := tunnel(t, 0, "status", "-from", saved)
	assert.Equal(t, live, again)
	short := write(t, "status.txt", strings.Join(slices.DeleteFunc(strings.Split(up, "\n"), func(l string) bool { return strings.Contains(l, "bytes_i") }), "\n"))
	out, _ := tunnel(t, 0, "status", "-conns", "tunnel", short)
	assert.Contains(t, out, "not checked: whether packets take tunnel", "without counters nobody can tell")
	down := write(t, "down.txt", "Security Associations (0 up, 0 connecting):\n  none\n")
	out, _ = tunnel(t, 1, "status", "-conns", "tunnel", "-since", saved, down)
	assert.Contains(t, out, "down: ")
	assert.Contains(t, out, "tunnel tunnel: up with 1 SAs")
	service := write(t, "service.txt", "IPsec running  - pluto pid: 17635\npluto pid 17635\n2 tunnels up\nsome eroutes exist\n")
	out, _ = tunnel(t, 1, "status", "-conns", "tunnel", service)
	assert.Contains(t, out, "this is one tunnel with 2 SAs")
	out, _ = tunnel(t, 2, "status", service)
	assert.Contains(t, out, "unknown: ")
	empty := write(t, "empty.txt", "")
	_, err := tunnel(t, 2, "status", empty)
	assert.Contains(t, err, "not the output of a known status command")
	_, _ = tunnel(t, 1, "status", "-command", "ipsec trafficstatus", empty)
	out, _ = tunnel(t, 0, "status", "-json", file)
	assert.True(t, json.Valid([]byte(out)))
	assert.Equal(t, 1, strings.Count(out, "\n"))
}

// Without arguments the host itself is asked: whatever it has, no daemon that
// does not answer is taken for a tunnel that is up.
func TestStatusOfAHostWithoutDaemon(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, err strings.Builder
	code := run(t.Context(), []string{"status"}, &out, &err)
	assert.NotEqual(t, 0, code, "%s%s", out.String(), err.String())
	assert.NotContains(t, out.String(), "nothing more\nnot checked")
}

// What a daemon's own command said is told with the command.
func TestStatusNamesTheCommandThatFailed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a shell script stands in for the command")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ipsec"), []byte("#!/bin/sh\nexit 3\n"), 0o700))
	t.Setenv("PATH", dir)
	var out, err strings.Builder
	assert.NotEqual(t, 0, run(t.Context(), []string{"status"}, &out, &err))
	// As a gap, or as the error where the sockets cannot be listed either.
	assert.Contains(t, out.String()+err.String(), "ipsec statusall: exit status 3")
}
