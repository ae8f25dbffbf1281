package limits

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { lab.Main(m) }

const limitsFile = "Limit                     Soft Limit           Hard Limit           Units     \n" +
	"Max cpu time              unlimited            unlimited            seconds   \n" +
	"Max processes             100                  200                  processes \n" +
	"Max open files            20000                20000                files     \n"

// host writes a /proc and a /sys/fs/cgroup in which pid 40 of user 33 forks.
func host(t *testing.T) (Query, map[string]string) {
	t.Helper()
	status := func(pid, uid, threads string) string {
		return "Name:\tx\nState:\tS (sleeping)\nTgid:\t" + pid + "\nPid:\t" + pid + "\nUid:\t" + uid + "\t0\t0\t0\nNSpgid:\t" + pid +
			"\nNSsid:\t7\nThreads:\t" + threads + "\nCapEff:\t0000000000000000\n"
	}
	files := map[string]string{
		"sys/kernel/pid_max": "400\n", "sys/kernel/threads-max": "1000\n", "loadavg": "0.5 0.4 0.3 2/117 350\n",
		"self/mountinfo": "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	}
	root := procstatetest.Tree{
		{PID: 40, Start: 5, Files: map[string]string{
			"status": status("40", "33", "3"), "limits": limitsFile, "task/40/stat": "", "task/301/stat": "", "task/302/stat": "",
			"cgroup": "0::/web.slice/app.service\n",
		}},
		{PID: 350, State: 'Z', Files: map[string]string{"status": strings.Replace(status("350", "33", "1"), "State:\tS (sleeping)", "State:\tZ (zombie)", 1)}},
		{PID: 351, Files: map[string]string{"status": status("351", "0", "1")}},
		{Files: files},
	}.Dir(t)
	groups := t.TempDir()
	for file, content := range map[string]string{
		"web.slice/pids.max": "max\n", "web.slice/app.service/pids.max": "10\n", "web.slice/app.service/pids.current": "4\n",
		"web.slice/app.service/cgroup.threads": "40\n301\n", "web.slice/app.service/sub/cgroup.threads": "302\n", "cgroup.procs": "1\n",
	} {
		path := filepath.Join(groups, "sys/fs/cgroup", file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return Query{PID: 40, Root: root, Cgroups: groups}, files
}

func TestRead(t *testing.T) {
	q, _ := host(t)
	r, err := Read(t.Context(), q)
	require.NoError(t, err)
	assert.Empty(t, r.Unseen)
	assert.Equal(t, procstate.ID{PID: 40, Start: 5}, r.For)
	assert.Equal(t, []Limit{
		{Name: "cgroup.pids.max", Scope: filepath.Join(q.Cgroups, "sys/fs/cgroup/web.slice/app.service"), Used: 4, Max: 10, Zombies: 1},
		{Name: "kernel.pid_max", Scope: "pid namespace", Used: 4, Max: 100, Zombies: 1},
		{Name: "rlimit.nproc", Scope: "uid 33", Used: 4, Max: 100, Zombies: 1},
		{Name: "kernel.threads-max", Scope: "host", Used: 117, Max: 1000, Zombies: 1},
	}, r.Limits)
	assert.Equal(t, procstate.Healthy, r.Verdict)
	text := r.String()
	assert.True(t, strings.HasPrefix(text, "healthy: pid 40 can make 6 more tasks\n  cgroup.pids.max of "), text)
	assert.True(t, strings.HasSuffix(text, "\nnot checked: nothing more"), text)

	r.At = time.Date(2015, 11, 20, 0, 0, 0, 0, time.UTC)
	r.Limits[0].Scope = "/sys/fs/cgroup/web.slice/app.service"
	r.Unseen = []opskit.Gap{{What: "w", Why: "y"}}
	r.Judge()
	golden(t, "report", r)
	golden(t, "forecast", Forecast{Limit: r.Limits[0], PerHour: 1.5, In: time.Hour, At: r.At})
}

func golden[T any](t *testing.T, name string, value T) {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text)+"\n")
	var back T
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, value, back)
}

