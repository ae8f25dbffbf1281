package ebssnap_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { lab.Main(m) }

func volume(cloud ebssnap.Cloud) ebssnap.Volume {
	return ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0a"}, Settle: 50 * time.Millisecond}
}

func TestConsistentSnapshot(t *testing.T) {
	cloud, freezer := &ebssnaptest.Cloud{}, &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud), freezer, time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	assert.False(t, freezer.Frozen())
	assert.Equal(t, []string{"dry run", "create", "tag"}, cloud.Calls())
	require.Len(t, cloud.Snapshots(), 1)
	snapshot := cloud.Snapshots()[0]
	assert.Equal(t, "frozen", snapshot.Tags[ebssnap.TagConsistency])
	assert.Equal(t, result.Evidence.Token, snapshot.Tags[ebssnap.TagToken])
	assert.Positive(t, result.Timing.Stopped)
}

// Whoever logs the phases need not wrap the Freezer; and what is logged while
// writers are stopped would wait for itself.
func TestPhasesAreToldInTheirOrderWhenNothingIsFrozen(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	vol := volume(&ebssnaptest.Cloud{})
	var names []string
	var last time.Time
	vol.Observer = func(p opskit.Phase) {
		assert.False(t, freezer.Frozen(), p.Name)
		assert.Equal(t, "consistent", p.Op)
		assert.False(t, p.At.Before(last), p.Name)
		last = p.At
		names = append(names, p.Name)
	}
	_, err := ebssnap.Consistent(t.Context(), vol, freezer, time.Second)
	require.NoError(t, err)
	assert.Equal(t, []string{"prepare", "freeze", "frozen", "request", "answer", "thaw", "thawed"}, names)
}

// lateVolume is a cloud whose instance gets another volume just before the request.
type lateVolume struct{ ebssnaptest.Cloud }

func (c *lateVolume) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if !r.DryRun {
		r.Volumes = append(r.Volumes, "vol-late")
	}
	return c.Cloud.Create(ctx, r)
}

func TestSnapshotOfAVolumeThatNobodyAskedForIsNotCalledConsistent(t *testing.T) {
	cloud := &lateVolume{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud), &ebssnaptest.Freezer{}, time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	require.Len(t, result.Evidence.Snapshots, 2)
	for i, want := range []string{"frozen", "unproven"} {
		assert.Equal(t, want, cloud.Snapshots()[i].Tags[ebssnap.TagConsistency])
		assert.Equal(t, want, result.Evidence.Snapshots[i].Tags[ebssnap.TagConsistency])
	}
	assert.Contains(t, result.Undecided[0].What, " of vol-late is consistent")
	assert.Contains(t, result.String(), "vol-late")
}

func TestThawsWhateverCreateDoes(t *testing.T) {
	refusal := errors.Join(errors.New("no"), ebssnap.ErrNotCreated)
	tests := []struct {
		name    string
		cloud   *ebssnaptest.Cloud
		verdict ebssnap.Verdict
		err     error
	}{
		{"refused", &ebssnaptest.Cloud{Fail: []error{refusal}}, ebssnap.VerdictNone, ebssnap.ErrNotCreated},
		{"unknown outcome", &ebssnaptest.Cloud{Fail: []error{errors.New("connection reset")}}, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown},
		{"hang until the budget ends", &ebssnaptest.Cloud{Hang: true}, ebssnap.VerdictUnknown, ebssnap.ErrThawedEarly},
		{"tag denied", &ebssnaptest.Cloud{DenyTag: ebssnap.ErrDenied}, ebssnap.VerdictConsistent, ebssnap.ErrDenied},
		{"answer after the budget", &ebssnaptest.Cloud{Latency: 300 * time.Millisecond}, ebssnap.VerdictUnknown, ebssnap.ErrThawedEarly},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			freezer := &ebssnaptest.Freezer{}
			result, err := ebssnap.Consistent(t.Context(), volume(test.cloud), freezer, 100*time.Millisecond)
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.verdict, result.Verdict, "%v", result)
			assert.False(t, freezer.Frozen())
			assert.Less(t, result.Timing.Stopped, time.Second)
		})
	}
}

