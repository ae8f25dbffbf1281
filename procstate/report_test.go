package procstate

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is a report in which every field is set.
func sample() *Report {
	uid := uint32(33)
	parent := Process{ID: ID{4242, 1000}, PPID: 1, State: 'S', Comm: comm("work\ner"), Threads: 3, Flags: 0x400000, ExitSignal: 17, CPU: 1}
	parent.setFact(subreaperKnown, subreaper, true)
	parent.setFact(killableKnown, killable, false)
	ended := Process{ID: ID{4243, 1100}, PPID: 4242, State: 'Z', Comm: comm("\xff\xfe bad"), Threads: 1, ExitSignal: 17}
	ended.setExit(9 << 8)
	killed := Process{ID: ID{4244, 1101}, PPID: 4242, State: 'Z', Comm: comm("job"), Threads: 1}
	killed.setExit(9)
	ended.setTracer(0)
	killed.setTracer(77)
	r := &Report{
		At: time.Date(2015, 11, 20, 22, 22, 0, 123456789, time.UTC), Settle: time.Second, Processes: 120, Reaped: 2,
		Groups: []Group{{
			Parent: parent, Why: ReasonHandling, SIGCHLD: "caught",
			Owner: Owner{
				Cgroup: "/kubepods/pod0/c", Unit: "worker.service", Container: strings.Repeat("ab", 32),
				Pod: "7d1c1a52-3a0c-4c5e-9f2a-0b1c2d3e4f50", UID: &uid, NSPID: 17,
			},
			Zombies: []Zombie{
				{Process: ended, Kind: KindReapable, DeadAtLeast: time.Second, DeadMore: time.Minute},
				{Process: killed, Kind: KindHeldByTracer, Tracer: ID{77, 900}, DeadAtLeast: time.Second},
			},
			Adopter: Adopter{ID: ID{1, 2}, Comm: comm("init"), By: "namespace_init", Outer: true},
			BootID:  "a3646f08-18e0-4845-b57f-2e4a8d7c1b90",
			Unseen:  []opskit.Gap{{What: "whether the parent is frozen", Why: "permission denied"}},
		}, {
			Parent: Process{ID: ID{50, 700}, State: 'S', Comm: comm("cold"), Threads: 1}, Why: ReasonFrozen, SIGCHLD: "default",
			Freezer: "/sys/fs/cgroup/jobs/cgroup.freeze",
			Zombies: []Zombie{{Process: Process{ID: ID{51, 701}, PPID: 50, State: 'Z', Threads: 1, facts: tracerKnown}, DeadAtLeast: time.Second}},
		}},
		Unseen: []opskit.Gap{{What: "processes of other users", Why: "/proc is mounted with hidepid=2", Need: "run as root (CAP_SYS_PTRACE)"}},
	}
	r.Judge()
	return r
}

func TestGoldenJSON(t *testing.T) {
	report := sample()
	golden(t, "report", report)
	golden(t, "group", report.Groups[0])
	golden(t, "plan", report.Groups[0].Plan())
	frozen := report.Groups[1].Plan()
	golden(t, "outcome", &Outcome{
		Verdict: Problem, Parent: ID{50, 700}, Done: frozen.Steps, Passed: report.Groups[0].Plan().Steps[:1],
		Reaped: []ID{{51, 701}}, Left: []ID{{52, 702}}, Elapsed: 1500 * time.Millisecond,
		Unseen: []opskit.Gap{{What: "w", Why: "y"}},
	})
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	live := sample()
	text, err := json.Marshal(live)
	require.NoError(t, err)
	var saved Report
	require.NoError(t, json.Unmarshal(text, &saved))
	saved.Verdict = Unknown
	assert.Equal(t, live.Level(), saved.Judge())
	assert.Equal(t, opskit.Problem, live.Level())
	assert.Equal(t, live, &saved)
	for i := range live.Groups {
		assert.Equal(t, live.Groups[i].Plan(), saved.Groups[i].Plan())
	}
}

func TestTextOfReport(t *testing.T) {
	text := sample().String()
	lines := strings.Split(text, "\n")
	assert.True(t, strings.HasPrefix(lines[0], "problem: 2 zombies that nobody reaps, of 2 parents"), lines[0])
	last := lines[len(lines)-1]
	assert.True(t, strings.HasPrefix(last, "not checked: processes of other users (/proc is mounted"), last)
	assert.Contains(t, last, "whether the parent is frozen")
	assert.Contains(t, text, `"work\ner"`)
	assert.Contains(t, text, `"\xff\xfe bad"`)
	assert.Contains(t, text, "exit status 9")
	assert.Contains(t, text, "killed by signal 9")
	assert.Contains(t, text, "next: tell_tracer 77")
	assert.Contains(t, text, `if it ends: adopted by 1 "init" (namespace_init), outside of their own PID namespace`)
	assert.Contains(t, text, "next: thaw 50")
	for _, r := range text {
		assert.True(t, r >= ' ' || r == '\n', "control byte %q", r)
	}
	well := &Report{At: time.Now(), Processes: 7}
	well.Judge()
	assert.Contains(t, well.String(), "healthy: no zombies among 7 processes\nnot checked: nothing more")

	many := Group{Parent: Process{ID: ID{40, 1}}}
	for i := range 40 {
		many.Zombies = append(many.Zombies, Zombie{Process: Process{ID: ID{100 + i, 1}, State: 'Z'}})
	}
	assert.Contains(t, many.String(), "and 32 more")
}

func TestPreflight(t *testing.T) {
	names := func(capabilities []opskit.Capability) (names []string) {
		for _, c := range capabilities {
			names = append(names, c.Name)
			assert.True(t, c.OK || c.Why != "", "%s says why not", c.Name)
		}
		return names
	}
	want := []string{"list", "all_users", "all_namespaces", "blocked_causes", "apply"}
	assert.Equal(t, want, names(Preflight(t.Context())))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, want, names(Preflight(ctx)))
	assert.False(t, Preflight(ctx)[0].OK)
}

func FuzzReport(f *testing.F) {
	text, err := json.Marshal(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, text []byte) {
		var r Report
		if json.Unmarshal(text, &r) == nil {
			_ = r.Judge()
			_ = r.String()
		}
	})
}
