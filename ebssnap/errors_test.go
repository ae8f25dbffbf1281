package ebssnap

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErrorKeepsItsSentinelInJSON(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range codes() {
		require.False(t, seen[c.code], c.code)
		seen[c.code] = true
		text, err := json.Marshal(&Error{Op: "freeze", Target: "/data", Err: fmt.Errorf("%w: because", c.err)})
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"code":%q,"message":"freeze /data: %s: because"}`, c.code, c.err), string(text))
		var saved Error
		require.NoError(t, json.Unmarshal(text, &saved))
		assert.ErrorIs(t, &saved, c.err)
		again, err := json.Marshal(&saved)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))
	}
	text, err := json.Marshal(&Error{Op: "x", Err: errors.New("boom")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"other","message":"x: boom"}`, string(text))
	assert.Error(t, new(Error).UnmarshalJSON([]byte("[]")))
}

func TestThawErrorSaysWhatToRun(t *testing.T) {
	err := &ThawError{Mounts: []string{"/data", "/with blank's"}, Err: errors.New("input/output error")}
	assert.ErrorIs(t, err, ErrStillFrozen)
	assert.Equal(t, `fsfreeze -u /data; fsfreeze -u '/with blank'\''s'`, err.Rescue())
	assert.Contains(t, err.Error(), err.Rescue())
}

func TestVerdictTexts(t *testing.T) {
	for v := VerdictUnknown; v <= VerdictNone; v++ {
		text, err := v.MarshalText()
		require.NoError(t, err)
		var again Verdict
		require.NoError(t, again.UnmarshalText(text))
		assert.Equal(t, v, again)
		assert.Regexp(t, `^[a-z_]+$`, string(text))
	}
	var zero Verdict
	assert.Equal(t, "unknown", zero.String())
	_, err := (VerdictNone + 1).MarshalText()
	assert.Error(t, err)
	assert.Error(t, zero.UnmarshalText([]byte("frozen")))
}

func TestPreflightNamesAreStable(t *testing.T) {
	var names []string
	for _, c := range Preflight(t.Context()) {
		names = append(names, c.Name)
		assert.NotEmpty(t, c.Why)
	}
	assert.Equal(t, []string{"freeze", "guard", "mounts"}, names)
}

func TestGapText(t *testing.T) {
	assert.Equal(t, "a (b)", Gap{What: "a", Why: "b"}.String())
	assert.Equal(t, "a (b; need: c)", Gap{What: "a", Why: "b", Need: "c"}.String())
}
