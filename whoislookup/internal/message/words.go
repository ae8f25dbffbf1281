package message

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

//go:embed words.txt
var text string

// phrases are those of words.txt by their section.
type phrases struct {
	rows map[string][]phrase
	set  map[string]map[string]bool // those of one word
}

var table = sync.OnceValue(func() *phrases {
	t := &phrases{rows: map[string][]phrase{}, set: map[string]map[string]bool{}}
	for section, row := range words.Rows(text) {
		t.rows[section] = append(t.rows[section], read(row))
		if t.set[section] == nil {
			t.set[section] = map[string]bool{}
		}
		t.set[section][row] = true
	}
	return t
})

// phrase is a row: its words, and where they have to stand.
type phrase struct {
	text         string
	whole, start bool // the whole sentence, or its beginning
	anything     bool // whatever it is said of
}

func read(row string) (p phrase) {
	row, p.anything = strings.CutPrefix(row, "!")
	row, p.whole = strings.CutPrefix(row, "=")
	row, p.start = strings.CutPrefix(row, "^")
	bare, open := strings.CutSuffix(row, "*")
	if p.text = bare; bare[0] < utf8.RuneSelf { // others may stand anywhere
		p.text = " " + bare
		if !open {
			p.text += " "
		}
	}
	return p
}

// in returns where a phrase stands in a sentence, -1 if nowhere.
func (p *phrase) in(s string) int {
	at := strings.Index(s, p.text)
	if p.start && at > 0 || p.whole && s != p.text {
		return -1
	}
	return at
}

func (t *phrases) is(section, word string) bool { return t.set[section][word] }

func (t *phrases) has(section, s string) bool {
	return slices.ContainsFunc(t.rows[section], func(p phrase) bool { return p.in(s) >= 0 })
}