func TestLateAnswerIsUnproven(t *testing.T) {
	// The cloud ignores its context and answers after the thaw: a snapshot exists, of a moment when
	// writers ran.
	freezer := &ebssnaptest.Freezer{}
	slow := slowCloud{&ebssnaptest.Cloud{}, freezer}
	result, err := ebssnap.Consistent(t.Context(), volume(slow), freezer, 50*time.Millisecond)
	require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
	assert.Equal(t, ebssnap.VerdictUnproven, result.Verdict)
	assert.Equal(t, "unproven", slow.Snapshots()[0].Tags[ebssnap.TagConsistency])
}

// slowCloud answers only after the thaw.
type slowCloud struct {
	*ebssnaptest.Cloud

	freezer *ebssnaptest.Freezer
}

func (c slowCloud) Create(_ context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if r.DryRun {
		return nil, nil
	}
	for c.freezer.Frozen() {
		<-time.After(time.Millisecond)
	}
	return c.Cloud.Create(context.Background(), r)
}

func TestThrottledRequestThawsWaitsAndFreezesAgain(t *testing.T) {
	throttled := errors.Join(ebssnap.ErrThrottled, ebssnap.ErrNotCreated)
	cloud, freezer := &ebssnaptest.Cloud{Fail: []error{throttled}}, &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud), freezer, time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	intervals := freezer.Intervals()
	require.Len(t, intervals, 2)
	assert.Greater(t, intervals[1].From.Sub(intervals[0].To), 400*time.Millisecond, "waits while nothing is frozen")
	assert.Len(t, cloud.Snapshots(), 1)
}

func TestLostAnswerIsAdoptedAsUnknown(t *testing.T) {
	lossy := lossyCloud{&ebssnaptest.Cloud{}}
	result, err := ebssnap.Consistent(t.Context(), volume(lossy), &ebssnaptest.Freezer{}, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrOutcomeUnknown)
	assert.Equal(t, ebssnap.VerdictUnknown, result.Verdict)
	assert.True(t, result.Evidence.Adopted)
	assert.Len(t, result.Snapshots(), 1)
	assert.Equal(t, "unproven", lossy.Snapshots()[0].Tags[ebssnap.TagConsistency])
}

// TestAnAnswerThatLacksSomethingIsAnError: whoever looks at the error alone must not take such a
// snapshot for consistent.
func TestAnAnswerThatLacksSomethingIsAnError(t *testing.T) {
	tests := []struct {
		name    string
		answer  func([]ebssnap.Snapshot) ([]ebssnap.Snapshot, error)
		verdict ebssnap.Verdict
		err     error
	}{
		{"one volume of the set", func(all []ebssnap.Snapshot) ([]ebssnap.Snapshot, error) { return all[:1], nil }, ebssnap.VerdictUnproven, ebssnap.ErrFailed},
		{"nothing at all", func([]ebssnap.Snapshot) ([]ebssnap.Snapshot, error) { return nil, nil }, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown},
		{"a failed snapshot", func(all []ebssnap.Snapshot) ([]ebssnap.Snapshot, error) {
			all[1].State = "error"
			return all, nil
		}, ebssnap.VerdictUnproven, ebssnap.ErrFailed},
		{"snapshots and an error", func(all []ebssnap.Snapshot) ([]ebssnap.Snapshot, error) { return all, io.ErrUnexpectedEOF }, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cloud := alteredCloud{&ebssnaptest.Cloud{}, test.answer}
			set := volume(cloud)
			set.IDs = []string{"vol-0a", "vol-0b"}
			result, err := ebssnap.Consistent(t.Context(), set, &ebssnaptest.Freezer{}, time.Second)
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.verdict, result.Verdict, "%v", result.Reasons)
			for _, s := range cloud.Snapshots() {
				assert.Equal(t, "unproven", s.Tags[ebssnap.TagConsistency])
			}
		})
	}
}

