package inject

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/procstate"
)

var update = flag.Bool("update", false, "write the golden files")

func golden[T any](t *testing.T, name string, value T) {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	text = append(text, '\n')
	path := "testdata/" + name + ".golden.json"
	if *update {
		require.NoError(t, os.WriteFile(path, text, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	var back T
	require.NoError(t, json.Unmarshal(want, &back))
	again, err := json.MarshalIndent(back, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n", "it decodes to what it was made from")
}

func examplePlan() Plan {
	return Plan{
		Parent: procstate.ID{PID: 4711, Start: 123456}, Comm: `ev\nil`, Boot: "5d1f4a7e-0000-4000-8000-000000000000",
		Zombies: []procstate.ID{{PID: 4712, Start: 123460}, {PID: 4713, Start: 123461}},
		Left:    []Left{{ID: procstate.ID{PID: 4714, Start: 123462}, Reason: ReasonTraced}},
		Call:    "clock_nanosleep", MaxStop: 20 * time.Millisecond, Risks: []Risk{RiskLostExitStatus, RiskReusedNumber, RiskCallerDies},
	}
}

func exampleResult() Result {
	return Result{
		Parent: procstate.ID{PID: 4711, Start: 123456}, Reaped: []procstate.ID{{PID: 4712, Start: 123460}}, Left: []Left{{ID: procstate.ID{PID: 4713, Start: 123461}, Reason: ReasonNotOffered}},
		Thread: 4711, Stops: 1, Longest: 350 * time.Microsecond, Stopped: 350 * time.Microsecond,
	}
}

func TestGolden(t *testing.T) {
	golden(t, "plan", examplePlan())
	golden(t, "result", exampleResult())
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	text, err := json.Marshal(examplePlan())
	require.NoError(t, err)
	var back Plan
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, examplePlan(), back)
	assert.Equal(t, examplePlan().String(), back.String())
}

func TestText(t *testing.T) {
	assert.Equal(t, `make pid 4711 ("ev\nil") wait for 2 dead children, stopped for at most 20ms at once
  its thread sleeps in clock_nanosleep, which goes on afterwards
  pid 4714: traced
  risk lost_exit_status: `+explain(RiskLostExitStatus)+`
  risk reused_number: `+explain(RiskReusedNumber)+`
  risk caller_dies: `+explain(RiskCallerDies)+`
not checked: whether the parent still means to wait for them (only its program knows)`, examplePlan().String())
	assert.Equal(t, `pid 4711 was made to wait for 1 dead child, 1 left
  its thread 4711 stopped once, 350µs at most, 350µs together
  pid 4713: not_offered
not checked: what the parent does when it misses them (only its program knows)`, exampleResult().String())
	assert.Equal(t, "pid 0 was made to wait for 0 dead children, 0 left\nnot checked: what the parent does when it misses them (only its program knows)", Result{}.String())
	assert.Contains(t, explain(RiskLostExitStatus), "lost exit status")
	assert.Equal(t, `a\x1b[2J\xff\"b`, escaped("a\x1b[2J\xff\"b"))
}

func TestZeroValues(t *testing.T) {
	assert.Equal(t, DefaultSettle, Injector{}.settle())
	assert.Equal(t, DefaultMaxStop, Injector{}.maxStop())
	assert.Equal(t, DefaultRest, Injector{}.rest())
	assert.Zero(t, Injector{Settle: -1}.settle())
	assert.Equal(t, time.Second, Injector{MaxStop: time.Second}.maxStop())
}
