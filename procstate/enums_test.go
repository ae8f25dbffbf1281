package procstate

import (
	"encoding"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// every checks an enumeration: zero is "unknown", each text is used once and
// comes back as its value, other text is an error.
func every[E interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
}, P interface {
	*E
	encoding.TextUnmarshaler
}](t *testing.T, last E) {
	t.Helper()
	assert.Equal(t, "unknown", E(0).String())
	seen := map[string]bool{}
	for e := E(0); e <= last; e++ {
		text, err := e.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, e.String(), string(text))
		assert.False(t, seen[e.String()], "%q is used twice", e)
		seen[e.String()] = true
		var back E
		require.NoError(t, P(&back).UnmarshalText(text))
		assert.Equal(t, e, back)
	}
	assert.Equal(t, "unknown", (last + 1).String(), "the test knows all values")
	var e E
	assert.Error(t, P(&e).UnmarshalText([]byte("sideways")))
}

func TestEnumerations(t *testing.T) {
	every(t, NotSIGCHLD)
	every(t, NamespaceInit)
	every(t, Problem)
	every(t, Kill)
	every(t, ByInit)
	for r := Reason(0); r <= NamespaceInit; r++ {
		assert.NotEmpty(t, r.Explain())
		assert.Equal(t, r == 0, r.Explain() == Reason(0).Explain(), "%s is explained", r)
	}
}

func TestSources(t *testing.T) {
	for source, want := range map[Source]string{ProcFS: "procfs", BPF: "bpf", Fastest: "fastest"} {
		text, err := source.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		var back Source
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, source, back)
	}
	require.Error(t, new(Source).UnmarshalText([]byte("sideways")))
}

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
