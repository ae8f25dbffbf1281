package procfile

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	status := []byte("Name:\tx\nTgid:\t77\nTracerPid:\t0\nNSpid:\t77\t5\t1\n")
	got, err := Numbers(status, "NSpid")
	require.NoError(t, err)
	assert.Equal(t, []int{77, 5, 1}, got)
	fdinfo := []byte("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t900\nPid:\t-1\nNSpid:\t-1\n")
	got, err = Numbers(fdinfo, "Pid")
	require.NoError(t, err)
	assert.Equal(t, []int{-1}, got)
	for name, text := range map[string]string{"no text": "", "absent": "pos:\t0\n", "empty": "Pid:\t\n", "no number": "Pid:\tx\n", "other key": "PPid:\t1\n"} {
		_, err := Numbers([]byte(text), "Pid")
		assert.ErrorContains(t, err, "line Pid", name)
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add([]byte("Name:\tcat\nPid:\t3\n"), "Pid")
	f.Add([]byte("pos:\t0\nPid:\t-1\nNSpid:\t-1\n"), "NSpid")
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		if numbers, err := Numbers(text, key); err == nil && len(numbers) == 0 {
			t.Fatal("an answer without a number")
		}
	})
}
