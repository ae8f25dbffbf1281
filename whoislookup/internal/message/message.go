// Package message tells what a server says about a query in words of its own:
// "no match for example.com", "query limit exceeded, wait 30 seconds".
//
// Such a sentence has a subject (this name, the server, the client, the service),
// a polarity and perhaps an amount. Only one whose subject is the name says that
// nobody has it: "Service not available" and "404 Not Found" do not, and "Domain
// not available" is the opposite of "available". What may happen ("queries are
// limited to 100 a day") has not happened.
//
// The words stand in words.txt, a phrase a line; the grammar is here.
package message

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sense is what a message means. A greater one takes back what a smaller one
// says: a server that throttles may say "no entries found" as well, and does not
// mean it.
type Sense uint8

// What servers say.
const (
	Nothing   Sense = iota // nothing about the query
	Reduced                // the answer is cut down, as this client asked too much
	Absent                 // nobody has it
	Held                   // somebody has it, and no more is told
	Reserved               // the registry keeps it back
	Throttled              // this client asked too much
	Denied                 // this client may not ask
)

// Most is about the length of the longest line that a server uses for a message,
// the name that was asked for not counted.
const Most = 110

// Of tells what a line says. What is longer than Most is read up to its first
// full stop.
func Of(line string) Sense {
	line = protocol.ReplaceAllString(strings.ToLower(line), "http ")
	best := Nothing
	if whole := spaced(line); failing.MatchString(whole) {
		if strings.Contains(whole, " 429 ") {
			return Throttled
		}
		return Nothing
	}
	list := sentences(line)
	if slices.ContainsFunc(list, func(s string) bool { return table().has("reduced", s) }) {
		return Reduced
	}
	for i, s := range list {
		if len(strings.TrimSpace(s)) > Most {
			if i > 0 {
				break
			}
			continue
		}
		best = max(best, one(s))
	}
	return best
}

// Terms reports whether a text speaks of the conditions of use.
func Terms(text string) bool {
	return table().has("terms", " "+strings.Join(strings.Fields(strings.ToLower(text)), " ")+" ")
}

var (
	names    = regexp.MustCompile(`"[^"]{1,255}"|'[^' ]{1,255}'|https?://\S+|[^\s"'<>()\[\],;=@]+@[^\s"'<>()\[\],;]+|[\pL\pN_-]+(?:[.:][\pL\pN_-]+)+`)
	protocol = regexp.MustCompile(`\bhttp/[\d.]+ `)
	stops    = regexp.MustCompile(`[.!?;。]+(?:\s|$)|[。；]|\s-+\s|\s/\s|:\s`)
	number   = regexp.MustCompile(`^[\d-]+$`)
	waiting  = regexp.MustCompile(` (?:wait|again|back|retry|in|after|for|next) (?:at |least |in |after |for |about |another )*\d+ ?(?:s|sec\w*|min\w*|hours?|days?) `)
	failing  = regexp.MustCompile(`^ (?:http[\d /.]* |error |status )*[45]\d\d (?:bad request|unauthorized|forbidden|not found|method not allowed|gone|internal server error|not implemented|bad gateway|service unavailable|gateway time-?out) $`)
)

// sentences cuts a line at full stops and the like, and writes every sentence as
// words with one space around each; a name in it is "<name>".
func sentences(line string) []string {
	if !strings.ContainsAny(line, `.@"':!?;-/。；`) {
		return []string{spaced(line)}
	}
	line = names.ReplaceAllStringFunc(line, func(s string) string {
		quoted := s[0] == '"' || s[0] == '\''
		switch {
		case strings.HasPrefix(s, "http"):
			return "<url>"
		case strings.Contains(s, "@"):
			return "<mail>"
		case strings.HasPrefix(s, "error") || strings.HasPrefix(s, "http/"), strings.Contains(s, ":") && !quoted && !strings.Contains(s, "."):
			return strings.ReplaceAll(s, ":", " ") // "error:101:"
		case quoted && strings.Contains(strings.Trim(s, `"'`), " "):
			return s
		}
		return "<name>"
	})
	var out []string
	for _, part := range stops.Split(line, -1) {
		out = append(out, spaced(part))
	}
	return out
}

// spaced writes the words of a sentence with one space around each.
func spaced(s string) string {
	return " " + strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r < utf8.RuneSelf && strings.IndexByte("<>'", byte(r)) < 0 && !unicode.IsLetter(r) && !unicode.IsDigit(r) ||
			r >= utf8.RuneSelf && r != '’' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	}), " ") + " "
}

// one reads one sentence.
func one(s string) Sense {
	t := table()
	might := t.has("might", s)
	switch {
	case strings.TrimSpace(s) == "":
		return Nothing
	case t.has("denied", s) && !might && !t.has("terms", s):
		return Denied
	case !might && (t.has("throttled", s) || !t.has("failure", s) && (t.has("later", s) || t.has("much", s) && t.has("muchof", s) || waiting.MatchString(s))):
		return Throttled
	case t.has("held", s):
		return Held
	case t.kept(s) && !t.has("terms", s), t.has("kept", s) && t.has("keptof", s) && !t.has("failure", s) && !t.has("terms", s):
		return Reserved
	case t.has("terms", s):
		return Nothing
	case t.absent(s, true):
		return Absent
	case might, t.has("failure", s):
		return Nothing
	case t.absent(s, false), t.none(s), t.isNot(s), t.isFree(s):
		return Absent
	}
	return Nothing
}

