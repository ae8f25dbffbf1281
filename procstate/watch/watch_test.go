package watch

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	procstatetest.Actor()
	lab.Main(m)
}

func zombie(pid int, start uint64) procstate.Zombie {
	return procstate.Zombie{Process: procstate.Process{ID: procstate.ID{PID: pid, Start: start}, PPID: 7, State: 'Z'}, Kind: procstate.KindReapable}
}

func report(zombies ...procstate.Zombie) *procstate.Report {
	return &procstate.Report{Groups: []procstate.Group{{Why: procstate.ReasonNotWaiting, Zombies: zombies}}}
}

// TestChanges plays looks at given times.
func TestChanges(t *testing.T) {
	w := newWatch(Config{Grace: 2 * time.Second})
	start := time.Now()
	headless := zombie(99, 1)
	headless.Kind = procstate.KindDeadLeader
	old := zombie(50, 1)
	old.DeadAtLeast = time.Hour
	for _, step := range []struct {
		rule  string
		after time.Duration
		seen  []procstate.Zombie
		want  map[Kind][]int
	}{
		{"new zombies are not stuck yet", 0, []procstate.Zombie{zombie(41, 1), zombie(42, 1), headless}, nil},
		{"one is reaped in time", time.Second, []procstate.Zombie{zombie(41, 1), headless}, nil},
		{"one stays, and is told once", 2 * time.Second, []procstate.Zombie{zombie(41, 1), headless}, map[Kind][]int{KindStuck: {41}}},
		{"nothing changes", 3 * time.Second, []procstate.Zombie{zombie(41, 1), headless}, nil},
		{"one that is known to be old is told at once", 4 * time.Second, []procstate.Zombie{zombie(41, 1), old}, map[Kind][]int{KindStuck: {50}}},
		{"its PID is given away again", 5 * time.Second, []procstate.Zombie{zombie(41, 9), old}, map[Kind][]int{KindReaped: {41}}},
		{"the new one is stuck in its turn", 7 * time.Second, []procstate.Zombie{zombie(41, 9), old}, map[Kind][]int{KindStuck: {41}}},
		{"all are reaped", 8 * time.Second, nil, map[Kind][]int{KindReaped: {41, 50}}},
	} {
		got := map[Kind][]int{}
		w.changes(t.Context(), report(step.seen...), start.Add(step.after), func(e Event, err error) bool {
			require.NoError(t, err)
			got[e.Kind] = append(got[e.Kind], e.Zombie.PID)
			return true
		})
		require.Len(t, got, len(step.want), step.rule)
		for kind, pids := range step.want {
			assert.ElementsMatch(t, pids, got[kind], step.rule)
		}
	}
	assert.Empty(t, w.zombies, "nothing is kept of what is gone")
}

