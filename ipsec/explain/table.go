package explain

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed messages.txt
var messagesText string

//go:embed causes.txt
var causesText string

// row is one line of messages.txt.
type row struct {
	daemon, stage, what string
	means               []string
	first               string // a literal piece of the text, looked for before the pattern is tried
	pattern             *regexp.Regexp
}

// rows reads the table when it is first needed.
var rows = sync.OnceValue(func() []row {
	placeholder := regexp.MustCompile(`\\\{(\w+)\\\}`)
	var list []row
	for _, cells := range table(messagesText, 5) {
		literal := ""
		for _, piece := range regexp.MustCompile(`\{\w+\}`).Split(cells[4], -1) {
			if len(piece) > len(literal) {
				literal = piece
			}
		}
		pattern := placeholder.ReplaceAllString(regexp.QuoteMeta(cells[4]), `(?P<$1>.+?)`)
		if strings.HasSuffix(pattern, ">.+?)") { // at the end of a text it is a word, or all proposals
			pattern = strings.TrimSuffix(pattern, ".+?)") + `[^\s,]+(?:, [^\s,]+)*)`
		}
		list = append(list, row{cells[0], cells[1], cells[2], strings.Split(cells[3], ","), literal, regexp.MustCompile(pattern)})
	}
	return list
})

// remedy is one line of causes.txt.
type remedy struct{ step, means, next string }

var remedies = sync.OnceValue(func() map[Cause]remedy {
	list := map[Cause]remedy{}
	for _, cells := range table(causesText, 4) {
		list[Cause(cells[0])] = remedy{cells[1], cells[2], cells[3]}
	}
	return list
})

// table splits an embedded table into its cells.
func table(text string, columns int) [][]string {
	var list [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if cells := strings.SplitN(line, "\t", columns); len(cells) == columns && !strings.HasPrefix(line, "#") {
			list = append(list, cells)
		}
	}
	return list
}
