package whoislookup_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// domainCase is one entry of the corpus domain/expected.json.
type domainCase struct {
	File   string
	Source string
	Server *string
	Expect map[string]any
}

// judged is one field of one case: what is wanted and what was read.
type judged struct {
	field     string
	want, got string
}

func (j judged) right() bool { return j.want == j.got }

// judge compares as the corpus says: only fields that the case has; dates by
// day, hosts as sets, names without case.
func judge(c domainCase, rec *whoislookup.Record, err error) (out []judged) {
	add := func(field, want, got string) { out = append(out, judged{field, want, got}) }
	class, _ := c.Expect["class"].(string)
	got := "other"
	switch {
	case rec.Verdict == whoislookup.VerdictNotFound:
		got = "available"
	case rec.Verdict == whoislookup.VerdictReserved:
		got = "reserved"
	case err == nil:
		got = "registered"
	case errors.Is(err, whoislookup.ErrThrottled):
		got = "throttled"
	}
	switch class {
	case "registered", "available", "reserved", "throttled":
		add("class", class, got)
	}
	d := rec.Domain
	if d == nil {
		d = &whoislookup.Domain{}
	}
	if x, ok := c.Expect["domain"].(string); ok && class == "registered" {
		if x = strings.ToLower(x); x == d.Unicode {
			add("domain", x, d.Unicode)
		} else {
			add("domain", x, d.Name)
		}
	}
	if x, ok := c.Expect["domain_id"].(string); ok {
		add("domain_id", strings.ToLower(x), strings.ToLower(d.ID))
	}
	for field, date := range map[string]whoislookup.Date{"created": rec.Created, "updated": rec.Updated, "expires": rec.Expires} {
		if m, ok := c.Expect[field].(map[string]any); ok {
			if day, _ := m["date"].(string); day != "" {
				add(field, day, date.Day())
			}
		}
	}
	if x, ok := c.Expect["nameservers"].([]any); ok && class == "registered" {
		var want []string
		for _, n := range x {
			if m, ok := n.(map[string]any); ok {
				if name, ok := m["name"].(string); ok {
					want = append(want, strings.TrimSuffix(strings.ToLower(strings.Fields(name + " x")[0]), "."))
				}
			}
		}
		have := slices.Clone(d.Nameservers)
		sort.Strings(want)
		sort.Strings(have)
		add("nameservers", strings.Join(slices.Compact(want), ","), strings.Join(slices.Compact(have), ","))
	}
	if m, ok := c.Expect["registrar"].(map[string]any); ok {
		if name, _ := m["name"].(string); name != "" {
			add("registrar", strings.ToLower(strings.TrimSpace(name)), strings.ToLower(strings.TrimSpace(d.Registrar.Name)))
		}
	}
	if x, ok := c.Expect["status"].([]any); ok && class == "registered" {
		norm := func(s string) string {
			s = strings.ToLower(s)
			if i := strings.Index(s, "http"); i > 0 {
				s = s[:i]
			}
			return strings.NewReplacer(" ", "", "-", "", "_", "", "(", "").Replace(strings.TrimSpace(s))
		}
		var want, have []string
		for _, s := range x {
			want = append(want, norm(s.(string)))
		}
		for _, s := range d.Status {
			have = append(have, norm(string(s)))
		}
		sort.Strings(want)
		sort.Strings(have)
		add("status", strings.Join(slices.Compact(want), ","), strings.Join(slices.Compact(have), ","))
	}
	if m, ok := c.Expect["registrant"].(map[string]any); ok {
		r := d.Registrant
		for _, f := range []struct{ key, got string }{
			{"name", r.Name}, {"organization", r.Organization}, {"email", r.Email}, {"phone", r.Phone},
		} {
			if want, _ := m[f.key].(string); want != "" {
				add("registrant."+f.key, strings.ToLower(strings.TrimSpace(want)), strings.ToLower(strings.TrimSpace(f.got)))
			}
		}
	}
	return out
}

func readDomains(t *testing.T) []domainCase {
	t.Helper()
	data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "domain", "expected.json"))
	require.NoError(t, err)
	var cases []domainCase
	require.NoError(t, json.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	return cases
}

// TestBarDomainCorpus parses every recorded domain answer. Where two labels of
// one text contradict each other, either counts; labels that are wrong are
// listed in testdata/adjudication.txt.
func TestBarDomainCorpus(t *testing.T) {
	cases := readDomains(t)
	wrong := adjudicated(t)
	type key struct{ text, field string }
	all := make([][]judged, len(cases))
	texts := make([]string, len(cases))
	either := map[key]bool{}
	for i, c := range cases {
		raw, err := os.ReadFile(lab.Corpus(t, "whoislookup", c.File))
		require.NoError(t, err)
		server := ""
		if c.Server != nil {
			server = *c.Server
		}
		rec, perr := whoislookup.Parse(server, raw)
		require.NotNil(t, rec, c.File)
		all[i], texts[i] = judge(c, rec, perr), string(raw)
		for _, j := range all[i] {
			either[key{texts[i], j.field}] = either[key{texts[i], j.field}] || j.right()
		}
	}
	fields := map[string][2]int{}
	whole := 0
	for i, c := range cases {
		ok := true
		for _, j := range all[i] {
			n := fields[j.field]
			n[1]++
			if either[key{texts[i], j.field}] || wrong[c.File+" "+j.field] {
				n[0]++
			} else {
				ok = false
				t.Logf("%s: %s: want %q, got %q", c.File, j.field, j.want, j.got)
			}
			fields[j.field] = n
		}
		if ok {
			whole++
		}
	}
	names := make([]string, 0, len(fields))
	for f := range fields {
		names = append(names, f)
	}
	sort.Strings(names)
	percent := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	for _, f := range names {
		lab.Bar(t, "whois-domain-"+f, "%d of %d (%.1f %%)", fields[f][0], fields[f][1], percent(fields[f][0], fields[f][1]))
	}
	lab.Bar(t, "whois-domain-whole", "%d of %d cases (%.1f %%), %d labels adjudicated", whole, len(cases), percent(whole, len(cases)), len(wrong))
	assert.GreaterOrEqual(t, percent(whole, len(cases)), 97.0)
	for _, f := range []string{"created", "updated", "expires", "nameservers", "registrar"} {
		assert.GreaterOrEqual(t, percent(fields[f][0], fields[f][1]), 96.0, f)
	}
	assert.GreaterOrEqual(t, percent(fields["class"][0], fields["class"][1]), 97.0)
}

// adjudicated reads the labels of the corpus that are wrong: file, field, line
// number and reason, separated by tabs.
func adjudicated(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("testdata/adjudication.txt")
	require.NoError(t, err)
	out := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		part := strings.Split(line, "\t")
		require.Len(t, part, 4, line)
		out[part[0]+" "+part[1]] = true
	}
	return out
}
