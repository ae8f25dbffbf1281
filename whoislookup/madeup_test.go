package whoislookup_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// answered is an answer with the name of what it is.
type answered struct{ name, server, text string }

// everyAnswer is the open corpora, the blog's answers and the made-up forms.
func everyAnswer(t *testing.T) (out []answered) {
	t.Helper()
	servers := map[string]string{}
	for _, c := range readDomains(t) {
		if c.Server != nil {
			servers[lab.Corpus(t, "whoislookup", c.File)] = *c.Server
		}
	}
	for _, f := range corpusFiles(t, "domain", "ip", "rdap", "blog") {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		out = append(out, answered{f, servers[f], string(raw)})
	}
	forms, err := filepath.Glob("testdata/forms/*.txt")
	require.NoError(t, err)
	for _, f := range forms {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, c := range strings.Split(string(data), "\n@@ ")[1:] {
			head, text, _ := strings.Cut(c, "\n--\n")
			rule, _, _ := strings.Cut(head, "\n")
			out = append(out, answered{f + ": " + rule, "", text})
		}
	}
	return out
}

// TestBarMadeUp scores what is told and was not said: a value that the line which it
// names does not hold, by the normalisations that derives knows; a handle in the
// place of a name; what stands in for an owner without the mark that it does; a value
// that the corpus says is not there; a verdict that the class excludes.
func TestBarMadeUp(t *testing.T) {
	answers := everyAnswer(t)
	if lab.Bars() == lab.Small {
		answers = answers[:min(len(answers), 200)]
	}
	fields, madeUp, handles, unmarked := 0, 0, 0, 0
	for _, a := range answers {
		rec, _ := whoislookup.Parse(a.server, []byte(a.text))
		for _, v := range leaves(t, rec) {
			fields++
			if why := derives(rec, v.path, v.value); why != "" {
				madeUp++
				t.Logf("%s: %s %q: %s", a.name, v.path, v.value, why)
			}
		}
		if name := handleAsName(rec, a.text); name != "" {
			handles++
			t.Errorf("%s: the handle %s is called a name", a.name, name)
		}
		if name := unmarkedStandIn(rec); name != "" {
			unmarked++
			t.Errorf("%s: %q stands in for somebody, and is not marked", a.name, name)
		}
	}
	lab.Bar(t, "whois-made-up", "%d of %d fields in %d answers, %d handles as names, %d stand-ins unmarked", madeUp, fields, len(answers), handles, unmarked)
	assert.Less(t, madeUp*1000, fields*5)
}

// derives returns what is wrong with a value of a record, by the line that it names.
func derives(rec *whoislookup.Record, path, value string) string {
	if why := checkWhere(rec, path, value); why != "" {
		return why
	}
	if strings.HasPrefix(path, "abuse.") && strings.HasSuffix(path, ".handle") {
		return ""
	}
	s, _ := rec.Where(path)
	lines := strings.Split(string(rec.Hops[s.Hop].Raw), "\n")
	line := lines[s.Line-1]
	if strings.HasPrefix(strings.TrimSpace(lines[0]), "{") {
		line = strings.Join(lines[s.Line-1:min(s.Line+5, len(lines))], " ") // RDAP: the end of a range is a member of its own
	}
	switch {
	case isDate(path):
		return dateDerives(line, value)
	case path == "network.range", path == "network.parent": // prefixes are computed from it
		return rangeDerives(line, value)
	}
	return ""
}

var (
	digits = regexp.MustCompile(`\d+`)
	hexes  = regexp.MustCompile(`[0-9a-f]+`)
	words  = regexp.MustCompile(`\pL{3,}`)
)

// dateDerives: year, month, day, hour and minute stand in the line as numbers, with
// or without zeros in front; the year may have two digits, the month be a word, the
// hour of a clock of twelve hours, or all of it one number.
func dateDerives(line, value string) string {
	numbers, joined := map[string]bool{}, strings.Join(digits.FindAllString(line, -1), "")
	for _, n := range digits.FindAllString(line, -1) {
		numbers[strings.TrimLeft(n, "0")] = true
	}
	part := digits.FindAllString(value, -1)
	if strings.Contains(joined, strings.Join(part[:min(len(part), 3)], "")) {
		return ""
	}
	for i, p := range part[:min(len(part), 5)] {
		n := strings.TrimLeft(p, "0")
		switch {
		case numbers[n], n == "" && (numbers["12"] || strings.Contains(joined, "0")):
		case i == 0 && numbers[strings.TrimLeft(p[2:], "0")]:
		case i == 1 && words.MatchString(line):
		case i == 3 && strings.Contains(strings.ToLower(line), "p"): // pm
		default:
			return "no " + p + " in " + line
		}
	}
	return ""
}

