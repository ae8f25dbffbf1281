// Package contract holds the packages of this module to what package opskit
// promises in their name: by behaviour, over results that each of them makes, not
// by the names of fields. See [Check].
package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opskit-go/opskit"
)

// Package is what one package, or sub-package, shows of itself.
type Package struct {
	// Prefix begins the code of every sentinel: "procstate_".
	Prefix string
	// Results are samples by name, at least one of every exported type with a
	// verdict, and of each of its levels where that can be made. Each is judged,
	// and a pointer where its methods want one.
	Results map[string]opskit.Result
	// Sentinels are all that the package exports.
	Sentinels []error
}

// Check fails t for every rule that p breaks.
func Check(t *testing.T, p Package) {
	t.Helper()
	for _, broken := range Broken(p) {
		t.Error(broken)
	}
}

// Broken lists the rules that p breaks, as "sample: rule: what was seen".
func Broken(p Package) []string {
	c := &checks{}
	for name, result := range p.Results {
		c.sample = name
		c.result(result)
	}
	c.sample = p.Prefix
	c.sentinels(p)
	slices.Sort(c.broken)
	return slices.Compact(c.broken)
}

type checks struct {
	sample string
	broken []string
}

func (c *checks) say(rule, format string, args ...any) {
	c.broken = append(c.broken, c.sample+": "+rule+": "+fmt.Sprintf(format, args...))
}

// result runs every rule on one sample.
func (c *checks) result(sample opskit.Result) {
	text, err := json.Marshal(sample)
	if err != nil {
		c.say("marshals", "%v", err)
		return
	}
	c.shape(text)
	c.answer(sample, "as made")
	empty := fresh(sample)
	c.zero(empty)

	back := fresh(sample)
	if err := json.Unmarshal(text, back); err != nil {
		c.say("round trip", "%v", err)
		return
	}
	c.same("round trip", text, back)
	c.judging(sample, text)
	c.unknownValue(sample, text)
	c.mutations(sample, text)
}

// fresh makes a pointer to a zero value of the sample's type.
func fresh(sample opskit.Result) opskit.Result {
	typ := reflect.TypeOf(sample)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return reflect.New(typ).Interface().(opskit.Result)
}

// answer asks a result for its level, gaps and text, and holds them to one another.
func (c *checks) answer(r opskit.Result, when string) {
	var level opskit.Level
	var gaps []opskit.Gap
	var text string
	if !c.calm(when, func() { level, gaps, text = r.Level(), r.Gaps(), r.String() }) {
		return
	}
	if !slices.Contains([]opskit.Level{opskit.Unknown, opskit.OK, opskit.Warning, opskit.Problem}, level) {
		c.say("level is known", "%s: %q", when, level)
	}
	if level == opskit.Unknown && len(gaps) == 0 {
		c.say("an unknown has a gap", "%s", when)
	}
	for _, gap := range gaps {
		if (gap.What == "" || gap.Why == "") && !strings.HasPrefix(when, without) {
			c.say("a gap says what and why", "%s: %+v", when, gap)
		}
	}
	lines := strings.Split(text, "\n")
	last := lines[len(lines)-1]
	switch {
	case strings.TrimSpace(lines[0]) == "" || strings.HasPrefix(lines[0], "not checked:"):
		c.say("the verdict stands first", "%s: %q", when, text)
	case !strings.HasPrefix(last, "not checked: "):
		c.say("not checked stands last", "%s: %q", when, last)
	case last == "not checked: nothing more" && (level == opskit.Unknown || len(gaps) > 0):
		c.say("nothing more is a claim", "%s: level %s, gaps %v", when, level, gaps)
	}
	for _, line := range lines {
		if opskit.Escape(line) != line {
			c.say("text is safe on a terminal", "%s: %q", when, line)
		}
		if strings.HasPrefix(strings.TrimSpace(line), forged) {
			c.say("nobody forges a line", "%s: %q", when, line)
		}
	}
}

// calm runs f and tells whether it did not panic.
func (c *checks) calm(when string, f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			c.say("no panic", "%s: %v", when, r)
		}
	}()
	f()
	return true
}

