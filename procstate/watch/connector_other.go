//go:build !linux || opskit_portable

package watch

import (
	"context"
	"errors"
	"time"

	"github.com/opskit-go/opskit"
)

// connector is only to be had on Linux.
type connector struct{}

func listen() (*connector, error) {
	return nil, &opskit.Error{Op: "open process connector", Err: errors.ErrUnsupported}
}

func (c *connector) close() {}

func (c *connector) until(context.Context, time.Time, func(Event, error) bool) bool { return false }
