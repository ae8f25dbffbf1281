package whoislookup_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

// TestForms reads made-up answers in the forms of many registries and
// registrars. A file of testdata/forms has cases of the form
//
//	@@ the rule that the case is about
//	all that is to be read, one field a line
//	--
//	the answer
//
// What a case does not list has to be absent: a field that the answer does not
// tell is not made up.
func TestForms(t *testing.T) {
	files, err := filepath.Glob("testdata/forms/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		theme := strings.TrimSuffix(filepath.Base(f), ".txt")
		for _, c := range strings.Split(string(data), "\n@@ ")[1:] {
			head, text, ok := strings.Cut(c, "\n--\n")
			require.True(t, ok, c)
			rule, want, _ := strings.Cut(head, "\n")
			t.Run(theme+"/"+rule, func(t *testing.T) {
				text = strings.TrimRight(text, "\n") + "\n"
				rec, err := whoislookup.Parse("", []byte(text))
				assert.Equal(t, want, outline(rec, err))
				for name, other := range clothes {
					rec, err := whoislookup.Parse("", []byte(other(text)))
					assert.Equal(t, want, outline(rec, err), name)
				}
			})
		}
	}
}

// clothes are what an answer may wear without another meaning.
var clothes = map[string]func(string) string{
	"CR LF":              func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"CR CR LF":           func(s string) string { return strings.ReplaceAll(s, "\n", "\r\r\n") },
	"trailing blanks":    func(s string) string { return strings.ReplaceAll(s, "\n", "  \n") },
	"byte order mark":    func(s string) string { return "\ufeff" + s },
	"blank lines":        func(s string) string { return "\n\n" + s + "\n\n" },
	"indented":           func(s string) string { return "   " + strings.ReplaceAll(s, "\n", "\n   ") },
	"no-break spaces":    func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") },
	"a page's spaces":    func(s string) string { return strings.ReplaceAll(s, "  ", "\u00a0 ") },
	"typographic quotes": func(s string) string { return strings.NewReplacer("\"", "\u201d", "'", "\u2019").Replace(s) },
	"a prompt":           func(s string) string { return "root@host:~# whois example.com\n" + s + "\nroot@host:~#" },
	"a heading": func(s string) string { // as deep as the answer
		margin := s[:len(s)-len(strings.TrimLeft(s, " \t"))]
		return margin + "% This is the whois server of a registry.\n\n" + s
	},
}

// outline writes what was read of an answer about a domain, one field a line.
func outline(rec *whoislookup.Record, err error) string {
	switch {
	case rec.Verdict == whoislookup.VerdictNotFound:
		return "available"
	case rec.Verdict == whoislookup.VerdictReserved:
		return "reserved"
	case errors.Is(err, whoislookup.ErrThrottled):
		return "throttled"
	case errors.Is(err, whoislookup.ErrDenied):
		return "denied"
	case err != nil || rec.Domain == nil:
		return "unknown"
	}
	d := rec.Domain
	out := []string{"registered"}
	add := func(field, value string) {
		if value != "" {
			out = append(out, field+" "+value)
		}
	}
	day := func(d whoislookup.Date) string {
		if d.Day() != "" {
			return d.Day()
		}
		return string(d)
	}
	add("name", d.Name)
	add("unicode", d.Unicode)
	add("id", d.ID)
	add("created", day(rec.Created))
	add("updated", day(rec.Updated))
	add("expires", day(rec.Expires))
	add("ns", strings.Join(d.Nameservers, " "))
	add("registrar", d.Registrar.Name)
	var status []string
	for _, s := range d.Status {
		status = append(status, string(s))
	}
	add("status", strings.Join(status, ", "))
	add("holder", d.Registrant.Name)
	add("org", d.Registrant.Organization)
	add("email", d.Registrant.Email)
	add("phone", d.Registrant.Phone)
	for _, u := range rec.Unparsed {
		add("unparsed", u)
	}
	return strings.Join(out, "\n")
}