// TestSavedEvidenceSameVerdict: the verdict follows from what was saved.
func TestSavedEvidenceSameVerdict(t *testing.T) {
	at := time.Now().UTC()
	for _, test := range []struct {
		rule string
		r    Report
		want procstate.Verdict
	}{
		{"plenty", Report{At: at, Limits: []Limit{{Used: 80, Max: 100}}}, procstate.Healthy},
		{"less than a tenth is left", Report{At: at, Limits: []Limit{{Used: 80, Max: 100}, {Used: 91, Max: 100}}}, procstate.Problem},
		{"nothing is left", Report{At: at, Limits: []Limit{{Used: 5, Max: 3}}}, procstate.Problem},
		{"something was not counted", Report{At: at, Limits: []Limit{{Max: 9}}, Unseen: []opskit.Gap{{}}}, procstate.Unknown},
		{"a problem stays one", Report{At: at, Limits: []Limit{{Used: 9, Max: 9}}, Unseen: []opskit.Gap{{}}}, procstate.Problem},
		{"nothing was counted", Report{At: at}, procstate.Unknown},
	} {
		text, err := json.Marshal(&test.r)
		require.NoError(t, err)
		var saved Report
		require.NoError(t, json.Unmarshal(text, &saved))
		saved.Judge()
		assert.Equal(t, test.want, saved.Verdict, test.rule)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	for _, test := range []struct{ file, content, what string }{
		{"sys/kernel/pid_max", "x", "kernel.pid_max"},
		{"sys/kernel/threads-max", "", "kernel.threads-max"},
		{"loadavg", "0.5 0.4", "how many tasks"},
		{"40/limits", "Max processes", "RLIMIT_NPROC"},
		{"350/status", "Name:\tx\n", "pid 350"},
		{"350/status", "Uid:\t33\t0\t0\t0\nThreads:\t1\n", "pid 350"},
	} {
		q, _ := host(t)
		require.NoError(t, os.WriteFile(filepath.Join(q.Root, filepath.FromSlash(test.file)), []byte(test.content), 0o600))
		r, err := Read(t.Context(), q)
		require.NoError(t, err)
		require.NotEmpty(t, r.Unseen, test.file)
		assert.Contains(t, r.String(), "not checked: ")
		assert.Contains(t, r.String(), test.what)
		assert.Equal(t, procstate.Verdict(procstate.Unknown), r.Verdict)
	}
	q, _ := host(t)
	q.PID = 4000
	_, err := Read(t.Context(), q)
	require.ErrorIs(t, err, os.ErrNotExist)
	q.Root = filepath.Join(q.Root, "missing")
	_, err = Read(t.Context(), q)
	require.Error(t, err)
}

func TestWhoIsExempt(t *testing.T) {
	q, _ := host(t)
	for _, test := range []struct {
		rule, status string
		counted      bool
	}{
		{"a user", "Uid:\t33\t0\t0\t0\nThreads:\t1\nCapEff:\t0000000000000000\n", true},
		{"root", "Uid:\t0\t33\t33\t33\nThreads:\t1\nCapEff:\t0000000000000000\n", false},
		{"CAP_SYS_ADMIN", "Uid:\t33\t0\t0\t0\nThreads:\t1\nCapEff:\t0000000000200000\n", false},
		{"CAP_SYS_RESOURCE", "Uid:\t33\t0\t0\t0\nThreads:\t1\nCapEff:\t0000000001000000\n", false},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(q.Root, "40", "status"), []byte(test.status), 0o600))
		r, err := Read(t.Context(), q)
		require.NoError(t, err)
		found := false
		for _, l := range r.Limits {
			found = found || l.Name == "rlimit.nproc"
		}
		assert.Equal(t, test.counted, found, test.rule)
	}
	limit, err := softNproc("Max processes             unlimited            unlimited            processes \n")
	require.NoError(t, err)
	assert.Equal(t, ^uint64(0), limit)
}

