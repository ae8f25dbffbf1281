//go:build !linux || opskit_portable

package reaper

import (
	"context"
	"errors"

	"github.com/opskit-go/opskit"
)

func (r Reaper) run(context.Context) (Report, error) { return Report{}, r.check() }

func (r Reaper) check() error {
	return &opskit.Error{Op: "reap orphans", Err: errors.ErrUnsupported}
}
