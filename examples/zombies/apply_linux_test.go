//go:build !opskit_portable

package main

import (
	"strconv"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
)

func TestApplyNeedsYes(t *testing.T) {
	parent := procstatetest.Zombies(t, 2)
	only := strconv.Itoa(parent.PID)
	code, out, errs := zombiesOf(t, "-parent", only, "-apply")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "terminate "+only)
	assert.Contains(t, errs, "nothing was done")

	code, out, _ = zombiesOf(t, "-parent", only)
	assert.Equal(t, 1, code, "both are still there")
	assert.Contains(t, out, "problem: 2 zombies")

	code, out, errs = zombiesOf(t, "-parent", only, "-apply", "-yes")
	assert.Equal(t, 0, code, "%s", errs)
	assert.Contains(t, out, "healthy: 2 reaped, 0 left")

	code, _, _ = zombiesOf(t, "-parent", only)
	assert.Equal(t, 0, code)
}
