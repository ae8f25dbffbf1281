package inject

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCall(t *testing.T) {
	got, err := parseCall([]byte("230 0x1 0x0 0x7ffd5a1c 0x7ffd5a1d 0x0 0xffffffffffffffff 0x7ffd5a00 0x7f26119d1a10\n"))
	require.NoError(t, err)
	assert.Equal(t, call{number: 230, args: [6]uint64{1, 0, 0x7ffd5a1c, 0x7ffd5a1d, 0, 0xffffffffffffffff}}, got)
	for text, want := range map[string]call{
		"running\n":                    {number: -1, name: runningCall},
		"-1 0x7ffd5a00 0x7f26119d1a\n": {number: -1, name: runningCall},
	} {
		got, err := parseCall([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "x", "230 0x1", "230 a b c d e f 0 0"} {
		_, err := parseCall([]byte(text))
		assert.Error(t, err, text)
	}
}

func FuzzParseCall(f *testing.F) {
	f.Add([]byte("running\n"))
	f.Add([]byte("202 0x55d0 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7f26\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := parseCall(text); err == nil && c.number < -1 {
			t.Fatal("a number below -1")
		}
	})
}
