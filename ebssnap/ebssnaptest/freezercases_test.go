package ebssnaptest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// conforms runs every case that applies to a subject.
func conforms(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range FreezerCases() {
		if !c.Applies(s) {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
}

// gate is an application that one owner at a time can stop.
type gate struct {
	mu    sync.Mutex
	owner *int
}

func (g *gate) stopped() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.owner != nil
}

func (g *gate) take(owner *int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.owner != nil {
		return false
	}
	g.owner = owner
	return true
}

func (g *gate) give(owner *int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.owner == owner {
		g.owner = nil
	}
}

// hook stops the gate after a while, if ctx lasts so long.
func (g *gate) hook(took time.Duration) ebssnap.Hook {
	owner := new(int)
	return ebssnap.Hook{
		Name: "gate",
		Stop: func(ctx context.Context) error {
			if err := wait(ctx, took); err != nil {
				return err
			}
			if !g.take(owner) {
				return errors.New("stopped by another")
			}
			return nil
		},
		Start: func() error {
			g.give(owner)
			return nil
		},
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errNo = errors.New("no")

func TestHookConforms(t *testing.T) {
	var g gate
	conforms(t, Subject{
		New:     func() ebssnap.Freezer { return g.hook(10 * time.Millisecond) },
		Stopped: g.stopped,
		Failing: func() ebssnap.Freezer {
			h := g.hook(0)
			stop := h.Stop
			h.Stop = func(ctx context.Context) error { return errors.Join(stop(ctx), errNo) }
			return h
		},
	})
}

func TestFreezersConform(t *testing.T) {
	var one, two gate
	conforms(t, Subject{
		New: func() ebssnap.Freezer {
			return ebssnap.Freezers(one.hook(time.Millisecond), two.hook(10*time.Millisecond))
		},
		Stopped: func() bool { return one.stopped() || two.stopped() },
		Failing: func() ebssnap.Freezer {
			return ebssnap.Freezers(one.hook(0), two.hook(0), ebssnap.Hook{Stop: func(context.Context) error { return errNo }})
		},
	})
}

func TestFakeFreezerConforms(t *testing.T) {
	fake, failing := &ebssnaptest.Freezer{Took: time.Millisecond}, &ebssnaptest.Freezer{FailWith: errNo}
	conforms(t, Subject{
		New:     func() ebssnap.Freezer { return fake },
		Stopped: func() bool { return fake.Frozen() || failing.Frozen() },
		Failing: func() ebssnap.Freezer { return failing },
	})
}

// whole is a Freezer, and a Thawer, of two functions.
type whole struct {
	freeze  func(ctx context.Context) (ebssnap.Thawer, error)
	prepare func(ctx context.Context) (ebssnap.Prepared, error)
}

func (w whole) Freeze(ctx context.Context) (ebssnap.Thawer, error) { return w.freeze(ctx) }

type preparing struct{ whole }

func (p preparing) Prepare(ctx context.Context) (ebssnap.Prepared, error) { return p.prepare(ctx) }

type thaw func() error

func (t thaw) Thaw() error { return t() }

type prepared struct {
	whole
	close func() error
}

func (p prepared) Close() error { return p.close() }

// TestEveryCaseFindsAFreezerThatBreaksItsRule breaks one rule at a time: a case that cannot fail
// would prove nothing.
func TestEveryCaseFindsAFreezerThatBreaksItsRule(t *testing.T) {
	type broken struct {
		rule    string
		subject func(g *gate) Subject
	}
	// plain freezes with freeze, and thaws with undo.
	plain := func(g *gate, freeze func(ctx context.Context, owner *int) error, undo func(owner *int) error) Subject {
		return Subject{Stopped: g.stopped, New: func() ebssnap.Freezer {
			owner := new(int)
			return whole{freeze: func(ctx context.Context) (ebssnap.Thawer, error) {
				if err := freeze(ctx, owner); err != nil {
					return nil, err
				}
				return thaw(func() error { return undo(owner) }), nil
			}}
		}}
	}
	take := func(g *gate) func(context.Context, *int) error {
		return func(ctx context.Context, owner *int) error {
			if ctx.Err() != nil || !g.take(owner) {
				return errNo
			}
			return nil
		}
	}
	give := func(g *gate) func(*int) error {
		return func(owner *int) error {
			g.give(owner)
			return nil
		}
	}
	open := func(g *gate) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.owner = nil
	}
	tests := []broken{
		{"stops writers", func(g *gate) Subject {
			return plain(g, func(context.Context, *int) error { return nil }, func(*int) error { return nil })
		}},
		{"thaw lets writers run", func(g *gate) Subject {
			return plain(g, take(g), func(*int) error { return nil })
		}},
		{"thaw again gives the same answer", func(g *gate) Subject {
			return plain(g, take(g), func(owner *int) error {
				if !g.stopped() {
					return errNo
				}
				return give(g)(owner)
			})
		}},
		{"thaw again leaves the next freeze alone", func(g *gate) Subject {
			return plain(g, take(g), func(*int) error {
				open(g)
				return nil
			})
		}},
		{"concurrent thaws all wait", func(g *gate) Subject {
			var begun sync.Map
			return plain(g, take(g), func(owner *int) error {
				if _, others := begun.LoadOrStore(owner, true); others {
					return nil // although the thaw that began first has not ended
				}
				_ = wait(t.Context(), 50*time.Millisecond)
				return give(g)(owner)
			})
		}},
		{"an ended context stops nothing", func(g *gate) Subject {
			return plain(g, func(_ context.Context, owner *int) error {
				g.take(owner)
				return nil
			}, give(g))
		}},
		{"a deadline during the freeze", func(g *gate) Subject {
			return plain(g, func(ctx context.Context, owner *int) error {
				if ctx.Err() != nil || !g.take(owner) {
					return errNo
				}
				return wait(ctx, 20*time.Millisecond) // and forgets to undo
			}, give(g))
		}},
		{"a second freeze leaves the first alone", func(g *gate) Subject {
			return plain(g, func(ctx context.Context, owner *int) error {
				if !g.take(owner) {
					open(g)
					return errNo
				}
				return nil
			}, give(g))
		}},
		{"again and again", func(g *gate) Subject {
			used := false
			return plain(g, func(ctx context.Context, owner *int) error {
				if used {
					return errNo
				}
				used = true
				return take(g)(ctx, owner)
			}, give(g))
		}},
		{"thaws under Hold at the end of the budget", func(g *gate) Subject {
			return plain(g, take(g), func(owner *int) error {
				_ = wait(t.Context(), 450*time.Millisecond)
				return give(g)(owner)
			})
		}},
		{"a failed freeze stops nothing", func(g *gate) Subject {
			s := plain(g, take(g), give(g))
			s.Failing = func() ebssnap.Freezer {
				return whole{freeze: func(ctx context.Context) (ebssnap.Thawer, error) {
					return nil, errors.Join(take(g)(ctx, new(int)), errNo)
				}}
			}
			return s
		}},
		{"prepare stops nothing", func(g *gate) Subject {
			s := plain(g, take(g), give(g))
			simple := s.New
			s.New = func() ebssnap.Freezer {
				f := simple().(whole)
				f.prepare = func(ctx context.Context) (ebssnap.Prepared, error) {
					thawer, err := f.freeze(ctx)
					if err != nil {
						return nil, err
					}
					return prepared{whole{freeze: func(context.Context) (ebssnap.Thawer, error) { return thawer, nil }}, thawer.Thaw}, nil
				}
				return preparing{f}
			}
			return s
		}},
		{"close thaws", func(g *gate) Subject {
			s := plain(g, take(g), give(g))
			simple := s.New
			s.New = func() ebssnap.Freezer {
				f := simple().(whole)
				f.prepare = func(context.Context) (ebssnap.Prepared, error) {
					return prepared{f, func() error { return nil }}, nil
				}
				return preparing{f}
			}
			return s
		}},
		{"thaws by itself when its context ends", func(g *gate) Subject {
			s := plain(g, take(g), give(g))
			s.Alone = true
			return s
		}},
		{"says that it thawed by itself", func(g *gate) Subject {
			s := plain(g, func(ctx context.Context, owner *int) error {
				context.AfterFunc(ctx, func() { g.give(owner) })
				return take(g)(ctx, owner)
			}, give(g))
			s.Alone = true
			return s
		}},
	}
	var rules []string
	for _, test := range tests {
		rules = append(rules, test.rule)
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			for _, c := range FreezerCases() {
				if c.Name != test.rule {
					continue
				}
				s := test.subject(&gate{})
				s.Within = 300 * time.Millisecond
				require.True(t, c.Applies(s))
				err := c.Check(t.Context(), s)
				require.ErrorContains(t, err, c.Name)
				require.ErrorContains(t, err, c.Explanation)
				if c.Name == "stops writers" {
					assert.ErrorContains(t, checkFreezer(t.Context(), s), c.Explanation)
				}
			}
		})
	}
	var names []string
	for _, c := range FreezerCases() {
		names = append(names, c.Name)
		assert.NotEmpty(t, c.Explanation)
	}
	assert.Equal(t, names, rules, "every rule has a freezer that breaks it")
}

// The freezers above break nothing but their rule because this one, made of the same parts, breaks
// none.
func TestTheUnbrokenFreezerConforms(t *testing.T) {
	var g gate
	require.NoError(t, checkFreezer(t.Context(), Subject{
		Stopped: g.stopped,
		New: func() ebssnap.Freezer {
			owner := new(int)
			return whole{freeze: func(ctx context.Context) (ebssnap.Thawer, error) {
				if ctx.Err() != nil || !g.take(owner) {
					return nil, errNo
				}
				return thaw(func() error {
					g.give(owner)
					return nil
				}), nil
			}}
		},
	}))
}
