package whoislookup

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// refusal tells why an answer holds no object. It looks at each line for
// itself: what servers say about a query is a line of its own, while the terms
// of use, which speak of limits and availability too, are paragraphs.
func (r *reader) refusal(server string) (Verdict, error) {
	if strings.Contains(r.low, "<html") || strings.Contains(r.low, "<!doctype html") {
		for _, p := range [...]string{"429", "too many requests", "rate limit"} {
			if strings.Contains(r.low, p) {
				return VerdictThrottled, fmt.Errorf("a web page that says %q: %w", p, ErrThrottled)
			}
		}
		return VerdictUnknown, fmt.Errorf("a web page: %w", ErrGarbage)
	}
	best := r.verdict(true)
	if best != VerdictUnknown {
		return best, sentinelOf(best)
	}
	if r.isARIN(server) && r.onlyComments() {
		// ARIN cuts off who asks too much: the terms of use, and nothing after.
		return VerdictThrottled, fmt.Errorf("only the terms of use: %w", ErrThrottled)
	}
	return VerdictUnknown, ErrGarbage
}

// verdict reads the messages of an answer. loose also takes those that no
// server is known to write.
func (r *reader) verdict(loose bool) Verdict {
	best, hint := VerdictUnknown, VerdictUnknown
	prose, run := 0, 0 // entries up to here are a paragraph, or at least looked at
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.Blank {
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
		low := strings.Trim(r.low[e.name.from:max(e.value.to, e.name.to)], "%#*>-;!<=[]() \t")
		if e.kind != rpsl.Attribute {
			low = strings.Trim(r.lower(e.value), "%#*>-;!<=[]() \t")
		}
		if v := messageClass(low); rank(v) > rank(best) {
			best = v
		}
		if loose && best == VerdictUnknown {
			if v := messageSense(low); rank(v) > rank(hint) {
				hint = v
			}
		}
	}
	if best == VerdictUnknown {
		return hint
	}
	return best
}

// paragraph returns the entry after the paragraph that starts at entry i, or i
// if none starts there: at least five lines in a row, half a screen wide on
// average. A frame around the terms of use, "[ ... ]", ends where the lines
// without one start.
func (r *reader) paragraph(i int) int {
	end, width := i, 0
	for end < len(r.ents) && r.ents[end].kind != rpsl.Blank {
		e := &r.ents[end]
		if r.framed(e) != r.framed(&r.ents[i]) {
			break
		}
		n := int(max(e.value.to, e.name.to) - e.value.from)
		if e.kind == rpsl.Attribute {
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
	return e.tag == ']' && e.value.empty() && e.name.to-e.name.from > maxLabel
}

// runEnd returns the entry behind those that follow one another without a
// blank line or a rule.
func (r *reader) runEnd(i int) int {
	for i++; i < len(r.ents) && r.ents[i].kind != rpsl.Blank && r.ents[i].value.to-r.ents[i].value.from >= 3; i++ {
		if r.rule(&r.ents[i]) {
			break
		}
	}
	return i
}

// rule reports whether a line is a rule, or "%" alone.
func (r *reader) rule(e *entry) bool {
	return e.kind != rpsl.Attribute && strings.Trim(r.in(e.value), "%#*-=> \t") == ""
}

// rank orders verdicts by what they take back: a server that throttles may say
// "no entries found" as well, and does not mean it.
func rank(v Verdict) int {
	switch v {
	case VerdictThrottled:
		return 4
	case VerdictDenied:
		return 3
	case VerdictReserved:
		return 2
	case VerdictNotFound:
		return 1
	}
	return 0
}

// maxMessage is about the longest line that a server uses for a message.
const maxMessage = 110

// messageClass tells what one line, in lower case, says about the query.
func messageClass(low string) Verdict {
	if len(low) > maxMessage { // its first sentence
		low, _, _ = strings.Cut(low, ". ")
	}
	if low == "" || len(low) > maxMessage {
		return VerdictUnknown
	}
	switch plain := strings.TrimRight(low, " ."); {
	case deniedStart.starts(low) || deniedAnywhere.in(low):
		return VerdictDenied
	case throttledAnywhere.in(low) && !strings.Contains(low, "is rate limited") && !strings.Contains(low, "use of"):
		return VerdictThrottled
	case reservedStart.starts(low), reservedAnywhere.in(low) && !strings.Contains(low, "rights") && !strings.Contains(low, " data "),
		low == "reserved", low == "restricted", low == "prohibited", low == "blocked", strings.HasSuffix(low, " is reserved"), strings.HasSuffix(low, " is restricted"):
		return VerdictReserved
	case absentStart.starts(low) && !absentNot.starts(low), absentAnywhere.in(low):
		return VerdictNotFound
	case strings.HasSuffix(plain, " no match"), strings.HasSuffix(plain, " is free"), strings.HasSuffix(plain, " is available"),
		strings.HasSuffix(low, " available") && len(low) < 60 && strings.Count(low, " ") <= 3:
		return VerdictNotFound
	}
	return messageAbroad(low)
}

func (r *reader) onlyComments() bool {
	for i := range r.ents {
		if k := r.ents[i].kind; k != rpsl.Comment && k != rpsl.Blank {
			return false
		}
	}
	return true
}
