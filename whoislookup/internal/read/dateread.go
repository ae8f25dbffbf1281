package read

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
)

type datePick uint8

const (
	firstDate datePick = iota // the first of several values counts
	lastDate                  // the last one does: RPSL lists changes in order
)

// date reads the value of e into dst.
func (r *reader) date(dst *answer.Date, field string, e *entry, pick datePick) {
	if *dst != "" && pick == firstDate {
		return
	}
	text := r.in(e.value)
	low := r.lower(e.value)
	switch {
	case isNothing(low):
		r.list(&r.rec.Empty, field)
		return
	case isRedacted(low):
		r.list(&r.rec.Redacted, field)
		return
	}
	d, ok := r.readDate(text, low)
	if !ok { // "hm-changed@apnic.net 20041222", "x AT isoc.org.il 19990605 (Assigned)"
		if i := strings.LastIndexByte(text, '('); i > 0 {
			text, low = strings.TrimSpace(text[:i]), strings.TrimSpace(low[:i])
		}
		if i := strings.LastIndexByte(text, ' '); i > 0 && (len(text)-i == 9 || len(text)-i == 15) {
			d, ok = r.readDate(text[i+1:], low[i+1:])
		}
	}
	if !ok {
		if *dst == "" {
			r.rec.Unparsed = append(r.rec.Unparsed, field+": "+text)
		}
		return
	}
	if *dst != "" {
		r.unnote(field)
	}
	*dst = d
	r.note(field, 0, e.line)
}

// readDate reads a date. low is text in lower case.
func (r *reader) readDate(text, low string) (answer.Date, bool) {
	var buf [40]byte
	switch built, ok := parseDate(buf[:0], text, low, r.dates); {
	case !ok:
		return "", false
	case built == nil:
		return answer.Date(text), true
	default:
		return answer.Date(r.keep(built)), true
	}
}