// zero: the zero value is unknown, and judging nothing gives nothing else.
func (c *checks) zero(empty opskit.Result) {
	const when = "zero value"
	c.answer(empty, when)
	c.calm(when, func() {
		if level := empty.Level(); level != opskit.Unknown {
			c.say("zero is unknown", "%s", level)
		}
	})
	judged, ok := empty.(opskit.Judged)
	if !ok {
		return
	}
	c.calm("zero value, judged", func() {
		if level := judged.Judge(); level == opskit.OK || level == opskit.Warning {
			c.say("absence is no evidence", "judging nothing gives %s", level)
		}
	})
	c.answer(empty, "zero value, judged")
}

// same compares the JSON of r with text.
func (c *checks) same(rule string, text []byte, r opskit.Result) {
	again, err := json.Marshal(r)
	if err != nil || string(again) != string(text) {
		c.say(rule, "%v\n  was: %s\n  is:  %s", err, text, again)
	}
}

// judging: a read-back sample, also one whose verdict was overwritten, is judged
// as the sample was, and so it is the second time.
func (c *checks) judging(sample opskit.Result, text []byte) {
	if _, ok := sample.(opskit.Judged); !ok {
		return
	}
	for rule, from := range map[string][]byte{"judged again alike": text, "judging sets back": overwritten(text)} {
		back := fresh(sample)
		if json.Unmarshal(from, back) != nil {
			continue
		}
		judged := back.(opskit.Judged)
		c.calm(rule, func() {
			if level := judged.Judge(); level != sample.Level() || level != judged.Level() {
				c.say(rule, "level %s, was %s", level, sample.Level())
			}
			c.same(rule, text, back)
			judged.Judge()
			c.same("twice is once", text, back)
		})
	}
}

// without begins the name of a sample that lacks a part which its maker gave it.
const without = "without "

// newer is a verdict that no program knows yet.
const newer = "newer_than_this_program"

// overwritten is text with another verdict at its top, and one more gap in the
// list of what judging found undecided.
func overwritten(text []byte) []byte {
	var tree map[string]any
	if json.Unmarshal(text, &tree) != nil {
		return text
	}
	if _, ok := tree["verdict"]; ok {
		tree["verdict"] = newer
	}
	if list, ok := tree["undecided"].([]any); ok {
		tree["undecided"] = append(list, map[string]any{"what": "x", "why": "y"})
	}
	out, err := json.Marshal(tree)
	if err != nil {
		return text
	}
	return out
}

// unknownValue: a verdict by a newer program survives, and reads as unknown.
func (c *checks) unknownValue(sample opskit.Result, text []byte) {
	if !strings.Contains(string(text), `"verdict":`) {
		return
	}
	back := fresh(sample)
	if err := json.Unmarshal(overwritten(text), back); err != nil {
		c.say("a newer verdict is read", "%v", err)
		return
	}
	var top struct {
		Verdict string `json:"verdict"`
	}
	again, err := json.Marshal(back)
	if err != nil || json.Unmarshal(again, &top) != nil || top.Verdict != newer && top.Verdict != "" {
		c.say("a newer verdict survives", "%v: %s", err, again)
	}
	if top.Verdict == newer {
		c.calm("a newer verdict", func() {
			if level := back.Level(); level != opskit.Unknown {
				c.say("a newer verdict is unknown", "%s", level)
			}
		})
		c.answer(back, "a newer verdict")
	}
}

// sentinels: codes are there, prefixed, and what is read back matches what the
// original matched and nothing else.
func (c *checks) sentinels(p Package) {
	for _, sentinel := range p.Sentinels {
		codes := opskit.Codes(sentinel)
		if len(codes) == 0 || !strings.HasPrefix(codes[0], p.Prefix) || !snake.MatchString(codes[0]) {
			c.say("a sentinel has a code", "%v: %v", sentinel, codes)
			continue
		}
		text, err := json.Marshal(opskit.Fail(&opskit.Error{Op: "try", Target: "it", Err: sentinel}))
		var back opskit.Failure
		if err != nil || json.Unmarshal(text, &back) != nil {
			c.say("an error marshals", "%v: %s", err, text)
			continue
		}
		for _, other := range p.Sentinels {
			if errors.Is(sentinel, other) != errors.Is(back.Err(), other) {
				c.say("an error read back matches the same", "%v against %v", sentinel, other)
			}
			if sentinel != other && opskit.Codes(other)[0] == codes[0] {
				c.say("a code is unique", "%s", codes[0])
			}
		}
	}
}