// absent looks for a phrase that says so in whatever language, where it is not
// said of something else, or for one of those that are said of nothing else.
func (t *phrases) absent(s string, whatever bool) bool {
	for _, p := range t.rows["absent"] {
		if p.anything != whatever {
			continue
		}
		if at := p.in(s); at >= 0 && (whatever || t.subject(s[:at]) != other) {
			return true
		}
	}
	return false
}

// kept looks for a phrase that says that the registry keeps it back, where it is
// not said of something else.
func (t *phrases) kept(s string) bool {
	for _, p := range t.rows["reserved"] {
		if at := p.in(s); at >= 0 && t.subject(s[:at]) != other {
			return true
		}
	}
	return false
}

// who is what a sentence is about.
type who uint8

const (
	nobody who = iota
	name
	other
)

// subject is the last thing that is named before a predicate.
func (t *phrases) subject(before string) who {
	list := strings.Fields(before)
	for i, w := range slices.Backward(list) {
		switch {
		case t.is("other", w):
			return other
		case w == "<name>" || t.is("name", w):
			return t.head(list[:i])
		}
	}
	return nobody
}

// head tells whether a name is what a sentence is about, by the words before it: "the
// MX records of the <name>" are not, and "no entry for <name>" is.
func (t *phrases) head(before []string) who {
	at := len(before) - 1
	for at >= 0 && !slices.Contains([]string{"of", "for", "about"}, before[at]) {
		if len(before)-at > 3 {
			return name
		}
		at--
	}
	if at < 1 {
		return name
	}
	if head := before[at-1]; head == "status" || !t.is("name", head) && head != "<name>" && !t.is("filler", head) && !t.is("not", head) {
		return other
	}
	for _, w := range before[:at-1] {
		if !number.MatchString(w) && !t.is("filler", w) && !t.is("name", w) && !t.is("not", w) && w != "no" && w != "<name>" {
			return other
		}
	}
	return name
}

// none reads "no match", "no such domain", "could not find <name>".
func (t *phrases) none(s string) bool {
	list := strings.Fields(s)
	for i, w := range list {
		if w != "no" && w != "cannot" && w != "couldn't" && w != "unable" && w != "could" && w != "did" && w != "not" {
			continue
		}
		rest := list[i+1:]
		if w != "no" { // the object is behind the verb
			at := slices.IndexFunc(rest[:min(3, len(rest))], func(v string) bool { return v == "find" || v == "locate" || v == "have" })
			if at < 0 {
				continue
			}
			rest = rest[at+1:]
		}
		for j, v := range rest[:min(5, len(rest))] {
			next := ""
			if j+1 < len(rest) {
				next = rest[j+1]
			}
			switch {
			case (v == "whois" || v == "rdap") && t.is("name", next):
			case v == "further" || v == "more" || v == "additional" || v == "longer" || t.is("other", v):
				return false
			case w == "no" && v == "<name>" && j > 0, w != "no" && v == "<name>":
				return true
			case t.is("name", v) && t.is("other", next):
				return false // "no name servers"
			case t.is("name", v) && slices.Contains(rest, "accepted"):
				return false // "no registrations are accepted"
			case t.is("name", v) && slices.Contains([]string{"about", "of", "for"}, next) && t.subject(strings.Join(rest[j+2:], " ")) == other:
				return false // "no information about the holder"
			case t.is("name", v):
				return !strings.Contains(" given specified entered provided supplied received sent ", " "+rest[len(rest)-1]+" ")
			}
		}
	}
	return false
}

// isNot reads "<name> is not registered", "object does not exist", "not found".
func (t *phrases) isNot(s string) bool {
	list := strings.Fields(s)
	for i, w := range list {
		negated := t.is("not", w)
		if !negated && !t.is("unheld", w) {
			continue
		}
		rest := list[i+1:]
		if negated && !slices.ContainsFunc(rest[:min(3, len(rest))], func(v string) bool { return t.is("there", v) }) {
			continue
		}
		switch t.subject(strings.Join(list[:i], " ")) {
		case name:
			return true
		case nobody:
			if i <= 3 && !slices.ContainsFunc(rest, func(v string) bool { return t.is("other", v) && v != "database" && v != "registry" && v != "whois" }) && t.plain(list[:i]) {
				return true
			}
		}
	}
	return false
}

// plain tells whether the words in front of a predicate name nothing.
func (t *phrases) plain(list []string) bool {
	for _, w := range list {
		if !number.MatchString(w) && !t.is("filler", w) {
			return false
		}
	}
	return true
}

// isFree reads "<name> is available for registration", "free", and not "not
// available" or "data is available at".
func (t *phrases) isFree(s string) bool {
	list := strings.Fields(s)
	for i, w := range list {
		if !t.is("free", w) {
			continue
		}
		before, after := list[:i], list[i+1:]
		if slices.ContainsFunc(before, func(v string) bool {
			return t.is("not", v) || v == "no" || v == "longer" || v == "never" || v == "only"
		}) || len(after) > 0 && !t.is("ready", after[0]) {
			return false
		}
		for _, v := range slices.Backward(before) {
			if v == "<name>" || t.is("thing", v) {
				return true
			}
			if !t.is("filler", v) {
				return false
			}
		}
		return len(list) <= 4
	}
	return false
}
