package contract

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// forged begins a line that only a hostile value can have put into a text.
const forged = "FORGED"

// hostile is what strangers may write into any field.
const hostile = "\x1b[2J\n" + forged + ": all is well\u202e\u0085\u200b"

var snake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// mostMutations bounds the work on one sample.
const mostMutations = 600

// mutations drops every part of the sample's JSON, and makes every text in it
// hostile, one at a time: what can still be read is judged and printed.
func (c *checks) mutations(sample opskit.Result, text []byte) {
	var tree any
	if json.Unmarshal(text, &tree) != nil {
		return
	}
	n := 0
	try := func(when string) {
		n++
		mutated, err := json.Marshal(tree)
		back := fresh(sample)
		if n > mostMutations || err != nil || json.Unmarshal(mutated, back) != nil {
			return // refused by its reader, which is an answer too
		}
		c.answer(back, when)
		if judged, ok := back.(opskit.Judged); ok && c.calm(when+", judged", func() { judged.Judge() }) {
			c.answer(back, when+", judged")
		}
	}
	walk(tree, "", func(path string, put func(any), value any) {
		put(nil)
		try(without + path)
		if s, ok := value.(string); ok {
			put(s + hostile)
			try("hostile " + path)
			put(hostile)
			try("all hostile " + path)
		}
		put(value)
	})
}

// walk calls f for every value below v with a way to replace it; nil removes it.
func walk(v any, path string, f func(path string, put func(any), value any)) {
	switch node := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			value := node[key]
			f(path+"."+key, func(other any) {
				if node[key] = other; other == nil {
					delete(node, key)
				}
			}, value)
			walk(value, path+"."+key, f)
		}
	case []any:
		for i, value := range node {
			f(path+"[]", func(other any) { node[i] = other }, value)
			walk(value, path+"[]", f)
		}
	}
}

// shape holds the JSON of a sample to the forms that all packages share.
func (c *checks) shape(text []byte) {
	var tree any
	if json.Unmarshal(text, &tree) != nil {
		return
	}
	walk(tree, "", func(path string, _ func(any), value any) {
		key := path[strings.LastIndex(path, ".")+1:]
		_, object := value.(map[string]any)
		switch s, isText := value.(string); {
		case value == nil:
			c.say("JSON has no null", "%s", path)
		case strings.HasSuffix(key, "_ns") && !whole(value):
			c.say("a duration is a whole number", "%s: %v", path, value)
		case isText && (key == "verdict" || key == "code") && !snake.MatchString(s):
			c.say("JSON texts are snake_case", "%s: %q", path, s)
		case isText && !object:
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil && at.Location() != time.UTC {
				c.say("a time is UTC", "%s: %s", path, s)
			}
		}
	})
}

func whole(value any) bool {
	if list, ok := value.([]any); ok { // of several durations each
		return !slices.ContainsFunc(list, func(one any) bool { return !whole(one) })
	}
	n, ok := value.(float64)
	return ok && n == float64(int64(n))
}
