package ebssnap

import "sync"

// onceThawer runs thaw once and gives every caller its answer.
type onceThawer struct {
	thaw  func() error
	inner []Thawer
	once  sync.Once
	err   error
}

func (t *onceThawer) Thaw() error {
	t.once.Do(func() { t.err = t.thaw() })
	return t.err
}

// unseen is a Thawer that knows what it could not see.
type unseen interface{ Unseen() []Gap }

// Unseen returns what the thawers inside could not see.
func (t *onceThawer) Unseen() []Gap {
	var gaps []Gap
	for _, inner := range t.inner {
		gaps = append(gaps, gapsOf(inner)...)
	}
	return gaps
}

func gapsOf(t Thawer) []Gap {
	if u, ok := t.(unseen); ok {
		return u.Unseen()
	}
	return nil
}
