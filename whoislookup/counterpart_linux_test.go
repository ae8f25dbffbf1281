package whoislookup_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestDebianWhoisAgrees asks the unmodified whois(1) of Debian the blog's
// questions, in a namespace where the real server names lead to loopback.
func TestDebianWhoisAgrees(t *testing.T) {
	lab.Need(t, "root", "netns", "program:whois")
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	srv := newServer(t, whoistest.Blog())
	run := foreign(t, srv)

	out := run("whois", "138.0.155.10")
	assert.Contains(t, out, "Found a referral to whois.lacnic.net.")
	assert.Contains(t, out, "Gigared S.A.")
	out = run("whois", "190.57.233.170")
	assert.Contains(t, out, "190.57.233.160/28")
	assert.Contains(t, out, "190.57.224/19")
	assert.Contains(t, run("whois", "104.20.75.37"), "CloudFlare, Inc.")
	theirs := asked(srv)

	c := srv.Client()
	for _, query := range []string{"138.0.155.10", "190.57.233.170", "104.20.75.37"} {
		rec, err := c.Lookup(t.Context(), query)
		require.NoError(t, err)
		assert.NotEmpty(t, rec.Holder.Name)
	}
	ours := asked(srv)[len(theirs):]
	assert.Equal(t, theirs, ours, "the same servers, the same bytes")
}

// foreign returns a function that runs a program for which the names of srv
// lead to its ports.
func foreign(t *testing.T, srv *whoistest.Server) func(argv ...string) string {
	t.Helper()
	hosts, err := srv.Hosts()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "hosts")
	require.NoError(t, os.WriteFile(file, []byte("127.0.0.1 localhost\n"+hosts), 0o644))
	return func(argv ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		args := append([]string{"--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, file}, argv...)
		out, err := exec.CommandContext(ctx, "unshare", args...).CombinedOutput()
		if err != nil {
			t.Logf("%s: %v", strings.Join(argv, " "), err)
		}
		return string(out)
	}
}

// TestOtherClientsAgree has gwhois and Perl's Net::Whois::Raw, unmodified, ask
// the same servers.
func TestOtherClientsAgree(t *testing.T) {
	lab.Need(t, "root", "netns", "program:whois", "program:gwhois")
	perl := `use Net::Whois::Raw; $Net::Whois::Raw::CHECK_FAIL = 0; print Net::Whois::Raw::whois($ARGV[0], $ARGV[1]);`
	lab.NeedIf(t, "perl:Net::Whois::Raw", exec.Command("perl", "-MNet::Whois::Raw", "-e", "1").Run())
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	answers := whoistest.Blog()
	answers["whois.verisign-grs.com"] = map[string]string{"example-shop.com": registryAnswer}
	answers["whois.crsnic.net"] = answers["whois.verisign-grs.com"]
	answers["whois.registrar.example.net"] = map[string]string{"example-shop.com": registrarAnswer}
	srv := newServer(t, answers)
	run := foreign(t, srv)

	assert.Contains(t, run("gwhois", "138.0.155.10"), "LACNIC")
	assert.NotEmpty(t, srv.Queries())
	before := len(srv.Queries())
	assert.Contains(t, run("perl", "-e", perl, "example-shop.com", "whois.verisign-grs.com"), "Example Registrar Ltd")
	assert.Contains(t, run("perl", "-e", perl, "190.57.233.170", "whois.lacnic.net"), "EDITORIAL LA PAGINA S.A.")
	assert.Greater(t, len(srv.Queries()), before)
	for _, q := range srv.Queries() {
		t.Logf("%s:%s %q", q.Server, q.Port, q.Line)
	}
}
