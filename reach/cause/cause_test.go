package cause

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryCauseHasAStableText(t *testing.T) {
	assert.Equal(t, Unknown, Cause(0))
	assert.Len(t, All(), int(Attack))
	seen := map[string]bool{}
	for _, c := range append(All(), Unknown) {
		b, err := c.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, c.String(), string(b))
		assert.False(t, seen[c.String()], "two causes share the text %s", c)
		seen[c.String()] = true
		var back Cause
		require.NoError(t, back.UnmarshalText(b))
		assert.Equal(t, c, back)
	}
	assert.Equal(t, "migration", Migration.String())
	assert.Equal(t, "cause(99)", Cause(99).String())
	_, err := Cause(99).MarshalText()
	require.Error(t, err)
	require.Error(t, new(Cause).UnmarshalText([]byte("sabotage")))
}
