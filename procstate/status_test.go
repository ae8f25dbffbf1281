package procstate

import (
	"strings"
	"testing"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const statusText = "Name:\tnew\\nline\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7464\nNgid:\t0\nPid:\t7464\nPPid:\t7463\n" +
	"TracerPid:\t12\nUid:\t33\t34\t35\t36\nGid:\t33\t33\t33\t33\nFDSize:\t64\nGroups:\t33 44 \nNStgid:\t7464\t1\n" +
	"NSpid:\t7464\t17\t1\nNSpgid:\t7412\t0\nNSsid:\t7412\t0\nKthread:\t0\nThreads:\t3\nSigQ:\t0/96365\n" +
	"SigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\nSigBlk:\t0000000000010000\nSigIgn:\t0000000000001000\n" +
	"SigCgt:\t0000000180010002\nCapInh:\t0000000000000000\nvoluntary_ctxt_switches:\t23\nnonvoluntary_ctxt_switches:\t8\n"

func TestParseStatus(t *testing.T) {
	s, err := procfile.ParseStatus([]byte(statusText), procfile.ForJudging)
	require.NoError(t, err)
	assert.Equal(t, procfile.Status{
		Name: []byte(`new\nline`), State: 'S', Tgid: 7464, PPid: 7463, Tracer: 12, UID: 33, Threads: 3,
		NSpid: []byte("7464\t17\t1"), NSpgid: []byte("7412\t0"), NSsid: []byte("7412\t0"), Pending: 0x100,
		Blocked: 0x10000, Ignored: 0x1000, Caught: 0x180010002, Switches: 31,
	}, s)
	assert.Equal(t, 1, s.Inner())
	assert.True(t, s.Killed())
}

func TestStatusTellsWhatIsDoneAboutSIGCHLD(t *testing.T) {
	for _, test := range []struct {
		rule string
		s    procfile.Status
		want string
	}{
		{"default", procfile.Status{}, "default"},
		{"other signals do not matter", procfile.Status{Blocked: 0xfffeffff, Ignored: 0x8000, Caught: 0x20000}, "default"},
		{"a handler", procfile.Status{Caught: 0x10000}, "caught"},
		{"a runtime that catches all", procfile.Status{Caught: 0xfffffffd7fc1feff}, "all_caught"},
		{"blocked with a handler: it is not called", procfile.Status{Caught: 0x10000, Blocked: 0x10000}, "blocked"},
		{"ignored: blocking it changes nothing", procfile.Status{Ignored: 0x10000, Blocked: 0x10000}, "ignored"},
	} {
		assert.Equal(t, test.want, takesSIGCHLD(&test.s), test.rule)
	}
}

func TestParseStatusCutAnywhere(t *testing.T) {
	complete := strings.Index(statusText, "CapInh")
	want, err := procfile.ParseStatus([]byte(statusText), procfile.ForJudging)
	require.NoError(t, err)
	for end := range statusText {
		got, err := procfile.ParseStatus([]byte(statusText[:end]), procfile.ForJudging)
		if end < complete {
			require.ErrorIs(t, err, ErrMalformed, "%q", statusText[:end])
			continue
		}
		require.NoError(t, err, "%q", statusText[:end])
		got.Switches = want.Switches // counted as far as they are there
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
		_, err := procfile.ParseStatus([]byte(strings.Replace(statusText, change[0], change[1], 1)), procfile.ForJudging)
		assert.ErrorIs(t, err, ErrMalformed, rule)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(statusText))
	f.Add([]byte("Name:\tx\nState:\tZ (zombie)\nTgid:\t5\nPid:\t5\nPPid:\t1\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nThreads:\t1\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := procfile.ParseStatus(text, procfile.ForJudging); err == nil && takesSIGCHLD(&s) == "" {
			t.Fatalf("%q says nothing about SIGCHLD", text)
		}
	})
}
