package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
)

// Who adopts cannot be told from /proc where an ancestor may be a subreaper: the
// text names the flag by which it can.
func TestTheFlagThatTellsWhoAdopts(t *testing.T) {
	dir := procstatetest.Tree{
		{PID: 1, Comm: "init"},
		{PID: 20, PPID: 1, Comm: "manager"},
		{PID: 30, PPID: 20, Comm: "parent"},
		{PID: 31, PPID: 30, Comm: "child", State: 'Z'},
	}.Dir(t)
	report, err := (&procstate.Scanner{Root: dir, Settle: -1}).Zombies(t.Context())
	require.NoError(t, err)
	text := shown{Report: report}.String()
	assert.Contains(t, text, "cannot tell who adopts: ")
	assert.Contains(t, text, "20 is a subreaper is only visible to -source bpf, which needs CAP_BPF and CAP_PERFMON")
}