// rangeDerives: what numbers both ends are made of stand in the line, but for those
// that a prefix implies.
func rangeDerives(line, value string) string {
	low := strings.ToLower(line)
	there := map[string]bool{"": true}
	for _, n := range hexes.FindAllString(low, -1) {
		there[strings.TrimLeft(n, "0")] = true
	}
	prefixed := strings.Contains(line, "/")
	ends := []string{value}
	if p, err := netip.ParsePrefix(value); err == nil {
		ends = []string{p.Addr().String()}
	} else if from, to, ok := strings.Cut(value, " - "); ok && !prefixed {
		ends = []string{from, to}
	}
	for _, end := range ends {
		for _, n := range strings.FieldsFunc(end, func(r rune) bool { return r == '.' || r == ':' }) {
			if !there[strings.TrimLeft(n, "0")] {
				return "no " + n + " in " + line
			}
		}
	}
	return ""
}

// handleAsName returns the name of a holder that the answer uses as a key.
func handleAsName(rec *whoislookup.Record, text string) string {
	names := []string{rec.Holder.Name}
	if rec.Domain != nil {
		names = append(names, rec.Domain.Registrant.Name, rec.Domain.Registrant.Organization)
	}
	for _, c := range rec.Contacts {
		names = append(names, c.Name)
	}
	for _, name := range names {
		if name == "" || strings.ContainsAny(name, " .@") || !strings.ContainsAny(name, "0123456789") {
			continue
		}
		key := regexp.MustCompile(`(?im)^\s*(?:nic-hdl(?:-br)?|contact|contact[ -]id|[a-z]+-c|(?:admin|tech|registrant|billing)[a-z ]* id|handle|holder|personid)[:. ]+` + regexp.QuoteMeta(name) + `\s*$`)
		if key.MatchString(text) {
			return name
		}
	}
	return ""
}

var standIns = regexp.MustCompile(`(?i)redacted|not disclosed|undisclosed|withheld|\bgdpr\b|data protected|\bhidden\b|\bmasked\b|private person|non-public|\bprivacy\b|whois ?guard|\bproxy\b|domains by|anonymi[sz]|not published|not shown|rodo`)

// unmarkedStandIn returns the name of a holder which is none and is not said to be.
func unmarkedStandIn(rec *whoislookup.Record) string {
	name := rec.Holder.Name
	if rec.Domain == nil || !standIns.MatchString(name) || slices.Contains([]whoislookup.HolderKind{whoislookup.HolderKindPrivacyService, whoislookup.HolderKindWithheld}, rec.Holder.Kind) {
		return ""
	}
	return name
}

// excluded are the verdicts that a class of the corpus's labels excludes; a class that
// tells of neither leaves all of these open.
var excluded = map[string]string{
	"registered": "not_found reserved throttled denied", "available": "found reserved throttled denied", "reserved": "found not_found throttled denied",
	"throttled": "found not_found reserved", "not-assigned": "found throttled denied", "invalid": "found not_found", "error": "found not_found reserved",
	"other": "", "incomplete": "not_found", "unavailable": "found not_found", "notavailable": "found not_found",
	"suspended": "not_found reserved", "pendingdelete": "not_found reserved", "deactivated": "not_found reserved", "expired": "not_found reserved",
	"unconfirmed": "not_found reserved", "quarantined": "not_found",
}

// TestBarLabelsThatAreAbsent compares what the corpus's labels say is not there, and
// all of its classes.
func TestBarLabelsThatAreAbsent(t *testing.T) {
	wrong := adjudicated(t)
	nulls, present, classes, mistaken := 0, 0, 0, 0
	for _, c := range readDomains(t) {
		written := c.Source == "weppos" // the others' nulls are fields that their authors did not ask for
		raw, err := os.ReadFile(lab.Corpus(t, "whoislookup", c.File))
		require.NoError(t, err)
		server := ""
		if c.Server != nil {
			server = *c.Server
		}
		rec, _ := whoislookup.Parse(server, raw)
		d := rec.Domain
		if d == nil {
			d = &whoislookup.Domain{}
		}
		for field, got := range map[string]string{
			"created": string(rec.Created), "updated": string(rec.Updated), "expires": string(rec.Expires), "domain_id": d.ID, "registrar": d.Registrar.Name,
		} {
			label, told := c.Expect[field]
			if !told || label != nil || !written {
				continue
			}
			nulls++
			if got != "" && !wrong[c.File+" "+field] {
				present++
				t.Logf("%s: %s is %q, and the label says that there is none", c.File, field, got)
			}
		}
		if class, _ := c.Expect["class"].(string); class != "" {
			no, known := excluded[class]
			require.True(t, known, class)
			classes++
			if slices.Contains(strings.Fields(no), rec.Verdict.String()) && !wrong[c.File+" class"] {
				mistaken++
				t.Logf("%s: %s, and the class is %s", c.File, rec.Verdict, class)
			}
		}
	}
	assert.Zero(t, present)
	assert.LessOrEqual(t, mistaken, 5)
	lab.Bar(t, "whois-labels-absent", "%d of %d explicit nulls have a value, %d of %d verdicts that the class excludes", present, nulls, mistaken, classes)
}
