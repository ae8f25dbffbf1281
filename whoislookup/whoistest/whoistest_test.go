package whoistest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
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