// TestWhatElseIsUsed: numbers that are taken without a process, and limits of the
// groups above.
func TestWhatElseIsUsed(t *testing.T) {
	q, _ := host(t)
	status := "Uid:\t0\t0\t0\t0\nNSpgid:\t305\nNSsid:\t306\nThreads:\t1\nCapEff:\t0000000000000000\n"
	groups := filepath.Join(q.Cgroups, "sys/fs/cgroup/web.slice")
	for path, content := range map[string]string{
		filepath.Join(q.Root, "351/status"):               status,
		filepath.Join(groups, "pids.max"):                 "20\n",
		filepath.Join(groups, "pids.current"):             "19\n",
		filepath.Join(groups, "app.service/pids.current"): "2\n", // since then two more have been listed
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	r, err := Read(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, []Limit{
		{Name: "cgroup.pids.max", Scope: groups, Used: 19, Max: 20, Zombies: 16},
		{Name: "cgroup.pids.max", Scope: filepath.Join(groups, "app.service"), Used: 2, Max: 10},
		{Name: "kernel.pid_max", Scope: "pid namespace", Used: 6, Max: 100, Zombies: 1},
	}, r.Limits[:3], "the leaders of a group and of a session have gone, and their numbers stay taken")
}

func TestFirstRoundOfPIDs(t *testing.T) {
	q, _ := host(t)
	require.NoError(t, os.WriteFile(filepath.Join(q.Root, "loadavg"), []byte("0.5 0.4 0.3 2/117 199\n"), 0o600))
	r, err := Read(t.Context(), q)
	require.NoError(t, err)
	for _, l := range r.Limits {
		if l.Name == "kernel.pid_max" {
			assert.EqualValues(t, 100+100-4, l.Left(), "200 to 299 have not been given out yet")
			return
		}
	}
	t.Fatal("no kernel.pid_max")
}

// TestGroupsThatAreNotInSight: limits that bind and cannot be seen are a gap.
func TestGroupsThatAreNotInSight(t *testing.T) {
	for _, test := range []struct{ rule, cgroup, mountinfo, create, gap string }{
		{"all are", "0::/web.slice/app.service\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "", ""},
		{"outside of the cgroup namespace", "0::/../app.service\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "", "not among those"},
		{"version 2 is not mounted", "0::/web.slice/app.service\n", "22 27 0:21 / /proc rw - proc proc rw\n", "", "not among those"},
		{"a neighbour of what is mounted", "0::/web.slice/app.service\n", "41 31 0:38 /web /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "", "not among those"},
		{"the second mount has it", "0::/web.slice/app.service\n", "40 31 0:38 /x /y rw - cgroup2 cgroup2 rw\n41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "", ""},
		{"the root of a container, not mounted", "0::/\n", "22 27 0:21 / /proc rw - proc proc rw\n", "", "not among those"},
		{"it is gone", "0::/other.service\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "", "no such file"},
		{"a container sees its own group only", "0::/web.slice/app.service\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "cgroup.events", "groups above"},
		{"version 2 beside version 1 has no limits", "7:pids:/web.slice/app.service\n0::/x\n", "41 31 0:38 / /sys/fs/cgroup rw - cgroup pids rw,pids\n", "", ""},
	} {
		q, _ := host(t)
		put := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
		put(filepath.Join(q.Root, "40/cgroup"), test.cgroup)
		put(filepath.Join(q.Root, "self/mountinfo"), test.mountinfo)
		if test.rule == "the root of a container, not mounted" {
			require.NoError(t, os.Mkdir(filepath.Join(q.Root, "self/ns"), 0o700))
			require.NoError(t, os.Symlink("cgroup:[4026532999]", filepath.Join(q.Root, "self/ns/cgroup")))
		}
		if test.create != "" {
			put(filepath.Join(q.Cgroups, "sys/fs/cgroup", test.create), "")
		}
		r, err := Read(t.Context(), q)
		require.NoError(t, err)
		if test.gap == "" {
			assert.Empty(t, r.Unseen, test.rule)
			assert.Equal(t, "cgroup.pids.max", r.Limits[0].Name, test.rule)
			continue
		}
		require.Len(t, r.Unseen, 1, test.rule)
		assert.Contains(t, r.Unseen[0].String(), test.gap, test.rule)
		assert.Equal(t, procstate.Verdict(procstate.Unknown), r.Verdict, test.rule)
	}
}

// TestUserNamespaces: root and capabilities of another user namespace exempt
// nobody, and its users are counted apart.
func TestUserNamespaces(t *testing.T) {
	const first, other = "user:[4026531837]", "user:[4026532999]"
	for _, test := range []struct {
		rule, self, target, uid, capabilities string
		counted, gap                          bool
	}{
		{"a user of the host", first, first, "33", "0", true, false},
		{"root of the host", first, first, "0", "0", false, false},
		{"a capability on the host", first, first, "33", "1000000", false, false},
		{"a capability in a container", first, other, "33", "1000000", false, true},
		{"root of the container that this runs in", other, other, "0", "0", false, true},
		{"the host's root in a container", first, other, "0", "0", false, false},
	} {
		q, _ := host(t)
		status := "Uid:\t" + test.uid + "\t0\t0\t0\nThreads:\t3\nCapEff:\t" + test.capabilities + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(q.Root, "40/status"), []byte(status), 0o600))
		for process, link := range map[string]string{"self": test.self, "40": test.target} {
			require.NoError(t, os.MkdirAll(filepath.Join(q.Root, process, "ns"), 0o700))
			require.NoError(t, os.Symlink(link, filepath.Join(q.Root, process, "ns/user")))
		}
		r, err := Read(t.Context(), q)
		require.NoError(t, err)
		counted := slices.ContainsFunc(r.Limits, func(l Limit) bool { return l.Name == "rlimit.nproc" })
		assert.Equal(t, test.counted, counted, test.rule)
		assert.Equal(t, test.gap, len(r.Unseen) == 1, "%s: %v", test.rule, r.Unseen)
	}
}

func FuzzStatus(f *testing.F) {
	f.Add("Uid:\t33\t0\t0\t0\nThreads:\t3\nCapEff:\t0000000000200000\nNSpgid:\t4 1\n", "0.5 0.4 0.3 2/117 350\n", limitsFile)
	f.Add("Uid:\t0\t0\t0\t0\nThreads:\t1\nCapEff:\t000001ffffffffff\n", "x", "Max processes             unlimited            unlimited            processes \n")
	f.Fuzz(func(_ *testing.T, status, load, limits string) {
		_, _ = procfile.ParseStatus([]byte(status), procfile.ForLimits)
		_, _, _ = parseLoad(load)
		_, _ = softNproc(limits)
	})
}
