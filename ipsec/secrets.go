package ipsec

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// CompareKeys compares the pre-shared keys that two ends hold for one
// connection, given the text of each end's ipsec.secrets. What it returns holds
// no key; put it into the Keys of either End before Mirror. A text's include
// lines are not followed; keys other than pre-shared ones are passed over. It
// is nil when the connection cannot be found at both ends or its identities
// cannot be told from the files.
func CompareKeys(a, b End, secretsA, secretsB string) *KeyMatch {
	a, b = a.reading(), b.reading()
	pairs, _ := connPairs(a, b)
	views, ok := new(outcome).views(a, b, pairs[0])
	if !ok || len(pairs) > 1 {
		return nil
	}
	var found [2]Secret
	match := &KeyMatch{}
	for i, text := range []string{secretsA, secretsB} {
		left, right := views[i].sides[0].id, views[i].sides[1].id
		if left == "" || right == "" {
			return nil
		}
		var line int
		var ok bool
		if found[i], line, ok = findKey(text, []string{left, right}, views[i].conn.Dialect); !ok {
			if includes(text) {
				match.Unread = append(match.Unread, views[i].label)
			} else {
				match.Missing = append(match.Missing, views[i].label)
			}
			continue
		}
		match.Refs = append(match.Refs, Ref{End: views[i].label, File: "ipsec.secrets", Line: line})
		if why := found[i].Weakness(); why != "" {
			match.Weakness = why
		}
	}
	if len(match.Missing)+len(match.Unread) == 0 {
		same := found[0].Equal(found[1])
		match.Same = &same
	}
	return match
}

// findKey finds the key for a pair of identities by the rule of
// ipsec.secrets(5): of the lines whose selectors fit, the one that names most
// of the two; a line without selectors fits every pair.
func findKey(text string, ids []string, d conf.Dialect) (key Secret, line int, found bool) {
	bestScore := -1
	for _, entry := range keyLines(text) {
		selectors, value, ok := cutKey(entry.text)
		if !ok {
			continue
		}
		score := 0
		for _, s := range selectors {
			switch id := normalID(s, d); {
			case s == "%any" || s == "%any6" || s == "0.0.0.0":
			case slices.Contains(ids, id):
				score += 2
			default:
				score = -100 // names somebody else
			}
		}
		if len(selectors) == 1 && score == 2 {
			score = 1 // for that one, with anybody
		}
		if score > bestScore {
			key, line, bestScore = secretOf(value), entry.line, score
		}
	}
	return key, line, bestScore >= 0
}

// includes reports whether a text names files that it goes on in.
func includes(text string) bool {
	for line := range strings.Lines(text) {
		// The secrets of swanctl.conf are not read here either.
		if word, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(line), "\t", " "), " "); word == "include" || word == "secrets" {
			return true
		}
	}
	return false
}

// keyEntry is one entry of ipsec.secrets.
type keyEntry struct {
	text string
	line int // where it begins
}

// keyLines joins the lines of an entry: those that begin with white space
// continue the one before.
func keyLines(text string) []keyEntry {
	var entries []keyEntry
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.TrimRight(line, "\r \t")
		body := strings.TrimLeft(line, " \t")
		if body == "" || body[0] == '#' || strings.HasPrefix(line, "include") {
			continue
		}
		if len(body) < len(line) && len(entries) > 0 {
			entries[len(entries)-1].text += " " + body
			continue
		}
		entries = append(entries, keyEntry{body, n})
	}
	return entries
}

// cutKey splits an entry "ID ID : PSK value"; false for other kinds of keys.
func cutKey(entry string) (selectors []string, value string, ok bool) {
	at := -1
	for i := range len(entry) {
		// The colon stands alone or behind the last selector; those within an
		// IPv6 address have no white space behind them.
		if entry[i] == ':' && (i+1 == len(entry) || entry[i+1] == ' ' || entry[i+1] == '\t') {
			at = i
			break
		}
	}
	if at < 0 {
		return nil, "", false
	}
	kind := strings.TrimLeft(entry[at+1:], " \t")
	word, rest, _ := strings.Cut(strings.ReplaceAll(kind, "\t", " "), " ")
	if !strings.EqualFold(word, "PSK") {
		return nil, "", false
	}
	rest = strings.TrimLeft(rest, " ")
	if rest == "" {
		return nil, "", false
	}
	for s := range strings.FieldsSeq(entry[:at]) {
		selectors = append(selectors, strings.Trim(s, `"`))
	}
	if q := rest[0]; q == '"' || q == '\'' {
		end := strings.IndexByte(rest[1:], q)
		if end < 0 {
			return nil, "", false
		}
		return selectors, rest[1 : 1+end], true
	}
	value, _, _ = strings.Cut(rest, " ")
	return selectors, decodeKey(value), true
}

// decodeKey returns the bytes of an unquoted key in hexadecimal (0x) or base64
// (0s), any other as it is.
func decodeKey(value string) string {
	var raw []byte
	var err error
	switch {
	case strings.HasPrefix(value, "0x"), strings.HasPrefix(value, "0X"):
		raw, err = hex.DecodeString(strings.ReplaceAll(value[2:], "_", ""))
	case strings.HasPrefix(value, "0s"), strings.HasPrefix(value, "0S"):
		raw, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(value[2:], "="))
	default:
		return value
	}
	if err != nil {
		return value
	}
	return string(raw)
}
