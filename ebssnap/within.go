package ebssnap

import (
	"context"
	"runtime"
	"time"
)

// A step that cannot be stopped is left to itself when its time is over and so much more has passed:
// steps of FS and of hooks, which say what is pending, and anything inside Hold.
const (
	grace = 700 * time.Millisecond
	limit = time.Second
)

// within waits for step until ctx has ended and more has passed, at least that long. A step that has
// not returned by then goes on by itself, and late gets what it returns. This is the one place where
// a goroutine outlives the call that started it: to wait for it would hang the caller with a device
// or a hook that does not answer.
func within[T any](ctx context.Context, more time.Duration, step func() T, late func(T)) (value T, ended bool) {
	type outcome struct {
		value    T
		returned bool
		panicked any
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panicked = recover()
			done <- o
		}()
		o.value = step()
		o.returned = true
	}()
	var over <-chan time.Time
	end := ctx.Done()
	for {
		select {
		case o := <-done:
			if o.panicked != nil {
				panic(o.panicked) //nolint:forbidigo // the step's own, passed on
			}
			if !o.returned {
				runtime.Goexit()
			}
			return o.value, true
		case <-end:
			end = nil
			timer := time.NewTimer(more)
			defer timer.Stop()
			over = timer.C
		case <-over:
			go func() {
				if o := <-done; o.returned {
					late(o.value)
				}
			}()
			return value, false
		}
	}
}
