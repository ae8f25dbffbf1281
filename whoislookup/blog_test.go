package whoislookup_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func newServer(t testing.TB, answers whoistest.Answers) *whoistest.Server {
	t.Helper()
	srv, err := whoistest.NewServer(answers)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv
}

func asked(srv *whoistest.Server) (out []string) {
	for _, q := range srv.Queries() {
		out = append(out, q.Server+" "+strings.TrimSuffix(q.Line, "\r\n"))
	}
	return out
}

// TestBarBlog asks the blog's three questions, and counts the round trips: two
// for the transferred block, one where the table is right.
func TestBarBlog(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	c := srv.Client()

	rec, err := c.Lookup(t.Context(), "138.0.155.10")
	require.NoError(t, err)
	assert.Equal(t, []string{"whois.arin.net n + 138.0.155.10", "whois.lacnic.net 138.0.155.10"}, asked(srv))
	assert.Equal(t, []netip.Prefix{netip.MustParsePrefix("138.0.152.0/22")}, rec.Network.Prefixes)
	assert.Equal(t, "Gigared S.A.", rec.Holder.Name)
	assert.Equal(t, "AR", rec.Country)
	assert.Equal(t, "whois.lacnic.net", rec.Server)
	assert.Equal(t, "whois://whois.lacnic.net", rec.Hops[0].Referral)

	old, err := c.IP(t.Context(), netip.MustParseAddr("190.57.233.170"))
	require.NoError(t, err)
	assert.Equal(t, "190.57.233.160/28", old.Network.Range.String())
	assert.Equal(t, "190.57.224.0/19", old.Network.Parent.String())
	assert.Equal(t, "EDITORIAL LA PAGINA S.A.", old.Holder.Name)
	assert.Contains(t, old.Holder.Address, "Sol\u00eds", "the byte 0xED of Latin-1 is i with acute accent")
	assert.Equal(t, "iso-8859-1", old.Hops[0].Charset)

	cdn, err := c.Lookup(t.Context(), "104.20.75.37")
	require.NoError(t, err)
	assert.Equal(t, "CloudFlare, Inc.", cdn.Holder.Name)
	assert.Len(t, srv.Queries(), 4)

	moved, _ := diff(old, rec)
	fields := map[string]opskit.Change{}
	for _, ch := range moved {
		fields[ch.What] = ch
	}
	assert.Equal(t, opskit.Change{What: "holder.name", Old: "EDITORIAL LA PAGINA S.A.", New: "Gigared S.A."}, fields["holder.name"])
	assert.NotContains(t, fields, "country", "both are in AR")
	assert.Equal(t, whoislookup.AnswerYes, rec.Moved(old))
	lab.Bar(t, "whois-blog", "3 of 3 holders; 2 queries for the transferred block, 1 for the others")
}

// TestBlogTranscripts replays what the blog's author saw.
func TestBlogTranscripts(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "ip", name))
		require.NoError(t, err)
		return string(data)
	}
	srv := newServer(t, whoistest.Answers{
		"whois.arin.net": {
			"138.0.155.10": read("seed_138.0.155.10_arin.txt"),
			"104.20.75.37": read("seed_104.20.75.37_orgname.txt"),
		},
		"whois.lacnic.net": {
			"138.0.155.10":   read("seed_138.0.155.10_lacnic.txt"),
			"190.57.233.170": read("seed_190.57.233.170_lacnic_latin1_reconstructed.txt"),
		},
	})
	for query, want := range map[string]string{
		"138.0.155.10":   "138.0.152.0/22 Gigared S.A. AR under ",
		"190.57.233.170": "190.57.233.160/28 EDITORIAL LA PAGINA S.A. AR under 190.57.224.0/19",
	} {
		rec, err := srv.Client().Lookup(t.Context(), query)
		require.NoError(t, err)
		got := fmt.Sprintf("%s %s %s under %s", rec.Network.Range, rec.Holder.Name, rec.Country, rec.Network.Parent)
		assert.Equal(t, want, got)
		assert.NotEmpty(t, rec.Abuse)
		assert.NotContains(t, fmt.Sprint(rec.Abuse), "\uFFFD")
	}
	rec, err := srv.Client().Lookup(t.Context(), "104.20.75.37")
	require.NoError(t, err)
	assert.Equal(t, "CloudFlare, Inc.", rec.Holder.Name)
}
