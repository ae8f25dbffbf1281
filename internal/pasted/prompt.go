package pasted

import (
	"bytes"
	"regexp"
)

// Command tells whether a line is one that a terminal shows beside a program's
// output, and returns the command that was typed there: "user@host:~$ whois x",
// "[user@host dir]# whois x", "$ whois x", "PS C:\> whois x", or a line of
// script(1) or telnet(1), which has no command. A line that begins with '#' or
// '%' may be a comment, and is none.
func Command(line []byte) (command []byte, ok bool) {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0:
		return nil, false
	case bytes.IndexByte([]byte("STEC"), line[0]) >= 0 && session.Match(line):
		return nil, true
	case line[0] != '$' && line[0] != '(' && bytes.IndexByte(line, '@') < 0 && !bytes.Contains(line, []byte(`:\`)):
		return nil, false // no form of a prompt does without
	}
	for _, form := range []*regexp.Regexp{shell, windows} {
		if m := form.FindSubmatch(line); m != nil {
			return m[1], true
		}
	}
	return nil, false
}

var (
	shell = regexp.MustCompile(`^(?:\([\w.-]+\) ?)?` + // a virtual environment's name
		`(?:[\w.-]+@[\w.-]+[: ][~/]\S*[#$]|\[[\w.-]+@[\w.-]+ [^\]]*\][#$]|\$)(?: +(.*))?$`)
	windows = regexp.MustCompile(`^(?:PS )?[A-Z]:\\[^>]*>(.*)$`)
	session = regexp.MustCompile(`^(?:Script (?:started|done) on .*|Trying [0-9a-fA-F.:]+\.\.\.|Connected to \S+\.|` +
		`Escape character is '\^\]'\.|Connection closed by foreign host\.)$`)
)
