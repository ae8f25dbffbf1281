package procstate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStates(t *testing.T) {
	for letter := range 256 {
		s := State(letter)
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back State
		require.NoError(t, back.UnmarshalText(text))
		if s.String() == "unknown" {
			assert.Equal(t, "unknown", string(text))
			assert.Zero(t, back)
		} else {
			assert.Equal(t, s, back)
		}
		assert.Equal(t, letter == 'Z', s.Zombie())
		assert.Equal(t, letter == 'D', s.Uninterruptible())
	}
	for _, letter := range "RSDZTtIXP" {
		assert.NotEqual(t, "unknown", State(letter).String(), "%c of proc(5)", letter)
	}
	assert.Error(t, new(State).UnmarshalText([]byte("Q")))
}
