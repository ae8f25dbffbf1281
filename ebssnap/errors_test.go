package ebssnap

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestThawErrorSaysWhatToRun(t *testing.T) {
	err := &ThawError{Mounts: []string{"/data", "/with blank's"}, Err: errors.New("input/output error")}
	assert.ErrorIs(t, err, ErrStillFrozen)
	assert.Equal(t, `fsfreeze -u /data; fsfreeze -u '/with blank'\''s'`, err.Rescue())
	assert.Contains(t, err.Error(), err.Rescue())
}

func TestPreflightNamesAreStable(t *testing.T) {
	var names []string
	for _, c := range Preflight(t.Context()) {
		names = append(names, c.Name)
		assert.NotEmpty(t, c.Why)
	}
	assert.Equal(t, []string{"freeze", "guard", "mounts"}, names)
}
