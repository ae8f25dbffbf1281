package whoislookup_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// TestBarWhere checks that every value of every record over the corpora has a
// hop and a line, and that the line holds the value.
func TestBarWhere(t *testing.T) {
	files := corpusFiles(t, "ip", "domain", "rdap")
	if lab.Bars() == lab.Small {
		files = files[:min(len(files), 100)]
	}
	values, wrong := 0, 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		rec, _ := whoislookup.Parse("", raw)
		for _, v := range leaves(t, rec) {
			values++
			if why := checkWhere(rec, v.path, v.value); why != "" {
				wrong++
				if wrong <= 20 {
					t.Errorf("%s: %s %q: %s", filepath.Base(f), v.path, v.value, why)
				}
			}
		}
	}
	require.NotZero(t, values)
	lab.Bar(t, "whois-where", "%d of %d values in %d answers", values-wrong, values, len(files))
}

func corpusFiles(t testing.TB, dirs ...string) (out []string) {
	t.Helper()
	for _, d := range dirs {
		root := lab.Corpus(t, "whoislookup", d)
		require.NoError(t, filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() && e.Name() != "expected.json" {
				out = append(out, path)
			}
			return err
		}))
	}
	slices.Sort(out)
	return out
}

type leaf struct{ path, value string }

// leaves lists the values of a record by their path in JSON. What the package
// says itself (the verdict, how a value was found) is no value of the answer.
func leaves(t testing.TB, rec *whoislookup.Record) (out []leaf) {
	t.Helper()
	data, err := json.Marshal(rec)
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(data, &tree))
	for _, own := range []string{"query", "verdict", "server", "hops", "sources", "redacted", "empty", "unparsed", "differences", "unseen", "undecided", "retry_after_ns", "country_from"} {
		delete(tree, own)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if k == "kind" || k == "from" && !strings.HasPrefix(path, "as") || k == "role" || strings.HasPrefix(path, "network.routes.") {
					continue
				}
				walk(strings.TrimPrefix(path+"."+k, "."), x)
			}
		case []any:
			for i, x := range v {
				if path == "network.routes" {
					out = append(out, leaf{fmt.Sprintf("%s.%d", path, i), fmt.Sprint(x.(map[string]any)["prefix"])})
					continue
				}
				walk(fmt.Sprintf("%s.%d", path, i), x)
			}
		default:
			if s := fmt.Sprint(v); s != "" {
				out = append(out, leaf{path, s})
			}
		}
	}
	walk("", tree)
	return out
}

// checkWhere returns what is wrong with the source of a value, "" if nothing.
func checkWhere(rec *whoislookup.Record, path, value string) string {
	if strings.HasPrefix(path, "abuse.") && strings.HasSuffix(path, ".handle") {
		return "" // stands with the network as abuse-c; the address is what counts
	}
	s, ok := rec.Where(path)
	if !ok {
		return "nowhere"
	}
	text := string(rec.Hops[s.Hop].Raw)
	if c := rec.Hops[s.Hop].Charset; c == "iso-8859-1" {
		runes := make([]rune, 0, len(text))
		for _, b := range []byte(text) {
			runes = append(runes, rune(b))
		}
		text = string(runes)
	}
	lines := strings.Split(text, "\n")
	if s.Line < 1 || s.Line > len(lines) {
		return fmt.Sprintf("line %d of %d", s.Line, len(lines))
	}
	line := lines[s.Line-1]
	value, _, _ = strings.Cut(value, "\n")
	if strings.Contains(reduce(line), reduce(value)) || strings.Contains(unescape(line), value) {
		return ""
	}
	if strings.HasSuffix(path, "country") && strings.HasPrefix(strings.TrimSpace(text), "{") && slices.ContainsFunc(namesOf(value), func(name string) bool {
		return strings.Contains(reduce(line), reduce(name))
	}) {
		return "" // RDAP: the code of the country that the line names
	}
	if path == "domain.name" && rec.Domain.Unicode != "" && strings.Contains(strings.ToLower(line), rec.Domain.Unicode) {
		return "" // the A-label of the name that the line has
	}
	if isDate(path) && yearAndDay(line, value) {
		return ""
	}
	if strings.HasPrefix(path, "network.") || strings.HasPrefix(path, "as.") {
		return rangeIn(line, value)
	}
	if path == "domain.dnssec" && (strings.Contains(line, "true") || strings.Contains(line, "dsData")) == (value == "signedDelegation") {
		return ""
	}
	return fmt.Sprintf("not in line %d: %q", s.Line, line)
}

// reduce keeps letters and digits, in lower case: spelling of statuses and case
// of hosts do not count.
func reduce(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// unescape undoes JSON's escapes in a line of an RDAP answer.
func unescape(line string) string {
	i, j := strings.IndexByte(line, '"'), strings.LastIndexByte(line, '"')
	for i >= 0 && i < j {
		var s any
		if json.Unmarshal([]byte("["+strings.TrimRight(strings.TrimSpace(line[i:j+1]), ",")+"]"), &s) == nil {
			return fmt.Sprint(s)
		}
		k := strings.IndexByte(line[i+1:], '"')
		if k < 0 {
			break
		}
		i += k + 1
	}
	return line
}

func isDate(path string) bool { return path == "created" || path == "updated" || path == "expires" }

// yearAndDay reports whether year and day of a date stand in the line.
func yearAndDay(line, value string) bool {
	year := strings.Contains(line, value[2:4])
	if len(value) < 10 {
		return year
	}
	return year && strings.Contains(line, strings.TrimLeft(value[8:10], "0"))
}

// rangeIn reports whether a range's ends or a prefix stand in the line, in
// whatever spelling: the first number of both has to be there.
func rangeIn(line, value string) string {
	first := strings.FieldsFunc(value, func(r rune) bool { return r == '.' || r == ':' || r == '/' || r == ' ' })
	if len(first) > 0 && strings.Contains(strings.ToLower(line), first[0]) {
		return ""
	}
	return fmt.Sprintf("not in %q", line)
}