// alteredCloud answers something else than what it did.
type alteredCloud struct {
	*ebssnaptest.Cloud

	answer func([]ebssnap.Snapshot) ([]ebssnap.Snapshot, error)
}

func (c alteredCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	taken, err := c.Cloud.Create(ctx, r)
	if r.DryRun || err != nil {
		return nil, err
	}
	return c.answer(taken)
}

type lossyCloud struct{ *ebssnaptest.Cloud }

func (c lossyCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	_, err := c.Cloud.Create(ctx, r)
	if r.DryRun || err != nil {
		return nil, err
	}
	return nil, errors.New("connection reset by peer")
}

func TestPanicThaws(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	assert.Panics(t, func() {
		_, _ = ebssnap.Hold(t.Context(), freezer, time.Second, func(context.Context) error { panic("boom") })
	})
	assert.False(t, freezer.Frozen())
}

func TestCancelThawsAtOnce(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := ebssnap.Hold(ctx, freezer, time.Minute, func(context.Context) error {
		cancel()
		lab.Eventually(t, time.Second, "thaw while the work goes on", func() bool { return !freezer.Frozen() })
		return nil
	})
	require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
}

func TestStuckThawIsToldWithItsCommand(t *testing.T) {
	freezer := &ebssnaptest.Freezer{Stuck: errors.New("input/output error")}
	result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), freezer, time.Second)
	var stuck *ebssnap.ThawError
	require.ErrorAs(t, err, &stuck)
	assert.Equal(t, "fsfreeze -u /fake", stuck.Rescue())
	assert.NotEqual(t, ebssnap.VerdictConsistent, result.Verdict)
	assert.Contains(t, result.String(), "run: fsfreeze -u /fake")
}

func TestWrongUse(t *testing.T) {
	cloud, freezer := &ebssnaptest.Cloud{}, &ebssnaptest.Freezer{}
	for name, call := range map[string]func() error{
		"no cloud": func() error {
			_, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{IDs: []string{"v"}}, freezer, time.Second)
			return err
		},
		"no volume": func() error {
			_, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud}, freezer, time.Second)
			return err
		},
		"no freezer": func() error {
			_, err := ebssnap.Consistent(t.Context(), volume(cloud), nil, time.Second)
			return err
		},
		"no budget": func() error {
			_, err := ebssnap.Consistent(t.Context(), volume(cloud), freezer, 0)
			return err
		},
		"no work":  func() error { _, err := ebssnap.Hold(t.Context(), freezer, time.Second, nil); return err },
		"no token": func() error { _, err := ebssnap.Settle(t.Context(), cloud, ""); return err },
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, call(), ebssnap.ErrUsage) })
	}
	assert.Empty(t, cloud.Calls())
	assert.Empty(t, freezer.Intervals())
}

func TestUnknownVolumeStopsNothing(t *testing.T) {
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{Unknown: []string{"vol-0a"}}), freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	assert.Equal(t, ebssnap.VerdictNone, result.Verdict)
	assert.Empty(t, freezer.Intervals())
}

func TestHooksAreUndoneInReverse(t *testing.T) {
	var order []string
	hook := func(name string, err error) ebssnap.Hook {
		return ebssnap.Hook{
			Name:  name,
			Stop:  func(context.Context) error { order = append(order, "stop "+name); return err },
			Start: func() error { order = append(order, "start "+name); return nil },
		}
	}
	_, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(hook("a", nil), hook("b", nil)), time.Second, func(context.Context) error {
		order = append(order, "work")
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"stop a", "stop b", "work", "start b", "start a"}, order)

	order = nil
	half := errors.New("half way")
	_, err = ebssnap.Hold(t.Context(), ebssnap.Freezers(hook("a", nil), hook("b", half)), time.Second, func(context.Context) error { return nil })
	require.ErrorIs(t, err, half)
	assert.Equal(t, []string{"stop a", "stop b", "start b", "start a"}, order)
}

