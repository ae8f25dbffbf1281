package retention_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/retention"
)

var update = flag.Bool("update", false, "write the golden files")

func now() time.Time { return time.Date(2026, 3, 18, 12, 0, 0, 0, time.UTC) } // a Wednesday

func snapshot(id, consistency, state string, started time.Time) ebssnap.Snapshot {
	return ebssnap.Snapshot{
		ID: "snap-" + id, Volume: "vol-a", State: state, Started: started,
		Tags: map[string]string{ebssnap.TagToken: "token-" + id, ebssnap.TagConsistency: consistency},
	}
}

func good(id string, days int) ebssnap.Snapshot {
	return snapshot(id, "frozen", "completed", now().AddDate(0, 0, -days))
}

func plan(t *testing.T, p retention.Policy, snapshots ...ebssnap.Snapshot) *retention.Result {
	t.Helper()
	r, err := retention.Plan(retention.Inventory{Volumes: []string{"vol-a"}, At: now(), Snapshots: snapshots}, p)
	require.NoError(t, err)
	return r
}

func deleted(r *retention.Result) []string {
	ids := []string{}
	for _, p := range r.Deletes() {
		for _, s := range p.Snapshots {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func TestPlan(t *testing.T) {
	hours := func(h int) time.Time { return now().Add(time.Duration(-h) * time.Hour) }
	other := good("other", 5)
	other.Volume = "vol-b"
	named := ebssnap.Snapshot{ID: "snap-named", Volume: "vol-a", State: "completed", Started: now().AddDate(-1, 0, 0), Tags: map[string]string{"Name": "opskit backup"}}
	tests := []struct {
		name      string
		policy    retention.Policy
		snapshots []ebssnap.Snapshot
		want      []string
	}{
		{"the zero policy deletes nothing", retention.Policy{}, []ebssnap.Snapshot{good("1", 1), good("2", 400)}, nil},
		{"last", retention.Policy{Last: 2}, []ebssnap.Snapshot{good("1", 1), good("2", 2), good("3", 3), good("4", 4)}, []string{"snap-4", "snap-3"}},
		{"daily keeps the newest of a day", retention.Policy{Daily: 2}, []ebssnap.Snapshot{
			snapshot("noon", "frozen", "completed", hours(24)), snapshot("morning", "frozen", "completed", hours(30)), snapshot("before", "frozen", "completed", hours(48)), snapshot("old", "frozen", "completed", hours(72)),
		}, []string{"snap-old", "snap-morning"}},
		{"days without a snapshot do not count", retention.Policy{Daily: 2}, []ebssnap.Snapshot{good("1", 1), good("2", 100), good("3", 200)}, []string{"snap-3"}},
		{"a week begins on Monday", retention.Policy{Weekly: 2}, []ebssnap.Snapshot{good("tuesday", 1), good("monday", 2), good("sunday", 3), good("saturday", 4), good("lastsunday", 10)}, []string{"snap-lastsunday", "snap-saturday", "snap-monday"}},
		{"monthly", retention.Policy{Monthly: 2}, []ebssnap.Snapshot{good("march", 1), good("march1", 17), good("february", 18), good("january", 60)}, []string{"snap-january", "snap-march1"}},
		{"within", retention.Policy{Last: 1, Within: 72 * time.Hour}, []ebssnap.Snapshot{good("1", 1), good("2", 2), good("3", 3)}, []string{"snap-3"}},
		{"unproven ones take no place and are kept apart", retention.Policy{Last: 1}, []ebssnap.Snapshot{snapshot("torn", "unproven", "completed", hours(1)), good("1", 1), snapshot("torn2", "unproven", "completed", hours(999)), good("2", 2)}, []string{"snap-2"}},
		{"unproven ones go when old", retention.Policy{Unproven: 48 * time.Hour}, []ebssnap.Snapshot{good("1", 1), snapshot("young", "unproven", "completed", hours(47)), snapshot("old", "unproven", "completed", hours(49)), snapshot("failed", "frozen", "error", hours(50))}, []string{"snap-failed", "snap-old"}},
		{"unproven ones newer than the newest consistent one stay", retention.Policy{Last: 1, Unproven: time.Hour}, []ebssnap.Snapshot{good("1", 9), snapshot("torn", "unproven", "completed", hours(99))}, nil},
		{"where nothing is consistent nothing goes", retention.Policy{Last: 1, Unproven: time.Hour}, []ebssnap.Snapshot{snapshot("1", "unproven", "completed", hours(99)), snapshot("2", "unproven", "completed", hours(999))}, nil},
		{"pending is neither consistent nor deleted", retention.Policy{Last: 1, Unproven: time.Hour}, []ebssnap.Snapshot{snapshot("pending", "frozen", "pending", hours(30)), good("1", 1), good("2", 2)}, []string{"snap-2"}},
		{"no time, or a time to come, is kept", retention.Policy{Last: 1, Unproven: 1}, []ebssnap.Snapshot{good("1", 1), snapshot("never", "frozen", "completed", time.Time{}), snapshot("future", "unproven", "completed", hours(-1))}, nil},
		{"own tag and volume only, whatever the name", retention.Policy{Last: 1, Unproven: 1}, []ebssnap.Snapshot{good("1", 1), other, named}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.want == nil {
				test.want = []string{}
			}
			assert.Equal(t, test.want, deleted(plan(t, test.policy, test.snapshots...)))
		})
	}
	for _, bad := range []retention.Policy{{Last: -1}, {Within: -1}} {
		_, err := retention.Plan(retention.Inventory{Volumes: []string{"vol-a"}, At: now()}, bad)
		assert.ErrorIs(t, err, retention.ErrUsage)
	}
}

func TestASetIsKeptOrDeletedAsOne(t *testing.T) {
	part := func(token, volume string, days int) ebssnap.Snapshot {
		s := good(token+volume, days)
		s.Volume, s.Tags[ebssnap.TagToken] = volume, token
		return s
	}
	inventory := retention.Inventory{Volumes: []string{"a", "b"}, At: now(), Snapshots: []ebssnap.Snapshot{
		part("new", "a", 1), part("two", "a", 2), part("two", "b", 2), part("three", "a", 3), part("three", "b", 3),
	}}
	r, err := retention.Plan(inventory, retention.Policy{Last: 1})
	require.NoError(t, err)
	assert.Equal(t, "two", r.Newest, "a point without one of the volumes is not whole")
	assert.Equal(t, []string{"snap-threea", "snap-threeb"}, deleted(r))
}

// Whatever there is and whatever the policy: what a plan promises in its documentation holds.
func TestPlanProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var all []ebssnap.Snapshot
		for n := range random.IntN(30) {
			s := snapshot(fmt.Sprint(n), []string{"frozen", "frozen", "unproven", ""}[random.IntN(4)], []string{"completed", "completed", "completed", "pending", "error", ""}[random.IntN(6)], now().Add(-time.Duration(random.IntN(90*24)-24)*time.Hour))
			if random.IntN(10) == 0 {
				delete(s.Tags, ebssnap.TagToken)
			}
			if random.IntN(10) == 0 {
				s.Volume = "vol-b"
			}
			all = append(all, s)
		}
		policy := retention.Policy{Last: random.IntN(3), Daily: random.IntN(3), Weekly: random.IntN(3), Monthly: random.IntN(2), Unproven: time.Duration(random.IntN(2)*random.IntN(100)) * time.Hour}
		r := plan(t, policy, all...)
		var newest time.Time
		consistent, kept := 0, 0
		for _, p := range r.Points {
			require.NotEmpty(t, p.Reasons)
			if p.Class == retention.ClassConsistent {
				consistent++
				if newest.IsZero() {
					newest = p.Started
				}
				if !p.Delete {
					kept++
				}
			}
		}
		for _, p := range r.Deletes() {
			require.False(t, newest.IsZero())
			require.True(t, p.Started.Before(newest))
			require.Equal(t, "vol-a", p.Snapshots[0].Volume)
			require.NotEmpty(t, p.Snapshots[0].Tags[ebssnap.TagToken])
			require.NotEqual(t, retention.ClassPending, p.Class)
		}
		require.GreaterOrEqual(t, kept, min(consistent, max(1, policy.Last)))
	}
}

