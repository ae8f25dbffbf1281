//go:build !linux || opskit_portable || (!amd64 && !arm64)

package inject

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/procstate"
)

func TestUnsupportedElsewhere(t *testing.T) {
	_, err := Injector{}.Prepare(t.Context(), procstate.ID{PID: 2, Start: 2})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = Injector{}.Apply(t.Context(), Plan{})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}
