package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// drive runs the program against registries on loopback.
func drive(t *testing.T, srv *whoistest.Server, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	if srv == nil {
		code = run(t.Context(), args, &out, &err)
	} else {
		code = ask(t.Context(), &bulk.Bulk{Client: srv.Client()}, strings.NewReader(""), args, &out, &err)
	}
	return code, out.String(), err.String()
}

func newServer(t *testing.T) *whoistest.Server {
	t.Helper()
	srv, err := whoistest.NewServer(whoistest.Blog())
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv
}

func TestHolderComesFirst(t *testing.T) {
	code, out, stderr := drive(t, newServer(t), "138.0.155.10", "104.20.75.37")
	assert.Equal(t, 0, code, stderr)
	assert.True(t, strings.HasPrefix(out, "138.0.155.10: Gigared S.A., AR\n  network: 138.0.152.0/22"), out)
	assert.Contains(t, out, "\n104.20.75.37: CloudFlare, Inc., US\n")
	assert.True(t, strings.HasSuffix(out, "not checked: nothing more\n"), out)
}

func TestJSONIsOneObjectALine(t *testing.T) {
	code, out, _ := drive(t, newServer(t), "-json", "138.0.155.10", "190.57.233.170")
	assert.Equal(t, 0, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	var rec struct {
		Holder struct{ Name string }
	}
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &rec))
	assert.Equal(t, "EDITORIAL LA PAGINA S.A.", rec.Holder.Name)
}

func TestExitCodes(t *testing.T) {
	srv := newServer(t)
	srv.Handle("whois.ripe.net", whoistest.Throttle())
	for _, c := range []struct {
		rule  string
		args  []string
		code  int
		shows string
	}{
		{"not found is a problem", []string{"138.1.0.1"}, 1, "not found"},
		{"special-purpose space has no holder", []string{"10.0.0.1"}, 1, "Private-Use (RFC 1918)"},
		{"throttled is cannot tell", []string{"2.0.0.1"}, 2, "unknown: the server answers no more"},
		{"no query is bad usage", []string{"a b"}, 2, ""},
		{"nothing asked is bad usage", nil, 2, ""},
		{"unknown flag is bad usage", []string{"-nonsense"}, 2, ""},
		{"help", []string{"-h"}, 0, "exit codes: 0 "},
	} {
		t.Run(c.rule, func(t *testing.T) {
			code, out, stderr := drive(t, srv, c.args...)
			assert.Equal(t, c.code, code, stderr)
			assert.Contains(t, out, c.shows)
		})
	}
}

func TestPreflight(t *testing.T) {
	_, out, _ := drive(t, nil, "-preflight")
	assert.Contains(t, out, "server_table")
}

func TestParseStoredAnswer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answer")
	require.NoError(t, os.WriteFile(file, []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\ncountry: AR\n"), 0o600))
	code, out, stderr := drive(t, nil, "-parse", file, "-server", "whois.lacnic.net")
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, out, "Gigared S.A., AR")

	require.NoError(t, os.WriteFile(file, []byte("\x1b[2J\x00"), 0o600))
	code, out, _ = drive(t, nil, "-parse", file)
	assert.Equal(t, 2, code)
	assert.NotContains(t, out, "\x1b")
}

func TestRawAnswersAreSafe(t *testing.T) {
	srv := newServer(t)
	srv.Handle("whois.lacnic.net", whoistest.Answer("inetnum: 190.0.0.0/16\nowner: X\nremarks: \x1b[2J\n"))
	code, out, _ := drive(t, srv, "-raw", "190.0.0.1")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "\n# whois.lacnic.net\ninetnum: 190.0.0.0/16\nowner: X\nremarks: \\x1b[2J\n")
}

// TestSavedEvidenceOfAnybody: 6to4 has its owners inside, and a file may have
// been written by somebody else.
func TestSavedEvidenceOfAnybody(t *testing.T) {
	srv := newServer(t)
	file := filepath.Join(t.TempDir(), "saved")
	code, live, _ := drive(t, srv, "-save", file, "2002:6814:4b25::1", "2002:a00:1::1")
	assert.Equal(t, 1, code)
	assert.Contains(t, live, "CloudFlare, Inc.")
	code, again, _ := drive(t, nil, "-from", file)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again)

	require.NoError(t, os.WriteFile(file, []byte(`{"program":"opskit","kind":"whoislookup_records","schema":1,"at":"2026-01-01T00:00:00Z","evidence":[{"query":{"kind":"ip","text":"x\u001b[2J\u202e","prefix":"190.0.0.1/32"},"hops":[{"server":"\u001b]0;x\u0007","protocol":"whois","raw":"aGVsbG8K","latency_ns":0}]}]}`), 0o600))
	_, out, stderr := drive(t, nil, "-raw", "-from", file, "-since", file)
	assert.Contains(t, out, "\n# \\x1b]0;x\\x07\n")
	for _, r := range out + stderr {
		assert.False(t, r < ' ' && r != '\n' || r == 0x202e, "%q", out)
	}
}