// TestAStopThatDoesNotEndKeepsNoOtherStopped: what was stopped before it runs again at the end of
// the budget, not when it returns at last.
func TestAStopThatDoesNotEndKeepsNoOtherStopped(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	first := ebssnap.Hook{Name: "first", Start: func() error { close(started); return nil }}
	stuck := ebssnap.Hook{Name: "stuck", Stop: func(context.Context) error { <-release; return nil }}
	ended := make(chan error, 1)
	go func() {
		_, err := ebssnap.Hold(t.Context(), ebssnap.Freezers(first, stuck), 20*time.Millisecond, func(context.Context) error {
			return errors.New("work ran")
		})
		ended <- err
	}()
	select {
	case <-started:
	case <-time.After(10 * time.Second):
		t.Error("the first is still stopped")
	}
	close(release)
	err := <-ended
	require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
	assert.NotContains(t, err.Error(), "work ran")
}

// evidences has one example of every verdict and reason.
func evidences() map[string]ebssnap.Evidence {
	at := time.Date(2026, 11, 22, 3, 0, 0, 5000, time.UTC)
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	good := ebssnap.Attempt{FreezeBegun: ms(100), Frozen: ms(130), Requested: ms(131), Answered: ms(160), ThawBegun: ms(161), Thawed: ms(162)}
	base := ebssnap.Evidence{
		Started: at, Token: "TOKEN", Volumes: []string{"vol-0a"}, Budget: 10 * time.Second, Attempts: []ebssnap.Attempt{good},
		Snapshots: []ebssnap.Snapshot{{ID: "snap-1", Volume: "vol-0a", State: "pending", Started: at, Tags: map[string]string{ebssnap.TagToken: "TOKEN"}}}, Raised: true,
	}
	with := func(change func(e *ebssnap.Evidence, a *ebssnap.Attempt)) ebssnap.Evidence {
		e, a := base, good
		change(&e, &a)
		e.Attempts = []ebssnap.Attempt{a}
		return e
	}
	return map[string]ebssnap.Evidence{
		"consistent":  base,
		"late answer": with(func(_ *ebssnap.Evidence, a *ebssnap.Attempt) { a.ThawBegun, a.Thawed = ms(150), ms(151) }),
		"before":      with(func(_ *ebssnap.Evidence, a *ebssnap.Attempt) { a.Requested = ms(120) }),
		"no answer":   with(func(_ *ebssnap.Evidence, a *ebssnap.Attempt) { a.Answered = 0 }),
		"part of set": with(func(e *ebssnap.Evidence, _ *ebssnap.Attempt) { e.Volumes = []string{"vol-0a", "vol-0b"} }),
		"foreign thaw": with(func(_ *ebssnap.Evidence, a *ebssnap.Attempt) {
			a.ThawError = opskit.Fail(&opskit.Error{Op: "thaw", Target: "/data", Err: ebssnap.ErrThawedEarly})
		}),
		"adopted": with(func(e *ebssnap.Evidence, _ *ebssnap.Attempt) { e.Adopted = true }),
		"lost":    with(func(e *ebssnap.Evidence, _ *ebssnap.Attempt) { e.Snapshots = nil }),
		"refused": with(func(e *ebssnap.Evidence, a *ebssnap.Attempt) {
			e.Snapshots, a.Refused = nil, true
			a.CreateError = opskit.Fail(&opskit.Error{Op: "create snapshot", Target: "vol-0a", Err: ebssnap.ErrDenied})
		}),
		"not frozen": with(func(e *ebssnap.Evidence, a *ebssnap.Attempt) {
			e.Snapshots = nil
			*a = ebssnap.Attempt{FreezeError: opskit.Fail(&opskit.Error{Op: "freeze", Target: "/data", Err: ebssnap.ErrAlreadyFrozen})}
		}),
		"answer and error": with(func(_ *ebssnap.Evidence, a *ebssnap.Attempt) {
			a.CreateError = opskit.Fail(&opskit.Error{Op: "create snapshot", Target: "vol-0a", Err: ebssnap.ErrThrottled})
		}),
		"no id": with(func(e *ebssnap.Evidence, _ *ebssnap.Attempt) { e.Snapshots = []ebssnap.Snapshot{{Volume: "vol-0a"}} }),
		"failed at once": with(func(e *ebssnap.Evidence, _ *ebssnap.Attempt) {
			e.Snapshots = []ebssnap.Snapshot{{ID: "snap-1", Volume: "vol-0a", State: "error"}}
		}),
		"nothing": {},
	}
}

