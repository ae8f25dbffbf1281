package procstate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const statusText = "Name:\tnew\\nline\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7464\nNgid:\t0\nPid:\t7464\nPPid:\t7463\n" +
	"TracerPid:\t12\nUid:\t33\t34\t35\t36\nGid:\t33\t33\t33\t33\nFDSize:\t64\nGroups:\t33 44 \nNStgid:\t7464\t1\n" +
	"NSpid:\t7464\t17\t1\nNSpgid:\t7412\t0\nNSsid:\t7412\t0\nKthread:\t0\nThreads:\t3\nSigQ:\t0/96365\n" +
	"SigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\nSigBlk:\t0000000000010000\nSigIgn:\t0000000000001000\n" +
	"SigCgt:\t0000000180010002\nCapInh:\t0000000000000000\nvoluntary_ctxt_switches:\t23\nnonvoluntary_ctxt_switches:\t8\n"

func TestParseStatus(t *testing.T) {
	s, err := parseStatus([]byte(statusText))
	require.NoError(t, err)
	assert.Equal(t, status{
		tgid: 7464, ppid: 7463, tracer: 12, uid: 33, threads: 3, nspid: 1, pending: 0x100,
		blocked: 0x10000, ignored: 0x1000, caught: 0x180010002,
	}, s)
}

func TestStatusTellsWhatIsDoneAboutSIGCHLD(t *testing.T) {
	for _, test := range []struct {
		rule string
		s    status
		want string
	}{
		{"default", status{}, "default"},
		{"other signals do not matter", status{blocked: 0xfffeffff, ignored: 0x8000, caught: 0x20000}, "default"},
		{"a handler", status{caught: 0x10000}, "caught"},
		{"a runtime that catches all", status{caught: 0xfffffffd7fc1feff}, "all_caught"},
		{"blocked with a handler: it is not called", status{caught: 0x10000, blocked: 0x10000}, "blocked"},
		{"ignored: blocking it changes nothing", status{ignored: 0x10000, blocked: 0x10000}, "ignored"},
	} {
		assert.Equal(t, test.want, test.s.sigchld(), test.rule)
	}
}

func TestParseStatusCutAnywhere(t *testing.T) {
	complete := strings.Index(statusText, "CapInh")
	want, err := parseStatus([]byte(statusText))
	require.NoError(t, err)
	for end := range statusText {
		got, err := parseStatus([]byte(statusText[:end]))
		if end < complete {
			require.ErrorIs(t, err, ErrMalformed, "%q", statusText[:end])
			continue
		}
		require.NoError(t, err, "%q", statusText[:end])
		assert.Equal(t, want, got)
	}
}

func TestParseStatusRefuses(t *testing.T) {
	for rule, change := range map[string][2]string{
		"a mask that is no number": {"SigCgt:\t0000000180010002", "SigCgt:\tx"},
		"a user that is no number": {"Uid:\t33", "Uid:\tnobody"},
		"a thread count of words":  {"Threads:\t3", "Threads:\tmany"},
		"a line without a colon":   {"Ngid:\t0", "Ngid 0"},
	} {
		_, err := parseStatus([]byte(strings.Replace(statusText, change[0], change[1], 1)))
		assert.ErrorIs(t, err, ErrMalformed, rule)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(statusText))
	f.Add([]byte("Name:\tx\nState:\tZ (zombie)\nTgid:\t5\nPid:\t5\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nThreads:\t1\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := parseStatus(text); err == nil && s.sigchld() == "" {
			t.Fatalf("%q says nothing about SIGCHLD", text)
		}
	})
}
