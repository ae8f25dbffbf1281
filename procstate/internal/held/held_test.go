package held

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

type counter []int

func (c counter) Read(i int) { c[i]++ }

// TestRun: what is not held up is read once each, in as many rounds as are asked
// for. What is held up is made by the tests of package procstate.
func TestRun(t *testing.T) {
	c := make(counter, 5)
	r := Reader{Reads: c}
	r.Stop()
	assert.Equal(t, 5, r.Run(5, First))
	assert.Equal(t, 3, r.Run(3, First))
	r.Stop()
	assert.Equal(t, 1, r.Run(1, Next))
	r.Stop()
	assert.Equal(t, counter{3, 2, 2, 1, 1}, c)
	read := false
	assert.True(t, Once(1, First, func() { read = true }))
	assert.True(t, read)
}
