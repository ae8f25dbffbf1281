//go:build !linux || opskit_portable

package reaper_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/procstate/reaper"
)

func TestUnsupportedElsewhere(t *testing.T) {
	_, err := reaper.Reaper{Subreaper: true}.Run(t.Context())
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorIs(t, reaper.Reaper{}.Check(), errors.ErrUnsupported)
}