func TestEachLookIsTold(t *testing.T) {
	root := procstatetest.Tree{{PID: 1, Comm: "init"}}.Dir(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	config := Config{Scanner: &procstate.Scanner{Root: root}, Every: time.Millisecond, Observer: func(p opskit.Phase) {
		if looks = p.Done; looks == 3 {
			cancel()
		}
	}}
	for _, err := range Events(ctx, config) {
		require.NoError(t, err)
	}
	assert.Equal(t, 3, looks)
}

// TestZombieThatCouldNotBeRead: what a look did not see is not reaped before that
// is certain.
func TestZombieThatCouldNotBeRead(t *testing.T) {
	root := procstatetest.Tree{{PID: 41, Start: 1, State: 'Z'}}.Dir(t)
	w := newWatch(Config{Scanner: &procstate.Scanner{Root: root}})
	old := zombie(41, 1)
	old.DeadAtLeast = time.Hour
	kinds := ""
	look := func(zombies ...procstate.Zombie) {
		w.changes(t.Context(), report(zombies...), time.Now(), func(e Event, err error) bool {
			require.NoError(t, err)
			kinds += e.Kind.String() + " "
			return true
		})
	}
	look(old)
	look()
	stat := filepath.Join(root, "41", "stat")
	require.NoError(t, os.WriteFile(stat, []byte("41 (cut"), 0o600))
	look()
	assert.Equal(t, "stuck ", kinds)
	require.NoError(t, os.Remove(stat))
	look()
	look()
	assert.Equal(t, "stuck reaped ", kinds)
}

func TestTextOfWhatIsNotKnown(t *testing.T) {
	assert.Equal(t, "exited: 42, exit status 1", Event{Kind: KindExited, Exit: Exit{PID: 42, Status: procstate.ExitStatus{Code: 1}}}.String())
	assert.Equal(t, "lost: events, how many is not known yet", Event{Kind: KindLost}.String())
}

func TestLeavingTheRangeLosesNothing(t *testing.T) {
	w := newWatch(Config{})
	now := time.Now()
	a, b := zombie(41, 1), zombie(42, 1)
	a.DeadAtLeast, b.DeadAtLeast = time.Hour, time.Hour
	assert.False(t, w.changes(t.Context(), report(a, b), now, func(Event, error) bool { return false }))
	told := 0
	w.changes(t.Context(), report(a, b), now, func(Event, error) bool { told++; return true })
	assert.Equal(t, 1, told)
}

func TestEventsOfATree(t *testing.T) {
	root := procstatetest.Tree{{PID: 1}, {PID: 40, PPID: 1}, {PID: 41, PPID: 40, State: 'Z'}}.Dir(t)
	config := Config{Scanner: &procstate.Scanner{Root: root}, Every: time.Millisecond, Grace: 5 * time.Millisecond}
	var kinds []Kind
	for e, err := range Events(t.Context(), config) {
		require.NoError(t, err)
		kinds = append(kinds, e.Kind)
		assert.Equal(t, 41, e.Zombie.PID)
		if e.Kind == KindReaped {
			break
		}
		assert.Equal(t, procstate.ReasonNotWaiting, e.Why)
		require.NoError(t, os.RemoveAll(filepath.Join(root, "41")))
	}
	assert.Equal(t, []Kind{KindStuck, KindReaped}, kinds)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for e, err := range Events(ctx, config) {
		t.Errorf("nothing happens: %v %v", e, err)
	}
	require.NoError(t, os.RemoveAll(root))
	failures := 0
	for _, err := range Events(t.Context(), config) {
		require.ErrorIs(t, err, os.ErrNotExist)
		if failures++; failures == 2 {
			break
		}
	}
	assert.Equal(t, 2, failures, "a look that fails does not end the watch")
}

// datagram is an exit as the kernel sends it.
func datagram(processor, sequence, thread, process, parent, status uint32) []byte {
	order := binary.NativeEndian
	text := make([]byte, dataAt+exitSize)
	order.PutUint32(text[netlinkHeader:], indexProc)
	order.PutUint32(text[netlinkHeader+4:], valueProc)
	order.PutUint32(text[sequenceAt:], sequence)
	order.PutUint16(text[lengthAt:], uint16(len(text)-eventAt))
	order.PutUint32(text[eventAt:], whatExit)
	order.PutUint32(text[processorAt:], processor)
	for i, word := range []uint32{thread, process, status, 17, parent, parent} {
		order.PutUint32(text[dataAt+4*i:], word)
	}
	return text
}

func TestParseMessage(t *testing.T) {
	m, err := parseMessage(datagram(1, 7, 42, 42, 40, 9<<8))
	require.NoError(t, err)
	assert.Equal(t, message{sequence: 7, processor: 1, exit: Exit{PID: 42, PPID: 40, Status: procstate.ExitStatus{Code: 9}}, exited: true}, m)
	m, err = parseMessage(datagram(1, 7, 43, 42, 40, 0))
	require.NoError(t, err)
	assert.False(t, m.exited, "a thread")
	whole := datagram(1, 7, 42, 42, 40, 0)
	for end := range whole {
		_, err := parseMessage(whole[:end])
		require.ErrorIs(t, err, errMessage)
	}
}

func TestLossesAreCounted(t *testing.T) {
	l := losses{map[uint32]uint32{}}
	for _, step := range []struct{ processor, sequence, lost uint32 }{
		{0, 100, 0}, {0, 101, 0}, {1, 7, 0}, {0, 105, 3}, {1, 8, 0}, {1, 8, 0}, {0, ^uint32(0), ^uint32(0) - 106}, {0, 1, 1},
	} {
		want := step.lost
		if want > 1<<31 {
			want = 0
		}
		assert.Equal(t, want, l.gap(message{processor: step.processor, sequence: step.sequence}), "%+v", step)
	}
}

func TestGoldenEvents(t *testing.T) {
	at := time.Date(2015, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		event      Event
		text, json string
	}{
		{Event{Kind: KindLost, At: at, Lost: 3}, "lost: 3 events", `{"kind":"lost","at":"2015-11-20T00:00:00Z","lost":3}`},
		{
			Event{Kind: KindExited, At: at, Exit: Exit{42, 40, procstate.ExitStatus{Code: 1}}},
			"exited: 42, child of 40, exit status 1",
			`{"kind":"exited","at":"2015-11-20T00:00:00Z","exit":{"pid":42,"ppid":40,"exit_status":{"code":1}}}`,
		},
		{
			Event{Kind: KindStuck, At: at, Zombie: zombie(42, 5), Why: procstate.ReasonStopped},
			`stuck: 42 "" reapable, child of 7: stopped`,
			`{"kind":"stuck","at":"2015-11-20T00:00:00Z","zombie":{"pid":42,"start":5,"ppid":7,"state":"Z","comm":"","exit_signal":0,"cpu":0,"kind":"reapable"},"why":"stopped"}`,
		},
	} {
		assert.Equal(t, test.text, test.event.String())
		text, err := json.Marshal(test.event)
		require.NoError(t, err)
		assert.JSONEq(t, test.json, string(text))
		var back Event
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, test.event, back)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(datagram(1, 7, 42, 42, 40, 9<<8))
	f.Add(datagram(0, 0, 43, 42, 40, 0)[:60])
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = parseMessage(text) })
}