func TestByHolder(t *testing.T) {
	group := func(input string, args ...string) (int, string, string) {
		var out, err bytes.Buffer
		code := ask(t.Context(), &bulk.Bulk{Client: newServer(t).Client(), Every: time.Nanosecond}, strings.NewReader(input), args, &out, &err)
		return code, out.String(), err.String()
	}
	const list = "   120 138.0.155.10\n     7 190.57.233.170\n     1 104.20.75.37\n 104.20.76.37\n"
	code, out, stderr := group(list, "-by", "holder")
	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, `120 requests from 1 addresses: "Gigared S.A."
  block: 138.0.152.0/22
7 requests from 1 addresses: "EDITORIAL LA PAGINA S.A."
  block: 190.57.233.160/28
2 requests from 2 addresses: "CloudFlare, Inc."
  block: 104.16.0.0/12
not checked: nothing more
`, out)
	_, out, _ = group("3 10.0.0.1\n", "-by", "holder")
	assert.NotContains(t, out, "block:", "nobody holds private space")
	assert.Contains(t, out, "\nnot checked: ")
	_, out, _ = group(list, "-by", "country")
	assert.Contains(t, out, `127 requests from 2 addresses: "AR"`)
	_, out, _ = group(list, "-by", "asn")
	assert.Contains(t, out, `2 requests from 2 addresses: "AS13335" (registered)`)
	assert.Contains(t, out, "\nnot checked: which AS announces them (only registered origins were read; need: -announced, which asks whois.cymru.com)\n")
	_, out, _ = group(list, "-by", "holder", "-nft")
	assert.Equal(t, "set whois_ipv4 {\n\ttype ipv4_addr\n\tflags interval\n\telements = { 104.16.0.0/12, 138.0.152.0/22, 190.57.233.160/28 }\n}\n", out)
	code, out, _ = group(list, "-by", "holder", "-json")
	assert.Equal(t, 0, code)
	assert.Len(t, strings.Split(strings.TrimSpace(out), "\n"), 3)

	for _, bad := range []string{"", "x y z\n", "0 1.2.3.4\n", "138.0.155.10 190.57.233.170\n"} {
		code, _, _ := group(bad, "-by", "holder")
		assert.Equal(t, 2, code, bad)
	}
	code, out, _ = group("5 138.0.155.10\n3 -\n\n2 host.example.org\n138.0.155.10 190.57.233.170\n", "-by", "holder")
	assert.Equal(t, 2, code, "lines were left out")
	assert.Contains(t, out, "5 requests from 1 addresses")
	assert.Contains(t, out, `not checked: 3 lines of the list (no "count address", such as line 2: "3 -"; need: one address a line)`)
	code, _, _ = group(list, "-by", "colour")
	assert.Equal(t, 2, code)
	code, out, stderr = group("1 192.72.0.1\n", "-by", "holder")
	assert.Contains(t, out, "not checked: whose 1 addresses are (no answer, such as for 192.72.0.1: ")
	assert.Equal(t, 2, code, "a server that cannot be reached is no answer")
	assert.Contains(t, stderr, "192.72.0.1")
}

func TestSavedEvidence(t *testing.T) {
	srv := newServer(t)
	before := filepath.Join(t.TempDir(), "before")
	code, live, _ := drive(t, srv, "-save", before, "190.57.233.170", "10.0.0.1")
	assert.Equal(t, 1, code)
	code, again, stderr := drive(t, nil, "-from", before)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again)
	assert.Contains(t, stderr, "whois: "+before+": as seen at ")

	code, out, _ := drive(t, srv, "-since", before, "190.57.233.170")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "190.57.233.170: moved: no\nunchanged: facts compared: 9\n")
	_, out, _ = drive(t, srv, "-json", "-since", before, "190.57.233.170")
	assert.True(t, strings.HasSuffix(out, "\n"+`{"query":"190.57.233.170","moved":"no","compared":9}`+"\n"), out)

	moved := whoistest.Blog()
	moved["whois.lacnic.net"]["190.57.233.170"] = "inetnum: 190.57.233.160/28\nowner: Gigared S.A.\ncountry: AR\n"
	later, err := whoistest.NewServer(moved)
	require.NoError(t, err)
	defer later.Close()
	code, out, _ = drive(t, later, "-since", before, "190.57.233.170")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "holder.name: EDITORIAL LA PAGINA S.A. -> Gigared S.A.")
	code, _, _ = drive(t, later, "-since", before, "190.57.233.170", "104.20.75.37")
	assert.Equal(t, 1, code, "a change that was found stands, whatever else cannot be told")

	later.Handle("whois.lacnic.net", whoistest.Throttle())
	code, out, _ = drive(t, later, "-since", before, "190.57.233.170")
	assert.Equal(t, 2, code, "no answer is not unchanged")
	assert.Contains(t, out, "190.57.233.170: moved: unknown\ncannot tell whether it changed: facts compared: 0\nnot checked: what changed (the newer record is no answer: throttled")
	code, out, _ = drive(t, srv, "-since", before, "104.20.75.37")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "104.20.75.37: moved: unknown\ncannot tell whether it changed: facts compared: 0\nnot checked: what changed (not among what was saved")
}
