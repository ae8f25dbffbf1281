package opskit

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Result is what every question is answered with: each exported type with a verdict is one.
type Result interface {
	Level() Level   // what the verdict means to a monitor; Unknown for the zero value
	Gaps() []Gap    // what was not seen, or would decide; never empty where Level is Unknown
	String() string // the verdict first, NotChecked last; safe on a terminal
}

// Judged is a Result that holds its evidence. Judge sets all that is derived back, derives it anew
// from the evidence alone and returns the level: judging twice is judging once.
type Judged interface {
	Result
	Judge() Level // of the zero value too
}

// Gap is something that a result could not see, so that silence is not taken for health.
type Gap struct {
	What string `json:"what"`           // what was not seen
	Why  string `json:"why"`            // why not
	Need string `json:"need,omitempty"` // what would show it, where that is known
}

// String returns "what (why; need: need)" on one line, escaped.
func (g Gap) String() string {
	text := g.What + " (" + g.Why
	if g.Need != "" {
		text += "; need: " + g.Need
	}
	return Escape(text + ")")
}

// Capability is one thing that a package may or may not do on this host, as its Preflight found it.
type Capability struct {
	Name string `json:"name"`          // stable, snake_case
	OK   bool   `json:"ok"`            // whether it can be done here
	Why  string `json:"why,omitempty"` // why not, or what it rests on
	Fix  string `json:"fix,omitempty"` // a line to paste
}

// NotChecked is the last line of every text: the gaps, each once. It says "nothing more" only of a
// result whose level is known.
func NotChecked(r Result) string {
	var texts []string
	for _, gap := range r.Gaps() {
		if text := gap.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	switch {
	case len(texts) == 0 && ExitCode(r.Level()) == 2:
		texts = []string{"everything (nothing was looked at)"}
	case len(texts) == 0:
		texts = []string{"nothing more"}
	}
	return "not checked: " + strings.Join(texts, "; ")
}

// Escape makes what strangers wrote safe on a terminal and keeps it on one line: each byte of a
// control or format character (line ends, bidirectional marks, zero-width), of what Unicode has not
// assigned and of bad UTF-8 becomes \xNN. Escaping twice is escaping once.
func Escape(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, notGraphic) {
		return text
	}
	const digits = "0123456789abcdef"
	var out []byte
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		bad := notGraphic(r) || r == utf8.RuneError && size == 1
		for _, c := range []byte(text[:size]) {
			if bad {
				out = append(out, '\\', 'x', digits[c>>4], digits[c&15])
			} else {
				out = append(out, c)
			}
		}
		text = text[size:]
	}
	return string(out)
}

func notGraphic(r rune) bool { return !unicode.IsGraphic(r) }
