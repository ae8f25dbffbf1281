package whoistest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func TestMain(m *testing.M) { lab.Main(m) }

func ExampleNewServer() {
	srv, err := whoistest.NewServer(whoistest.Blog())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	rec, err := srv.Client().Lookup(context.Background(), "138.0.155.10")
	fmt.Println(rec.Holder.Name, err)
	for _, q := range srv.Queries() {
		fmt.Printf("%s %q\n", q.Server, q.Line)
	}
	// Output:
	// Gigared S.A. <nil>
	// whois.arin.net "n + 138.0.155.10\r\n"
	// whois.lacnic.net "138.0.155.10\r\n"
}

func ExampleServer_Replay() {
	first, err := whoistest.NewServer(whoistest.Blog())
	if err != nil {
		fmt.Println(err)
		return
	}
	saved, err := first.Client().Lookup(context.Background(), "138.0.155.10")
	first.Close()
	fmt.Println(saved.Holder.Name, err)

	srv, err := whoistest.NewServer(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	if err := srv.Replay(saved); err != nil {
		fmt.Println(err)
		return
	}
	rec, err := srv.Client().Lookup(context.Background(), "138.0.155.10")
	fmt.Println(rec.Holder.Name, len(rec.Hops), err)
	// Output:
	// Gigared S.A. <nil>
	// Gigared S.A. 2 <nil>
}

func TestReplay(t *testing.T) {
	world := whoistest.Blog()
	live, err := whoistest.NewServer(world)
	require.NoError(t, err)
	defer live.Close()
	require.NoError(t, live.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://rdap.db.ripe.net/ip/104.20.75.37", http.StatusMovedPermanently)
	})))
	require.NoError(t, live.HandleRDAP("rdap.db.ripe.net", whoistest.RDAP(map[string]string{
		"/ip/104.20.75.37": `{"objectClassName":"ip network","startAddress":"104.20.0.0","endAddress":"104.20.255.255","name":"X"}`,
	})))
	var saved []*whoislookup.Record
	for _, q := range []string{"104.20.75.37", "2002:6814:4b25::1", "190.57.233.170", "10.0.0.1"} {
		rec, _ := live.Client().Lookup(t.Context(), q)
		saved = append(saved, rec)
	}
	srv, err := whoistest.NewServer(nil)
	require.NoError(t, err)
	defer srv.Close()
	require.NoError(t, srv.Replay(append(saved, nil)...))
	for _, want := range saved {
		got, _ := srv.Client().Lookup(t.Context(), want.Query.Text)
		assert.Equal(t, want.Verdict, got.Verdict)
		assert.Equal(t, want.Server, got.Server)
		assert.Equal(t, want.Network, got.Network)
		assert.Equal(t, want.Holder, got.Holder)
		assert.Len(t, got.Hops, len(want.Hops))
		assert.Len(t, got.Embedded, len(want.Embedded))
	}
	assert.Equal(t, live.Queries(), srv.Queries())
	assert.Len(t, world, 2, "the caller's answers stay as they are")
}

func ask(t *testing.T, srv *whoistest.Server, server, line string) (string, error) {
	t.Helper()
	conn, err := srv.Dial(t.Context(), "tcp", server+":43")
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = io.WriteString(conn, line+"\r\n")
	require.NoError(t, err)
	out, err := io.ReadAll(io.LimitReader(conn, 1<<20))
	return string(out), err
}

func TestQueriesFindTheirAnswers(t *testing.T) {
	srv, err := whoistest.NewServer(whoistest.Answers{"whois.example.net": {"example.net": "by word", "-x example.net": "by line", "as1": "number"}})
	require.NoError(t, err)
	defer srv.Close()
	for line, want := range map[string]string{
		"EXAMPLE.NET": "by word", "domain example.net": "by word", "domain=example.net": "by word", "example.net/e": "by word",
		"-x example.net": "by line", "a 1": "number",
	} {
		got, err := ask(t, srv, "whois.example.net", line)
		require.NoError(t, err)
		assert.Equal(t, want, got, line)
	}
	got, err := ask(t, srv, "whois.example.net", "other")
	require.NoError(t, err)
	assert.Contains(t, got, "No match")
	_, err = srv.Dial(t.Context(), "tcp", "unknown.example.net:43")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	assert.True(t, dns.IsNotFound)
}

func TestBehaviours(t *testing.T) {
	srv, err := whoistest.NewServer(nil)
	require.NoError(t, err)
	srv.Handle("a.example", whoistest.Endless("x"))
	srv.Handle("b.example", whoistest.Drip("abc", time.Millisecond))
	srv.Handle("c.example", whoistest.Silent())
	srv.Handle("d.example", whoistest.LoopTo("e.example"))
	out, _ := ask(t, srv, "a.example", "q")
	assert.Len(t, out, 1<<20)
	conn, err := srv.Dial(t.Context(), "tcp", "b.example:43")
	require.NoError(t, err)
	io.WriteString(conn, "q\r\n")
	buf := make([]byte, 6)
	_, err = io.ReadFull(conn, buf)
	require.NoError(t, err)
	assert.Equal(t, "abcabc", string(buf))
	out, _ = ask(t, srv, "d.example", "q")
	assert.True(t, strings.HasPrefix(out, "refer:"))
	silent, err := srv.Dial(t.Context(), "tcp", "c.example:43")
	require.NoError(t, err)
	io.WriteString(silent, "q\r\n")
	srv.Close() // ends them all, and waits
	_, err = silent.Read(buf)
	require.Error(t, err)
	silent.Close()
	conn.Close()
}
