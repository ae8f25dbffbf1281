package read

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/message"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// refusal tells why an answer holds no object. It looks at each line for
// itself: what servers say about a query is a line of its own, while the terms
// of use, which speak of limits and availability too, are paragraphs.
func (r *reader) refusal(server string) (answer.Verdict, error) {
	if strings.Contains(r.low, "<html") || strings.Contains(r.low, "<!doctype html") {
		for _, p := range [...]string{"429", "too many requests", "rate limit"} {
			if strings.Contains(r.low, p) {
				return answer.VerdictThrottled, fmt.Errorf("a web page that says %q: %w", p, ErrThrottled)
			}
		}
		return answer.VerdictUnknown, fmt.Errorf("a web page: %w", ErrGarbage)
	}
	switch sense := r.sense(); {
	case sense == message.Held:
		return answer.VerdictUnknown, fmt.Errorf("somebody has it, and no more is told: %w", ErrGarbage)
	case sense != message.Nothing:
		return verdictOfSense(sense), SentinelOf(verdictOfSense(sense))
	}
	if r.isARIN(server) && r.onlyComments() {
		// ARIN cuts off who asks too much: the terms of use, and nothing after.
		return answer.VerdictThrottled, fmt.Errorf("only the terms of use: %w", ErrThrottled)
	}
	return answer.VerdictUnknown, ErrGarbage
}

// verdictOfSense is what a message means for the record.
func verdictOfSense(s message.Sense) answer.Verdict {
	switch s {
	case message.Absent:
		return answer.VerdictNotFound
	case message.Reserved:
		return answer.VerdictReserved
	case message.Denied:
		return answer.VerdictDenied
	case message.Throttled, message.Reduced:
		return answer.VerdictThrottled
	}
	return answer.VerdictUnknown
}

// sense reads the messages of an answer.
func (r *reader) sense() message.Sense {
	if !r.heard {
		r.heard, r.said = true, r.listen()
	}
	return r.said
}

func (r *reader) listen() message.Sense {
	best := message.Nothing
	prose, run := 0, 0 // entries up to here are a paragraph, or at least looked at
	terms := 0         // and up to here, terms of use
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.KindBlank {
			continue
		}
		if i >= run {
			if run = r.paragraph(i); run > i {
				prose = run
			} else if !r.rule(e) {
				run = r.runEnd(i)
			}
		}
		if i < prose {
			continue
		}
		if i >= terms {
			var said string
			if terms, said = r.goesOn(i); terms == i+1 || !message.Terms(said) {
				if terms > i+1 {
					best = max(best, message.Of(said))
				}
				terms = i // each line for itself too
			}
		}
		if i >= terms {
			best = max(best, message.Of(r.line(i)))
		}
	}
	return best
}

// line is what a line says, label and all.
func (r *reader) line(i int) string {
	if e := &r.ents[i]; e.kind == rpsl.KindAttribute {
		return r.in(r.whole(e).value)
	}
	return r.in(r.ents[i].value)
}

// goesOn returns the text that starts at line i and goes on as running text does,
// line after line as wide as can be, and the line behind it.
func (r *reader) goesOn(i int) (end int, text string) {
	for end = i; ; {
		line := r.line(end)
		text += " " + line
		wide := 40
		if r.ents[end].kind == rpsl.KindAttribute {
			wide = 60
		}
		end++
		if end < len(r.ents) && r.framed(&r.ents[end]) != r.framed(&r.ents[i]) {
			return end, text
		}
		if len(line) < wide || strings.IndexByte(".!?:;<*", line[len(line)-1]) >= 0 || end == len(r.ents) ||
			r.ents[end].kind != r.ents[i].kind && (r.ents[end].kind != rpsl.KindText || r.ents[i].kind != rpsl.KindAttribute) {
			return end, text
		}
	}
}

// paragraph returns the entry after the paragraph that starts at entry i, or i
// if none starts there: at least five lines in a row, half a screen wide on
// average. A frame around the terms of use, "[ ... ]", ends where the lines
// without one start.
func (r *reader) paragraph(i int) int {
	end, width := i, 0
	for end < len(r.ents) && r.ents[end].kind != rpsl.KindBlank {
		e := &r.ents[end]
		if r.framed(e) != r.framed(&r.ents[i]) {
			break
		}
		n := int(max(e.value.to, e.name.to) - e.value.from)
		if e.kind == rpsl.KindAttribute {
			n = int(max(e.value.to, e.name.to) - e.name.from)
		}
		if n < 3 || r.rule(e) {
			break
		}
		width += n
		end++
	}
	if n := end - i; n >= 5 && width >= 48*n {
		return end
	}
	return i
}

// framed reports whether a line stands in brackets as a whole.
func (r *reader) framed(e *entry) bool {
	return e.tag == ']' && e.value.empty() && e.name.to-e.name.from > labels.Max
}

// runEnd returns the entry behind those that follow one another without a
// blank line or a rule.
func (r *reader) runEnd(i int) int {
	for i++; i < len(r.ents) && r.ents[i].kind != rpsl.KindBlank && r.ents[i].value.to-r.ents[i].value.from >= 3; i++ {
		if r.rule(&r.ents[i]) {
			break
		}
	}
	return i
}

// rule reports whether a line is a rule, or "%" alone.
func (r *reader) rule(e *entry) bool {
	return e.kind != rpsl.KindAttribute && strings.Trim(r.in(e.value), "%#*-=> \t") == ""
}

func (r *reader) onlyComments() bool {
	for i := range r.ents {
		if k := r.ents[i].kind; k != rpsl.KindComment && k != rpsl.KindBlank {
			return false
		}
	}
	return true
}
