package whoislookup_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
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
	prepare := inHosts(t, srv)
	return func(argv ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		out, err := prepare(ctx, argv...).CombinedOutput()
		if err != nil {
			t.Logf("%s: %v", strings.Join(argv, " "), err)
		}
		return string(out)
	}
}

// inHosts prepares programs for which the names of srv lead to its ports.
func inHosts(t *testing.T, srv *whoistest.Server) func(ctx context.Context, argv ...string) *exec.Cmd {
	t.Helper()
	hosts, err := srv.Hosts()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "hosts")
	require.NoError(t, os.WriteFile(file, []byte("127.0.0.1 localhost\n"+hosts), 0o644))
	return func(ctx context.Context, argv ...string) *exec.Cmd {
		args := append([]string{"--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, file}, argv...)
		return exec.CommandContext(ctx, "unshare", args...)
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

// TestBarForeignServer has the client ask a WHOIS server that is not ours:
// gwhois, unmodified, behind a port as inetd runs it. It asks the registries in
// the client's place, and hands on what they say with words of its own between.
func TestBarForeignServer(t *testing.T) {
	lab.Need(t, "root", "netns", "program:gwhois")
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	srv := newServer(t, whoistest.Blog())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := inetd(t, srv, l, "gwhois")
	c := &whoislookup.Client{Server: l.Addr().String(), AllowPrivate: true}
	right := 0
	for query, want := range map[string]string{
		"190.57.233.170": "190.57.233.160/28 EDITORIAL LA PAGINA S.A. AR",
		"104.20.75.37":   "104.16.0.0/12 CloudFlare, Inc. US",
	} {
		rec, err := c.Lookup(t.Context(), query)
		require.NoError(t, err, "%s", rec)
		assert.Contains(t, rec.Hops[0].Text(), "Process query: '"+query+"'", "it is gwhois that answers")
		if assert.Equal(t, want, rec.Network.Range.String()+" "+rec.Holder.Name+" "+rec.Country) {
			right++
		}
	}
	rec, err := c.Lookup(t.Context(), "190.57.233.170")
	require.NoError(t, err)
	assert.Contains(t, rec.Holder.Address, "Sol\u00eds", "the byte of Latin-1 that it hands on")

	// It does not follow ARIN's referral, and is no server whose referrals are
	// believed: then nobody is the owner.
	rec, err = c.Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrNoServer)
	assert.Equal(t, whoislookup.VerdictElsewhere, rec.Verdict)
	assert.Empty(t, rec.Holder.Name)
	_, err = c.Lookup(t.Context(), "192.0.32.77")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	<-served
	lab.Bar(t, "whois-foreign-server", "%d of 2 holders through gwhois as a server; its placeholder is not the owner, and what it does not know is not found", right)
}

// inetd runs a program for each connection, which is its standard input and
// output, until the listener is closed.
func inetd(t *testing.T, srv *whoistest.Server, l net.Listener, argv ...string) (done chan struct{}) {
	t.Helper()
	prepare := inHosts(t, srv)
	done = make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			file, err := conn.(*net.TCPConn).File()
			conn.Close()
			if !assert.NoError(t, err) {
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			cmd := prepare(ctx, argv...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = file, file, file
			assert.NoError(t, cmd.Run())
			cancel()
			file.Close()
		}
	}()
	return done
}
