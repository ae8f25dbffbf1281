package contract_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
)

type kind struct{}

// sample keeps every rule; how breaks one of them.
type sample struct {
	Found     string            `json:"found,omitempty"`
	Took      any               `json:"took_ns,omitempty"`
	At        time.Time         `json:"at,omitzero"`
	Null      *int              `json:"null"`
	Unseen    []opskit.Gap      `json:"unseen,omitempty"`
	Undecided []opskit.Gap      `json:"undecided,omitempty"`
	Verdict   opskit.Enum[kind] `json:"verdict"`
	times     int
}

type good struct{ sample }

var one = 1

func make1(how string) opskit.Result {
	r := &good{sample{Found: "it", Null: &one, At: time.Unix(1, 0).UTC(), Took: 5}}
	r.Judge()
	return broken[how](r)
}

func (g *good) Judge() opskit.Level {
	g.times++
	g.Verdict, g.Undecided = "", nil
	switch g.Found {
	case "":
		g.Undecided = []opskit.Gap{{What: "what is there", Why: "nobody looked"}}
	default:
		g.Verdict = "glad"
	}
	return g.Level()
}

func (g *good) Level() opskit.Level {
	if g.Verdict == "glad" {
		return opskit.OK
	}
	return opskit.Unknown
}

func (g *good) Gaps() []opskit.Gap {
	gaps := append(g.Unseen[:len(g.Unseen):len(g.Unseen)], g.Undecided...)
	if g.Level() == opskit.Unknown && len(gaps) == 0 {
		gaps = append(gaps, opskit.Gap{What: "all", Why: "not judged"})
	}
	return gaps
}

func (g *good) String() string {
	return strings.Join([]string{g.Verdict.String() + ": " + opskit.Escape(g.Found), opskit.NotChecked(g)}, "\n")
}

// Each of these breaks one rule.
type (
	level      struct{ good }
	mute       struct{ good }
	gapless    struct{ good }
	emptyGap   struct{ good }
	claims     struct{ good }
	raw        struct{ good }
	forges     struct{ good }
	late       struct{ good }
	panics     struct{ good }
	zeroOK     struct{ good }
	absence    struct{ good }
	forgets    struct{ good }
	counts     struct{ good }
	keeps      struct{ good }
	newerOK    struct{ good }
	newerLost  struct{ good }
	unmarshals struct{ good }
)

func (*level) Level() opskit.Level   { return "fine" }
func (m *mute) String() string       { return m.Verdict.String() }
func (*gapless) Gaps() []opskit.Gap  { return nil }
func (*emptyGap) Gaps() []opskit.Gap { return []opskit.Gap{{}} }
func (c *claims) String() string     { return c.Verdict.String() + "\nnot checked: nothing more" }

func (r *raw) String() string {
	return "glad " + strings.ReplaceAll(r.Found, "\n", "") + "\n" + opskit.NotChecked(r)
}
func (f *forges) String() string    { return "glad " + f.Found + "\n" + opskit.NotChecked(f) }
func (l *late) String() string      { return opskit.NotChecked(l) }
func (p *panics) String() string    { return p.Found[:1] + "\n" + opskit.NotChecked(p) }
func (*zeroOK) Level() opskit.Level { return opskit.OK }
func (n *newerOK) Level() opskit.Level {
	return map[bool]opskit.Level{true: opskit.OK}[n.Verdict != ""]
}
func (*unmarshals) UnmarshalJSON([]byte) error  { return errors.New("no") }
func (*newerLost) MarshalJSON() ([]byte, error) { return []byte(`{"verdict":"glad"}`), nil }

func (a *absence) Judge() opskit.Level {
	a.Verdict = "glad"
	return opskit.OK
}

func (c *counts) Judge() opskit.Level {
	c.good.Judge()
	c.Unseen = append(c.Unseen, opskit.Gap{What: "a", Why: "b"})
	return c.Level()
}

