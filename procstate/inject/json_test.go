package inject

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
		Parent: Parent{PID: 4711, Start: 123456}, Comm: `ev\nil`, Boot: "5d1f4a7e-0000-4000-8000-000000000000",
		Zombies: []Zombie{{4712, 123460}, {4713, 123461}},
		Left:    []Left{{Zombie: Zombie{4714, 123462}, Reason: Traced}},
		Call:    "clock_nanosleep", MaxStop: 20 * time.Millisecond, Risks: []Risk{LostExitStatus, ReusedNumber, CallerDies},
	}
}

func exampleResult() Result {
	return Result{
		Parent: Parent{PID: 4711, Start: 123456}, Reaped: []Zombie{{4712, 123460}}, Left: []Left{{Zombie: Zombie{4713, 123461}, Reason: NotOffered}},
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
  risk lost_exit_status: `+LostExitStatus.Text()+`
  risk reused_number: `+ReusedNumber.Text()+`
  risk caller_dies: `+CallerDies.Text()+`
not checked: whether the parent still means to wait for them`, examplePlan().String())
	assert.Equal(t, `pid 4711 was made to wait for 1 dead child, 1 left
  its thread 4711 stopped once, 350µs at most, 350µs together
  pid 4713: not_offered
not checked: what the parent does when it misses them`, exampleResult().String())
	assert.Equal(t, "pid 0 was made to wait for 0 dead children, 0 left\nnot checked: what the parent does when it misses them", Result{}.String())
	assert.Contains(t, LostExitStatus.Text(), "lost exit status")
	assert.Equal(t, `a\x1b[2J\xff\"b`, escaped("a\x1b[2J\xff\"b"))
}

func TestNames(t *testing.T) {
	for risk := UnknownRisk; risk <= CallerDies; risk++ {
		text, err := risk.MarshalText()
		require.NoError(t, err)
		var back Risk
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, risk, back)
		assert.NotEmpty(t, risk.Text())
	}
	assert.Len(t, riskNames(), int(CallerDies)+1)
	assert.Error(t, new(Risk).UnmarshalText([]byte("none")))
	assert.Equal(t, "unknown", Risk(99).String())
	for reason := NotTried; reason <= NotOffered; reason++ {
		text, err := reason.MarshalText()
		require.NoError(t, err)
		var back Reason
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, reason, back)
	}
	assert.Len(t, reasonNames(), int(NotOffered)+1)
	assert.Error(t, new(Reason).UnmarshalText([]byte("fine")))
	assert.Equal(t, "not_tried", Reason(99).String())
}

func TestErrorsKeepTheirSentinel(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range errorCodes() {
		text, err := json.Marshal(&Error{Op: "apply", PID: 7, Err: c.Err})
		require.NoError(t, err)
		assert.Contains(t, string(text), `"code":"`+c.Text+`"`)
		var back Error
		require.NoError(t, json.Unmarshal(text, &back))
		assert.ErrorIs(t, &back, c.Err)
		assert.Equal(t, errors.Is(c.Err, ErrRefused), errors.Is(&back, ErrRefused), c.Text)
		assert.Equal(t, "apply pid 7: "+c.Err.Error(), back.Error())
		assert.False(t, seen[c.Text])
		seen[c.Text] = true
	}
	assert.NotErrorIs(t, fs.ErrPermission, ErrRefused)
	text, err := json.Marshal(&Error{Err: errors.New("odd")})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"other","message":"odd"}`, string(text))
	assert.Error(t, new(Error).UnmarshalJSON([]byte("1")))
}

func TestZeroValues(t *testing.T) {
	assert.Equal(t, DefaultSettle, Injector{}.settle())
	assert.Equal(t, DefaultMaxStop, Injector{}.maxStop())
	assert.Equal(t, DefaultRest, Injector{}.rest())
	assert.Zero(t, Injector{Settle: -1}.settle())
	assert.Equal(t, time.Second, Injector{MaxStop: time.Second}.maxStop())
}
