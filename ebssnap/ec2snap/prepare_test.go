package ec2snap

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestALineGrowsOld(t *testing.T) {
	aged := func(age time.Duration) *line { return &line{created: time.Now().Add(-age)} }
	var c Cloud
	c.keep("young", aged(0))
	c.keep("old", aged(lineFresh))
	assert.True(t, c.Kept("young"))
	assert.False(t, c.Kept("old"), "what lies between may have forgotten the connection")
	assert.False(t, c.Kept("never"))
	assert.NotNil(t, c.line("old"), "it is kept for whoever asks no more")

	c.keep("forgotten", aged(lineLife+time.Second))
	c.keep("other", aged(0))
	assert.Nil(t, c.line("forgotten"), "nobody released it")
	assert.Len(t, c.lines, 3)
	assert.Empty(t, c.Release("young"))
	assert.Empty(t, c.Release("young"))
	assert.Len(t, c.lines, 2)
}
