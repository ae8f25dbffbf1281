package whoislookup_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

// told is everything that an answer about numbers can tell, one fact a line.
func told(rec *whoislookup.Record) string {
	var out []string
	add := func(what string, v any) {
		if s := fmt.Sprint(v); s != "" && s != "[]" {
			out = append(out, what+" "+s)
		}
	}
	add("verdict", rec.Verdict)
	if n := rec.Network; n != nil {
		add("range", n.Range)
		var p []string
		for _, x := range n.Prefixes {
			p = append(p, x.String())
		}
		if len(p) != 1 || p[0] != n.Range.String() {
			add("prefixes", strings.Join(p, " "))
		}
		add("name", n.Name)
		add("net", n.Handle)
		add("status", n.Status)
		add("parent", n.Parent)
		add("under", n.ParentHandle)
		add("origin", n.Origin)
		for _, r := range n.Routes {
			add("route", fmt.Sprintf("%s AS%d", r.Prefix, r.Origin))
		}
		add("ns", strings.Join(n.Nameservers, " "))
	}
	if a := rec.AS; a != nil {
		add("as", fmt.Sprintf("%d-%d", a.From, a.To))
		add("name", a.Name)
		add("net", a.Handle)
		add("status", a.Status)
		add("prefixes", a.Prefixes)
	}
	if h := rec.Holder; h.Name != "" {
		add("holder", h.Name+" <"+h.From+">")
		add("handle", h.Handle)
	}
	if rec.Country != "" {
		add("country", rec.Country+" <"+rec.CountryFrom+">")
	}
	for _, a := range rec.Abuse {
		add("abuse", a.Email+" <"+a.From+">")
	}
	add("created", rec.Created)
	add("updated", rec.Updated)
	if len(rec.Hops) > 0 {
		add("to", rec.Hops[len(rec.Hops)-1].Referral)
	}
	return strings.Join(out, "\n")
}

// trimLines takes the indentation of a test's raw string away.
func trimLines(s string) string {
	var out []string
	for line := range strings.SplitSeq(strings.Trim(s, "\n\t"), "\n") {
		out = append(out, strings.TrimPrefix(strings.TrimRight(line, "\t"), "\t\t\t"))
	}
	return strings.Join(out, "\n")
}

type numbersCase struct {
	rule, server, query string
	text, want          string
}

// checkNumbers reads each text as an answer to its query, if it has one, and
// otherwise as a stored one.
func checkNumbers(t *testing.T, cases []numbersCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			raw := []byte(trimLines(c.text) + "\n")
			rec, err := whoislookup.Parse(c.server, raw)
			if c.query != "" {
				q, bad := whoislookup.ParseQuery(c.query)
				require.NoError(t, bad)
				rec, err = whoislookup.Assemble(q, []whoislookup.Hop{{Server: c.server, Protocol: "whois", Raw: raw}})
			}
			if strings.Contains(c.want, "verdict found") || strings.Contains(c.want, "verdict elsewhere") && c.query == "" {
				require.NoError(t, err)
			}
			require.NotNil(t, rec)
			assert.Equal(t, trimLines(c.want), told(rec))
			if stored, _ := whoislookup.Parse(c.server, raw); assert.NotNil(t, stored) {
				crlf, _ := whoislookup.Parse(c.server, bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")))
				assert.Equal(t, told(stored), told(crlf), "line breaks count for nothing")
			}
			for _, v := range leaves(t, rec) {
				assert.Empty(t, checkWhere(rec, v.path, v.value), "%s %q", v.path, v.value)
			}
		})
	}
}