// Judge rests on something that is not saved.
func (f *forgets) Judge() opskit.Level {
	f.good.Judge()
	if f.times == 1 {
		f.Verdict = ""
	}
	return f.Level()
}

func (k *keeps) Judge() opskit.Level { return k.Level() }

var broken = map[string]func(*good) opskit.Result{
	"":                             func(g *good) opskit.Result { return g },
	"level is known":               func(g *good) opskit.Result { return &level{*g} },
	"not checked stands last":      func(g *good) opskit.Result { return &mute{*g} },
	"an unknown has a gap":         func(g *good) opskit.Result { return &gapless{*g} },
	"a gap says what and why":      func(g *good) opskit.Result { return &emptyGap{*g} },
	"nothing more is a claim":      func(g *good) opskit.Result { return &claims{*g} },
	"text is safe on a terminal":   func(g *good) opskit.Result { return &raw{*g} },
	"nobody forges a line":         func(g *good) opskit.Result { return &forges{*g} },
	"the verdict stands first":     func(g *good) opskit.Result { return &late{*g} },
	"no panic":                     func(g *good) opskit.Result { return &panics{*g} },
	"zero is unknown":              func(g *good) opskit.Result { return &zeroOK{*g} },
	"absence is no evidence":       func(g *good) opskit.Result { return &absence{*g} },
	"round trip":                   func(g *good) opskit.Result { return &unmarshals{*g} },
	"judged again alike":           func(g *good) opskit.Result { return &forgets{*g} },
	"twice is once":                func(g *good) opskit.Result { return &counts{*g} },
	"judging sets back":            func(g *good) opskit.Result { return &keeps{*g} },
	"a newer verdict is unknown":   func(g *good) opskit.Result { return &newerOK{*g} },
	"a newer verdict survives":     func(g *good) opskit.Result { return &newerLost{*g} },
	"JSON has no null":             func(g *good) opskit.Result { g.Null = nil; return g },
	"a duration is a whole number": func(g *good) opskit.Result { g.Took = "5s"; return g },
	"a time is UTC":                func(g *good) opskit.Result { g.At = time.Unix(1, 0).In(time.FixedZone("", 3600)); return g },
	"JSON texts are snake_case":    func(g *good) opskit.Result { g.Verdict = "Glad Tidings"; return g },
	"marshals":                     func(g *good) opskit.Result { g.Took = make(chan int); return g },
}

// A suite that cannot fail holds nobody to anything: every rule is broken once.
func TestEveryRuleCanFail(t *testing.T) {
	for rule := range broken {
		if rule == "" {
			assert.Empty(t, contract.Broken(contract.Package{Prefix: "test_", Results: map[string]opskit.Result{"good": make1("")}}))
			continue
		}
		said := contract.Broken(contract.Package{Prefix: "test_", Results: map[string]opskit.Result{"bad": make1(rule)}})
		assert.Contains(t, strings.Join(said, "\n"), "bad: "+rule+": ", "nobody noticed")
	}
}

func TestSentinelRulesCanFail(t *testing.T) {
	said := func(sentinels ...error) string {
		return strings.Join(contract.Broken(contract.Package{Prefix: "test_", Sentinels: sentinels}), "\n")
	}
	a, b := opskit.Sentinel("test_a", "a"), opskit.Sentinel("test_b", "b")
	assert.Empty(t, said(a, b, opskit.Sentinel("test_c", "c", a)))
	assert.Contains(t, said(errors.New("plain")), "a sentinel has a code")
	assert.Contains(t, said(opskit.Sentinel("other_a", "a")), "a sentinel has a code")
	assert.Contains(t, said(opskit.Sentinel("test_Not Snake", "a")), "a sentinel has a code")
	assert.Contains(t, said(a, opskit.Sentinel("test_a", "b")), "a code is unique")
	assert.Contains(t, said(wrapper{a}), "an error read back matches the same")
}

// wrapper has the code of what it wraps, and is found by itself only.
type wrapper struct{ error }

func (w wrapper) Unwrap() error { return w.error }
