//go:build linux

package procstate_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCommandLine(t *testing.T) {
	var self procstate.ID
	for p, err := range new(procstate.Scanner).Processes(t.Context()) {
		if err == nil && p.PID == os.Getpid() {
			self = p.ID
		}
	}
	arguments, err := new(procstate.Scanner).CommandLine(t.Context(), self)
	require.NoError(t, err)
	assert.Equal(t, os.Args, arguments)
	_, err = new(procstate.Scanner).CommandLine(t.Context(), procstate.ID{PID: self.PID, Start: self.Start - 1})
	require.ErrorIs(t, err, procstate.ErrReused)
}

// TestCommandLineIsAbandoned: a file that does not answer costs no more than the
// deadline, and nothing of the call stays behind (TestMain).
func TestCommandLineIsAbandoned(t *testing.T) {
	root := procstatetest.Tree{
		{PID: 40},
		{PID: 41, State: 'D'},
		{PID: 42, State: 'Z'},
		{PID: 43, Flags: 0x200000},
		{PID: 44, Files: map[string]string{"cmdline": ""}},
		{PID: 45, Files: map[string]string{"cmdline": "a\x00\x00b c\x00"}},
		{PID: 46},
	}.Dir(t)
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "40", "cmdline"), 0o600))
	s := &procstate.Scanner{Root: root}
	id := func(pid int) procstate.ID { return procstate.ID{PID: pid, Start: 1000} }
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := s.CommandLine(ctx, id(40))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(start), 5*time.Second)
	_, err = s.CommandLine(t.Context(), id(41))
	require.ErrorIs(t, err, procstate.ErrRefused)
	for pid, want := range map[int][]string{42: nil, 43: nil, 44: nil, 45: {"a", "", "b c"}} {
		got, err := s.CommandLine(t.Context(), id(pid))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err = s.CommandLine(t.Context(), id(46))
	require.Error(t, err)
	_, err = s.CommandLine(t.Context(), id(47))
	require.ErrorIs(t, err, procstate.ErrGone)
}
