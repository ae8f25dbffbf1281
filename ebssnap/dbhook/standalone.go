package dbhook

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/opskit-go/opskit/ebssnap"
)

// freeze prepares and freezes, and returns a Thawer that also closes what Prepare took and that ctx
// thaws.
func freeze(ctx context.Context, hook ebssnap.Preparer) (ebssnap.Thawer, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, wrap("freeze", "", ebssnap.ErrUsage)
	}
	prepared, err := hook.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	thawer, err := prepared.Freeze(ctx)
	if err != nil {
		return nil, errors.Join(err, prepared.Close())
	}
	t := &standalone{}
	t.thaw = sync.OnceValue(func() error { return errors.Join(thawer.Thaw(), prepared.Close()) })
	t.stop = context.AfterFunc(ctx, func() {
		t.early.Store(true)
		_ = t.thaw()
	})
	return t, nil
}

type standalone struct {
	thaw  func() error
	stop  func() bool
	early atomic.Bool // ctx thawed
}

func (t *standalone) Thaw() error {
	t.stop()
	err := t.thaw()
	if t.early.Load() && !errors.Is(err, ebssnap.ErrThawedEarly) {
		err = errors.Join(err, wrap("hold", "", ebssnap.ErrThawedEarly))
	}
	return err
}
