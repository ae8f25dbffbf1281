package inject

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A line as the kernel writes it, with a name that tries to be more than a name.
const statLine = "4711 (ev) Z 1 (il) S 400 4711 4711 0 -1 4194304 84 0 0 0 0 1 0 0 20 0 3 0 226915 2654208 364 18446744073709551615 94518173188096 94518173264825 140722243684944 0 0 0 0 6 65536 1 0 0 17 1 0 0 0 0 0 94518173294128 94518173299264 94518899478528 140722243692958 140722243692980 140722243692980 140722243693040 0\n"

func TestParseStat(t *testing.T) {
	got, err := parseStat([]byte(statLine))
	require.NoError(t, err)
	assert.Equal(t, stat{
		pid: 4711, ppid: 400, comm: "ev) Z 1 (il", state: 'S', flags: 4194304,
		threads: 3, start: 226915, exitSignal: 17, cpu: 1,
	}, got)
	for name, text := range map[string]string{
		"empty": "", "no name": "1 S 0", "cut": statLine[:60], "no pid": "(x" + statLine[8:],
		"no state": "0()\x00" + strings.Repeat(" 0", 36), "odd state": "1 (x) ?" + strings.Repeat(" 0", 36),
		"no number": "1 (x) S y 4711 4711 0 -1 4194304 84 0 0 0 0 1 0 0 20 0 3 0 226915 2654208 364 1 2 3 4 5 6 7 8 9 1 1 0 0 17 1 0 0",
	} {
		_, err := parseStat([]byte(text))
		assert.Error(t, err, name)
	}
}

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

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statLine))
	f.Add([]byte("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"))
	f.Add([]byte("0()\x00" + strings.Repeat(" 0", 36)))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := parseStat(text); err == nil && s.state == 0 {
			t.Fatal("an answer without a state")
		}
	})
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