// judged returns the result of evidence.
func judged(e ebssnap.Evidence) *ebssnap.Result {
	r := &ebssnap.Result{Evidence: e}
	r.Judge()
	return r
}

func TestJudge(t *testing.T) {
	want := map[string]ebssnap.Verdict{
		"consistent": ebssnap.VerdictConsistent, "late answer": ebssnap.VerdictUnproven, "before": ebssnap.VerdictUnproven,
		"no answer": ebssnap.VerdictUnproven, "part of set": ebssnap.VerdictUnproven, "foreign thaw": ebssnap.VerdictUnproven,
		"adopted": ebssnap.VerdictUnknown, "lost": ebssnap.VerdictUnknown, "refused": ebssnap.VerdictNone,
		"not frozen": ebssnap.VerdictNone, "nothing": ebssnap.VerdictUnknown, "answer and error": ebssnap.VerdictUnproven,
		"no id": ebssnap.VerdictUnproven, "failed at once": ebssnap.VerdictUnproven,
	}
	for name, evidence := range evidences() {
		t.Run(name, func(t *testing.T) {
			r := judged(evidence)
			assert.Equal(t, want[name], r.Verdict, "%v", r.Reasons)
			assert.NotEmpty(t, r.Reasons)
		})
	}
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	for name, evidence := range evidences() {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(evidence)
			require.NoError(t, err)
			var saved ebssnap.Evidence
			require.NoError(t, json.Unmarshal(text, &saved))
			assert.Equal(t, judged(evidence).String(), judged(saved).String())
		})
	}
	live, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnaptest.Freezer{}, time.Second)
	require.NoError(t, err)
	text, err := json.Marshal(live)
	require.NoError(t, err)
	var saved ebssnap.Result
	require.NoError(t, json.Unmarshal(text, &saved))
	saved.Judge()
	assert.Equal(t, live.String(), saved.String())
}

func TestGoldenResult(t *testing.T) {
	evidence := evidences()["late answer"]
	evidence.Attempts = append([]ebssnap.Attempt{{
		FreezeBegun: 1e6, Frozen: 2e6, Requested: 3e6, Answered: 4e6, ThawBegun: 5e6, Thawed: 6e6, Refused: true,
		CreateError: opskit.Fail(&opskit.Error{Op: "create snapshot", Target: "vol-0a", Err: ebssnap.ErrThrottled}),
	}}, evidence.Attempts...)
	evidence.Mounts = []string{"/data"}
	evidence.Error = opskit.Fail(&opskit.Error{Op: "tag", Err: ebssnap.ErrDenied})
	result := &ebssnap.Result{
		Evidence: evidence,
		Notes:    []string{`mariadb position {"file":"binlog.000042","offset":1337}`},
		Unseen:   []opskit.Gap{{What: "a thing", Why: "a reason", Need: "a remedy"}},
	}
	result.Judge()
	golden(t, "result", result, &ebssnap.Result{})
}

// golden compares v with testdata/NAME.golden.json, and empty decoded from that file with the same
// bytes.
func golden(t *testing.T, name string, v, empty any) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden.json")
	text, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, text, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text))
	require.NoError(t, json.Unmarshal(want, empty))
	again, err := json.MarshalIndent(empty, "", "  ")
	require.NoError(t, err)
	require.Equal(t, string(want), string(again)+"\n")
}

func TestResultText(t *testing.T) {
	result := &ebssnap.Result{Evidence: evidences()["consistent"]}
	result.Evidence.Snapshots[0].ID = "snap-\x1b[31m"
	result.Judge()
	assert.NotContains(t, result.String(), "\x1b")
	result.Evidence.Snapshots[0].State = "completed"
	result.Judge()
	assert.Contains(t, result.String(), "\nnot checked: nothing more")
}