func TestApply(t *testing.T) {
	cloud := &ebssnaptest.Cloud{}
	inventory := func() retention.Inventory {
		i, err := retention.List(t.Context(), cloud, "vol-a")
		require.NoError(t, err)
		for n := range i.Snapshots { // the fake never completes
			i.Snapshots[n].State = "completed"
		}
		return i
	}
	for range 4 {
		_, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-a"}}, &ebssnaptest.Freezer{}, time.Second)
		require.NoError(t, err)
	}
	done := &completes{Cloud: cloud}
	r, err := retention.Plan(inventory(), retention.Policy{Last: 2})
	require.NoError(t, err)
	require.NoError(t, cloud.Tag(t.Context(), []string{r.Points[2].Snapshots[0].ID}, map[string]string{ebssnap.TagConsistency: "wanted"}))
	applied, err := retention.Apply(t.Context(), done, r)
	require.ErrorIs(t, err, retention.ErrChanged)
	assert.Equal(t, []string{r.Points[3].Snapshots[0].ID}, applied.Deleted)
	assert.Len(t, applied.Left, 1)
	assert.Len(t, cloud.Snapshots(), 3)

	require.NoError(t, cloud.Tag(t.Context(), []string{r.Points[2].Snapshots[0].ID}, map[string]string{ebssnap.TagConsistency: "frozen"}))
	require.NoError(t, cloud.Delete(t.Context(), r.Points[0].Snapshots[0].ID))
	applied, err = retention.Apply(t.Context(), done, r)
	require.ErrorIs(t, err, retention.ErrChanged, "the newest consistent one is gone")
	assert.Empty(t, applied.Deleted)
	assert.Len(t, cloud.Snapshots(), 2)

	_, err = retention.Apply(t.Context(), struct{ ebssnap.Cloud }{cloud}, r)
	require.ErrorIs(t, err, retention.ErrUsage)
}

// completes is the fake with every snapshot completed.
type completes struct{ *ebssnaptest.Cloud }

func (c *completes) Find(ctx context.Context, q ebssnap.Query) ([]ebssnap.Snapshot, error) {
	found, err := c.Cloud.Find(ctx, q)
	for n := range found {
		found[n].State = "completed"
	}
	return found, err
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	r := plan(t, retention.Policy{Last: 1, Unproven: time.Hour}, good("1", 1), good("2", 2), snapshot("torn", "unproven", "completed", now().AddDate(0, 0, -3)))
	golden := filepath.Join("testdata", "plan.golden.json")
	text, err := json.MarshalIndent(r, "", "\t")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, text, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	var back retention.Result
	require.NoError(t, json.Unmarshal(want, &back))
	var all []ebssnap.Snapshot
	for _, p := range back.Points {
		all = append(all, p.Snapshots...)
	}
	again, err := json.MarshalIndent(plan(t, back.Policy, all...), "", "\t")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n")
}

func ExamplePlan() {
	r, err := retention.Plan(retention.Inventory{Volumes: []string{"vol-a"}, At: now(), Snapshots: []ebssnap.Snapshot{good("1", 1), good("2", 2)}}, retention.Policy{Last: 1})
	fmt.Println(len(r.Deletes()), r.Points[1].Reasons, err)
	// Output: 1 [no rule keeps it] <nil>
}
