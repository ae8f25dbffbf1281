package completion_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/completion"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { lab.Main(m) }

// answer is what one look gets.
type answer struct {
	states   map[string]string // by ID; what is not in it is not described
	progress string
	err      error
}

// script is a Cloud that answers one look after the other, the last one for ever.
type script struct {
	ebssnaptest.Cloud

	answers []answer
	at      []time.Time
}

func (s *script) Find(_ context.Context, q ebssnap.Query) ([]ebssnap.Snapshot, error) {
	s.at = append(s.at, time.Now())
	a := s.answers[min(len(s.at), len(s.answers))-1]
	var found []ebssnap.Snapshot
	for _, id := range q.IDs {
		if state, ok := a.states[id]; ok {
			found = append(found, ebssnap.Snapshot{ID: id, Volume: "vol-0a", State: state, Progress: a.progress})
		}
	}
	return found, a.err
}

func is(state, progress string) answer {
	return answer{states: map[string]string{"snap-1": state}, progress: progress}
}

func TestWatch(t *testing.T) {
	broken := errors.New("connection reset")
	tests := []struct {
		name    string
		ids     []string
		answers []answer
		want    []completion.State
		err     error // of the last pair
	}{
		{"completed at once", nil, []answer{is("completed", "100%")}, []completion.State{completion.StateCompleted}, nil},
		{"100% is no completion", nil, []answer{is("pending", "100%"), is("completed", "100%")}, []completion.State{completion.StatePending, completion.StateCompleted}, nil},
		{"progress may be empty to the end", nil, []answer{is("pending", ""), is("completed", "")}, []completion.State{completion.StatePending, completion.StateCompleted}, nil},
		{"a state that nobody knows is no completion", nil, []answer{is("complete", "100%"), is("", "100%"), is("completed", "")}, []completion.State{completion.StatePending, completion.StatePending, completion.StateCompleted}, nil},
		{"failed", nil, []answer{is("pending", "37%"), is("error", "100%")}, []completion.State{completion.StatePending, completion.StateFailed}, completion.ErrFailed},
		{"in the recycle bin", nil, []answer{is("recoverable", "")}, []completion.State{completion.StateGone}, completion.ErrGone},
		{"never there", nil, []answer{{}}, []completion.State{completion.StatePending, completion.StatePending, completion.StateGone}, completion.ErrGone},
		{"appears late", nil, []answer{{}, {}, is("completed", "")}, []completion.State{completion.StatePending, completion.StatePending, completion.StateCompleted}, nil},
		{
			"a failed look proves nothing", nil,
			[]answer{is("pending", ""), {err: broken}, {err: broken}, {err: broken}, {err: broken}, is("completed", "")},
			[]completion.State{completion.StatePending, completion.StatePending, completion.StatePending, completion.StatePending, completion.StatePending, completion.StateCompleted},
			nil,
		},
		{"denied", nil, []answer{{err: ebssnap.ErrDenied}}, []completion.State{completion.StateUnknown}, ebssnap.ErrDenied},
		{"the others are waited for when one has failed", []string{"snap-1", "snap-2"}, []answer{
			{states: map[string]string{"snap-1": "error", "snap-2": "pending"}}, {states: map[string]string{"snap-1": "error", "snap-2": "completed"}},
		}, []completion.State{completion.StatePending, completion.StateFailed}, completion.ErrFailed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if test.ids == nil {
					test.ids = []string{"snap-1"}
				}
				var states []completion.State
				var last error
				for status, err := range (completion.Watcher{Cloud: &script{answers: test.answers}}).Watch(t.Context(), test.ids...) {
					states, last = append(states, status.State), err
				}
				assert.Equal(t, test.want, states)
				require.ErrorIs(t, last, test.err)
				if test.err == nil {
					require.NoError(t, last)
				}
			})
		})
	}
}

func TestPausesAreJitteredAndGrowAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &asks{time.Hour}
		cloud := &script{answers: []answer{is("pending", ""), is("pending", ""), {err: errors.New("no")}, {err: errors.New("no")}, {err: slow}, is("completed", "")}}
		_, err := completion.Watcher{Cloud: cloud, Every: time.Minute}.Wait(t.Context(), "snap-1")
		require.NoError(t, err)
		var pauses []time.Duration
		for i := range len(cloud.at) - 1 {
			pauses = append(pauses, cloud.at[i+1].Sub(cloud.at[i]))
		}
		for i, middle := range []time.Duration{time.Minute, time.Minute, 2 * time.Minute, 4 * time.Minute, time.Hour} {
			assert.GreaterOrEqual(t, pauses[i], middle*3/4, "pause %d", i)
			assert.LessOrEqual(t, pauses[i], middle*5/4+1, "pause %d", i)
		}
		assert.NotEqual(t, pauses[0], pauses[1])
	})
}

// asks is a refusal that says how long to wait.
type asks struct{ wait time.Duration }

func (a *asks) Error() string             { return "throttled" }
func (a *asks) RetryAfter() time.Duration { return a.wait }

func TestWatchEndsWithItsContextOrItsLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &script{answers: []answer{is("pending", "")}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		status, err := completion.Watcher{Cloud: cloud}.Wait(ctx, "snap-1")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, completion.StatePending, status.State)
		assert.Equal(t, time.Minute, time.Since(cloud.at[0]))

		looks := len(cloud.at)
		for range (completion.Watcher{Cloud: cloud}).Watch(t.Context(), "snap-1") {
			break
		}
		assert.Len(t, cloud.at, looks+1)
	})
	_, err := completion.Watcher{}.Wait(t.Context(), "snap-1")
	require.ErrorIs(t, err, completion.ErrUsage)
	_, err = completion.Watcher{Cloud: &script{}}.Wait(t.Context())
	require.ErrorIs(t, err, completion.ErrUsage)
}

