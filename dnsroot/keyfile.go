package dnsroot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The files in which resolvers keep trust anchors, each turned into the records
// of a master file: unbound's (autotrust), Knot Resolver's, BIND's configuration
// and BIND's own managed-keys.bind.

// keyState finds what unbound (";;state=2 [ VALID ]") and Knot Resolver ("; Valid:
// ; KeyTag:20326") note behind a key.
var keyState = regexp.MustCompile(`;;\s*state=(\d)|;\s*(Start|AddPend|Valid|Missing|Revoked|Removed)\b`)

// trustedState reports whether a key with that state is trusted, RFC 5011 section
// 4.3: valid ones, and those that are missing for a while.
func trustedState(line string) bool {
	m := keyState.FindStringSubmatch(line)
	return m == nil || m[1] == "2" || m[1] == "3" || m[2] == "Valid" || m[2] == "Missing"
}

// lastSuccess finds when unbound last saw its keys confirmed.
var lastSuccess = regexp.MustCompile(`(?m)^;;\s*last_success:\s*(\d+)`)

// bindConfig begins a clause of named.conf with trust anchors.
var bindConfig = regexp.MustCompile(`(?m)^\s*(trust-anchors|managed-keys|trusted-keys)\s*\{`)

// comments are those of named.conf.
var comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|#[^\n]*`)

// plainRecords turns a resolver's key file into master format. checked is when
// its program last saw the keys confirmed, zero where it does not tell.
func plainRecords(text string) (master string, from map[string]time.Time, checked time.Time) {
	if m := lastSuccess.FindStringSubmatch(text); m != nil {
		if seconds, err := strconv.ParseInt(m[1], 10, 64); err == nil {
			checked = time.Unix(seconds, 0).UTC()
		}
	}
	switch {
	case bindConfig.MatchString(text):
		return fromConfig(text), nil, checked
	case strings.Contains(text, "KEYDATA"):
		master, from = fromKeyData(text)
		return master, from, checked
	}
	var kept []string
	for line := range strings.Lines(text) {
		if trustedState(line) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, ""), nil, checked
}

// fromConfig reads the clauses of named.conf: NAME [KIND] NUMBERS "DATA"; one
// anchor each.
func fromConfig(text string) string {
	var b strings.Builder
	text = comments.ReplaceAllString(text, " ")
	for _, at := range bindConfig.FindAllStringIndex(text, -1) {
		body, _, _ := strings.Cut(text[at[1]:], "}")
		for statement := range strings.SplitSeq(body, ";") {
			before, data, _ := strings.Cut(strings.ReplaceAll(statement, `"."`, "."), `"`)
			words := strings.Fields(before)
			if len(words) < 4 {
				if strings.TrimSpace(statement) != "" {
					fmt.Fprintf(&b, "%s\n", strings.TrimSpace(statement)) // the master file's reader says what is wrong
				}
				continue
			}
			kind := "DNSKEY"
			if !strings.ContainsAny(words[1][:1], "0123456789") {
				if strings.HasSuffix(words[1], "-ds") {
					kind = "DS"
				}
				words = append(words[:1], words[2:]...)
			}
			fmt.Fprintf(&b, "%s IN %s %s %s\n", words[0], kind, strings.Join(words[1:], " "), strings.Join(strings.Fields(strings.ReplaceAll(data, `"`, "")), " "))
		}
	}
	return b.String()
}

// fromKeyData reads managed-keys.bind: REFRESH ADDHOLD REMOVEHOLD FLAGS PROTOCOL
// ALGORITHM KEY. A key is trusted from the end of its hold-down on, and never
// while that has not begun.
func fromKeyData(text string) (string, map[string]time.Time) {
	var b strings.Builder
	from := map[string]time.Time{}
	var clean strings.Builder
	for line := range strings.Lines(text) {
		before, _, _ := strings.Cut(line, ";")
		clean.WriteString(strings.TrimRight(before, "\n") + "\n")
	}
	owner := "."
	for record := range strings.SplitSeq(joinParens(clean.String()), "\n") {
		words := strings.Fields(record)
		for i, word := range words {
			if word != "KEYDATA" || len(words) < i+8 {
				continue
			}
			if record[0] != ' ' && record[0] != '\t' {
				owner = words[0]
			}
			if owner == "@" {
				owner = "."
			}
			trusted, err := time.Parse("20060102150405", words[i+2])
			if err != nil || trusted.Unix() <= 0 {
				continue // its hold-down has not begun
			}
			key := strings.Join(words[i+7:], "")
			from[key] = trusted
			fmt.Fprintf(&b, "%s IN DNSKEY %s %s\n", owner, strings.Join(words[i+4:i+7], " "), key)
		}
	}
	return b.String(), from
}

// joinParens puts what stands in parentheses on one line.
func joinParens(text string) string {
	deep := 0
	return strings.Map(func(r rune) rune {
		switch r {
		case '(':
			deep++
			return ' '
		case ')':
			deep--
			return ' '
		case '\n':
			if deep > 0 {
				return ' '
			}
		}
		return r
	}, text)
}
