package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

func TestMain(m *testing.M) { lab.Main(m) }

func incident(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// Evidence of nothing must not read as "nothing wrong".
func TestNothingLookedAtCannotTell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "evidence.json")
	for _, text := range []string{"{}", "null", `{"case":{"name":"www.example.org"}}`} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		code, out, errs := incident(t, "-from", file)
		assert.Equal(t, program.CannotTell, code, text)
		assert.Empty(t, out, text)
		assert.Contains(t, errs, "nothing saved by this program in it", text)
	}
	require.NoError(t, os.WriteFile(file, []byte(`{"host":"www.example.org"}`), 0o600))
	code, out, _ := incident(t, "-from", file)
	assert.Equal(t, program.CannotTell, code)
	assert.True(t, strings.HasPrefix(out, "verdict: www.example.org: cannot tell, nothing was looked at\n"), out)
}

func TestPreflightNamesThePackage(t *testing.T) {
	_, out, _ := incident(t, "-preflight")
	seen := map[string]bool{}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "yes  ") || strings.HasPrefix(line, "no   ") {
			name, _, _ := strings.Cut(strings.TrimSpace(line[5:]), ": ")
			assert.False(t, seen[name], "%s twice", name)
			assert.Contains(t, name, "/")
			seen[name] = true
		}
	}
	assert.True(t, seen["reach/ipv4"])
}

func TestDemonstrationTellsTheStory(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "evidence.json")
	code, live, stderr := incident(t, "-save", saved)
	assert.Equal(t, program.Healthy, code, "the story came out as expected:\n%s%s", live, stderr)
	lines := strings.Split(strings.TrimSpace(live), "\n")
	assert.True(t, strings.HasPrefix(lines[0], "verdict: www.pagina12.com.ar: migration rather than attack"), lines[0])
	for i, name := range []string{"roots", "dns", "site", "holders", "diagnosis", "cdn", "origin", "tunnel", "zombies", "snapshot"} {
		assert.True(t, strings.HasPrefix(lines[1+i], name+": "), "step %d is %q", i, lines[1+i])
	}
	assert.True(t, strings.HasPrefix(lines[len(lines)-1], "not checked: "))
	for _, fact := range []string{"Gigared S.A.", "EDITORIAL LA PAGINA S.A.", "CloudFlare, Inc.", "138.0.152.0/22", "190.57.233.160/28", "190.57.224.0/19", "protostack_unset", "not_loaded", "weak_key", "next: "} {
		assert.Contains(t, live, fact)
	}
	assert.Contains(t, live, "left are migration, ")
	assert.Contains(t, live, "attack: nothing speaks for it")

	t.Run("saved evidence gives the same story", func(t *testing.T) {
		code, again, _ := incident(t, "-from", saved)
		assert.Equal(t, program.Healthy, code)
		assert.Equal(t, live, again)
	})
	t.Run("one documented object a line", func(t *testing.T) {
		_, out, _ := incident(t, "-from", saved, "-json")
		objects := strings.Split(strings.TrimSpace(out), "\n")
		require.Len(t, objects, 11)
		for i, text := range objects {
			var object struct {
				Step, Verdict string
				Code          *int
			}
			require.NoError(t, json.Unmarshal([]byte(text), &object))
			assert.NotEmpty(t, object.Verdict)
			assert.NotNil(t, object.Code)
			assert.Equal(t, i == 10, object.Step == "", "the last object is the whole story")
		}
	})
	t.Run("a changed step is told by since", func(t *testing.T) {
		e, err := program.Read[*evidence](saved)
		require.NoError(t, err)
		e.Before = e.Now[0]
		other := filepath.Join(t.TempDir(), "other.json")
		require.NoError(t, program.Write(other, e))
		_, out, _ := incident(t, "-from", saved, "-since", other)
		assert.Contains(t, out, `since: holders: was "known", is "it moved"`)
	})
	t.Run("a story that came out otherwise is a problem", func(t *testing.T) {
		e, err := program.Read[*evidence](saved)
		require.NoError(t, err)
		e.Snapshot = nil
		assert.Equal(t, program.Problem, tell(e).Code)
		e.Failed = append(e.Failed, failure{Step: "snapshot", Why: "not on this system", Unsupported: true})
		assert.Equal(t, program.Healthy, tell(e).Code)
	})
}

func TestStoryIsTheSameWhereLoopbackIsNeverSilent(t *testing.T) {
	w, err := newWorld()
	require.NoError(t, err)
	w.silent = nil
	e, err := w.look(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	s := tell(e)
	assert.Equal(t, program.Healthy, s.Code, "%s", s)
}

func TestPlanContactsNobody(t *testing.T) {
	code, out, stderr := incident(t, "-plan", "www.example.org")
	assert.Equal(t, program.Healthy, code)
	assert.Empty(t, stderr)
	for line := range strings.Lines(out) {
		assert.Regexp(t, `^will (contact|read): `, line)
	}
	for _, part := range []string{"13 root servers", "resolvers", "ports 80 and 443", "WHOIS", "/proc", "name servers of example.org"} {
		assert.Contains(t, out, part)
	}
}

func TestMisuseCannotTell(t *testing.T) {
	for _, args := range [][]string{{"a", "b"}, {"-plan"}, {"-from", "x", "host"}, {"-nonsense"}, {"-from", filepath.Join(t.TempDir(), "missing")}, {"-since", os.DevNull}} {
		code, _, stderr := incident(t, args...)
		assert.Equal(t, program.CannotTell, code, "%v", args)
		assert.NotEmpty(t, stderr, "%v", args)
	}
	code, out, _ := incident(t, "-h")
	assert.Equal(t, program.Healthy, code)
	assert.Contains(t, out, "usage: incident")
	assert.Contains(t, out, "exit codes: 0 ")
}

func TestMissingEvidenceIsSaid(t *testing.T) {
	s := tell(&evidence{Host: "www.example.org", Failed: []failure{{Step: "roots", Why: "no route"}}})
	assert.Equal(t, program.CannotTell, s.Code)
	assert.Contains(t, s.String(), "roots: cannot tell: no route")
	assert.Contains(t, s.String(), "snapshot (not part of this run)")
}

func TestEarlierRunGivesTheMove(t *testing.T) {
	record := func(addr, holder string) *whoislookup.Record {
		q, err := whoislookup.ParseQuery(addr)
		require.NoError(t, err)
		return &whoislookup.Record{Query: q, Verdict: whoislookup.VerdictFound, Holder: whoislookup.Holder{Name: holder}}
	}
	earlier := &evidence{Host: "www.example.org", Now: []*whoislookup.Record{record("192.0.2.1", "Old Inc.")}}
	e := &evidence{Host: "www.example.org", Now: []*whoislookup.Record{record("198.51.100.1", "New Inc.")}}
	reality{host: e.Host, earlier: earlier}.since(e)
	require.NotNil(t, e.Change.Address)
	assert.Equal(t, "192.0.2.1", e.Change.Address.Before)
	require.NotNil(t, e.Change.Owner)
	assert.Equal(t, "New Inc.", e.Change.Owner.After)
	same := &evidence{Host: "other.example.org", Now: e.Now}
	reality{host: same.Host, earlier: earlier}.since(same)
	assert.Nil(t, same.Change.Address, "another host's run says nothing")
}

func TestParentHoldsTheNameServers(t *testing.T) {
	for host, want := range map[string]string{"www.example.org": "example.org", "example.org": "example.org", "example.org.": "example.org", "localhost": "localhost"} {
		assert.Equal(t, want, parent(host), host)
	}
}
