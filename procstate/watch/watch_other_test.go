//go:build !linux || opskit_portable

package watch

import (
	"errors"
	"testing"
	"time"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWatchGoesOnWithoutTheConnector: that it is not to be had is said once.
func TestWatchGoesOnWithoutTheConnector(t *testing.T) {
	root := procstatetest.Tree{{PID: 40}, {PID: 41, PPID: 40, State: 'Z'}}.Dir(t)
	refused := 0
	for e, err := range Events(t.Context(), Config{
		Scanner: &procstate.Scanner{Root: root}, Connector: true, Every: time.Millisecond, Grace: time.Millisecond,
	}) {
		if err != nil {
			require.ErrorIs(t, err, errors.ErrUnsupported)
			refused++
			continue
		}
		assert.Equal(t, KindStuck, e.Kind)
		break
	}
	assert.Equal(t, 1, refused)
}
