package explain

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Log is what was understood of one end's log.
type Log struct {
	End   string `json:"end"`             // whose log it is
	Lines []Line `json:"lines,omitempty"` // those that a rule knows, in their order
	Total int    `json:"total"`           // how many lines there were
}

// Line is one line that a rule knows.
type Line struct {
	Number int    `json:"number"` // counted from 1
	Text   string `json:"text"`   // what the daemon wrote, without what stands before it
}

// ReadLog reads a log: plain text with or without the prefixes of syslog, or the
// JSON of journalctl -o json, a line each. Lines of other programs do no harm.
func ReadLog(end, text string) Log {
	log := Log{End: end}
	for line := range strings.Lines(text) {
		log.Total++
		message := strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(message), "{") {
			message = journalMessage(message)
		}
		if known(message) {
			log.Lines = append(log.Lines, Line{log.Total, message[len(before.FindString(message)):]})
		}
	}
	return log
}

// journalMessage takes the message out of an entry of the journal. One that is
// not UTF-8 is a list of bytes (systemd.journal-fields(7), journalctl(1)).
func journalMessage(entry string) string {
	var text struct{ Message string } // MESSAGE: names are matched whatever their case
	if json.Unmarshal([]byte(entry), &text) == nil {
		return text.Message
	}
	var raw struct{ Message []int }
	if json.Unmarshal([]byte(entry), &raw) != nil {
		return entry
	}
	var out []byte
	for _, b := range raw.Message {
		out = append(out, byte(b))
	}
	return string(out)
}

// before is what stands in front of a message: the prefix of syslog or of the
// journal, and charon's thread and subsystem.
var before = regexp.MustCompile(`^(.*?\b(charon|charon-systemd|pluto|ipsec)(\[\d+\])?: )?(.*?\b\d+\[[A-Z]{3}\] )?`)

// known tells whether a rule knows a line.
func known(line string) bool {
	return slices.ContainsFunc(rows(), func(r row) bool { return strings.Contains(line, r.first) && r.pattern.MatchString(line) })
}

// event is what one line says.
type event struct {
	line   Line
	daemon string // charon, pluto
	what   string // mark, own, peer
	means  []string
	fields map[string]string
}

// events are those of a line that count at that stage. Of own findings and
// refusals the first row counts, so that a general one may stand behind a special
// one; marks all count.
func events(line Line, stage string) []event {
	var list []event
	decided := false
	for _, r := range rows() {
		if r.stage != "any" && r.stage != stage || decided && r.what != "mark" || !strings.Contains(line.Text, r.first) {
			continue
		}
		match := r.pattern.FindStringSubmatch(line.Text)
		if match == nil {
			continue
		}
		e := event{line, r.daemon, r.what, r.means, map[string]string{}}
		for i, name := range r.pattern.SubexpNames() {
			if name != "" {
				e.fields[name] = match[i]
			}
		}
		decided = decided || r.what != "mark"
		list = append(list, e)
	}
	return list
}

// has tells whether an event is one of these marks.
func (e event) has(marks ...string) bool {
	return e.what == "mark" && slices.Contains(marks, e.means[0])
}