// The wire: EC2 hides what exists when one of the snapshots asked for does not.
func TestOverTheWire(t *testing.T) {
	server := ebssnaptest.NewServer()
	defer server.Close()
	server.Pending = 2
	server.AddInstance(ebssnaptest.Instance{ID: "i-0abc", Devices: map[string]string{"/dev/sdb": "vol-0abc"}})
	cloud, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: server.URL, Metadata: server.URL, Region: "eu-west-1"})
	require.NoError(t, err)
	var ids []string
	for range 3 {
		result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0abc"}}, &ebssnaptest.Freezer{}, 10*time.Second)
		require.NoError(t, err)
		ids = append(ids, result.Snapshots()[0].ID)
	}
	w := completion.Watcher{Cloud: cloud, Every: time.Millisecond}
	var states []completion.State
	for status, err := range w.Watch(t.Context(), ids...) {
		require.NoError(t, err)
		states = append(states, status.State)
	}
	assert.Equal(t, []completion.State{completion.StatePending, completion.StatePending, completion.StateCompleted}, states)

	server.SetState(ids[2], "error")
	status, err := w.Wait(t.Context(), ids...)
	require.ErrorIs(t, err, completion.ErrFailed)
	assert.ErrorContains(t, err, ids[2])
	assert.NotContains(t, err.Error(), ids[0])
	assert.Equal(t, completion.StateFailed, status.State)

	require.NoError(t, cloud.Delete(t.Context(), ids[1]))
	status, err = w.Wait(t.Context(), ids[0], ids[1])
	require.ErrorIs(t, err, completion.ErrGone)
	assert.ErrorContains(t, err, ids[1])
	assert.Len(t, status.Snapshots, 1, "the one that exists is described")
}

func TestStates(t *testing.T) {
	for s := range completion.State(5) {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back completion.State
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	_, err := completion.State(5).MarshalText()
	require.Error(t, err)
	require.Error(t, new(completion.State).UnmarshalText([]byte("done")))
	assert.Equal(t, "unknown", completion.State(0).String())
}

func TestPercent(t *testing.T) {
	for text, want := range map[string]int{"0%": 0, "37%": 37, "100%": 100, " 5% ": 5, "7": 7} {
		got, told := completion.Percent(ebssnap.Snapshot{Progress: text})
		assert.True(t, told, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "%", "half", "-1%", "101%"} {
		_, told := completion.Percent(ebssnap.Snapshot{Progress: text})
		assert.False(t, told, text)
	}
}

func saved() completion.Status {
	s := completion.Status{
		IDs: []string{"snap-1", "snap-2"}, Looks: 4, Elapsed: 1500 * time.Millisecond, Missing: map[string]int{"snap-2": 1},
		Snapshots: []ebssnap.Snapshot{{ID: "snap-1", Volume: "vol-0a\x1b[2J", State: "pending", Progress: "37%", Started: time.Date(2026, 3, 1, 4, 5, 6, 7, time.UTC)}},
		Unseen:    []ebssnap.Gap{{What: "snapshot snap-2", Why: "the last look did not show it"}},
	}
	s.State = completion.Judge(s)
	return s
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	golden := filepath.Join("testdata", "status.golden.json")
	text, err := json.MarshalIndent(saved(), "", "\t")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, text, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	var back completion.Status
	require.NoError(t, json.Unmarshal(want, &back))
	assert.Equal(t, back.State, completion.Judge(back))
	again, err := json.MarshalIndent(back, "", "\t")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n")
	assert.NotContains(t, back.String(), "\x1b")
	assert.Contains(t, back.String(), "pending: 0 of 2 snapshots completed after 1.5s\n  snap-1 of vol-0a\\x1b[2J: pending, 37% copied\n")
}

func TestOneRequestForAHundred(t *testing.T) {
	var ids []string
	states := map[string]string{}
	for i := range 250 {
		ids = append(ids, fmt.Sprintf("snap-%d", i))
		states[ids[i]] = "completed"
	}
	cloud := &script{answers: []answer{{states: states}}}
	status, err := completion.Watcher{Cloud: cloud}.Wait(t.Context(), ids...)
	require.NoError(t, err)
	assert.Len(t, cloud.at, 3)
	assert.True(t, slices.ContainsFunc(status.Snapshots, func(s ebssnap.Snapshot) bool { return s.ID == "snap-249" }))
}

func ExampleWatcher_Watch() {
	ctx, cloud := context.Background(), &ebssnaptest.Cloud{}
	result, err := ebssnap.Consistent(ctx, ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0abc"}}, &ebssnaptest.Freezer{}, 10*time.Second)
	if err != nil {
		fmt.Println(err)
		return
	}
	for status, err := range (completion.Watcher{Cloud: cloud}).Watch(ctx, result.Snapshots()[0].ID) {
		fmt.Println(status.State, err)
		break
	}
	// Output: pending <nil>
}

func ExampleWatcher_Wait() {
	cloud := &script{answers: []answer{is("error", "100%")}}
	_, err := completion.Watcher{Cloud: cloud}.Wait(context.Background(), "snap-1")
	fmt.Println(err)
	// Output: watch snapshots snap-1: snapshot failed
}
