package limits

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func at(hour float64, used uint64) *Report {
	return &Report{
		At:     time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour))),
		Limits: []Limit{{Name: "kernel.pid_max", Scope: "pid namespace", Used: used, Max: 1000}},
	}
}

func TestPredict(t *testing.T) {
	for _, test := range []struct {
		rule    string
		reports []*Report
		hours   float64 // 0: no forecast
	}{
		{"a steady leak", []*Report{at(0, 100), at(1, 200), at(2, 300)}, 7},
		{"a burst counts", []*Report{at(0, 100), at(10, 100), at(11, 500)}, 1.25},
		{"a slow leak between bursts counts", []*Report{at(0, 100), at(9, 800), at(10, 800)}, 200 / 70.0},
		{"nothing grows", []*Report{at(0, 100), at(1, 100)}, 0},
		{"it shrinks", []*Report{at(0, 300), at(1, 100)}, 0},
		{"one report", []*Report{at(0, 100)}, 0},
		{"no time between them", []*Report{at(1, 100), at(1, 200)}, 0},
		{"it takes longer than a century", []*Report{at(0, 100), at(100000, 101)}, 0},
		{"it is full", []*Report{at(0, 100), at(1, 1000)}, 1e-12},
	} {
		t.Run(test.rule, func(t *testing.T) {
			got := Predict(test.reports)
			if test.hours == 0 {
				assert.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			assert.InDelta(t, test.hours, got[0].In.Hours(), 0.01)
			assert.Equal(t, test.reports[len(test.reports)-1].At.Add(got[0].In), got[0].At)
		})
	}
	two := at(1, 500)
	two.Limits = append(two.Limits, Limit{Name: "rlimit.nproc", Scope: "uid 33", Used: 50, Max: 100})
	one := at(0, 100)
	one.Limits = append(one.Limits, Limit{Name: "rlimit.nproc", Scope: "uid 33", Used: 1, Max: 100})
	got := Predict([]*Report{one, two})
	require.Len(t, got, 2)
	assert.Equal(t, "rlimit.nproc", got[0].Name, "the nearest first")
}

// TestBarForecast: a real leak of zombies, of which the last sample was taken
// 11.5 hours before all PIDs were used up.
func TestBarForecast(t *testing.T) {
	text, err := os.ReadFile(lab.Corpus(t, "procstate", "zombie-growth-jlesage-513.json"))
	require.NoError(t, err)
	var leak struct {
		Series []struct {
			T     string
			Procs uint64
		}
		Reported struct {
			PIDMax uint64 `json:"pid_max"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &leak))
	var reports []*Report
	for _, sample := range leak.Series {
		when, err := time.Parse("2006-01-02T15:04:05", sample.T)
		require.NoError(t, err)
		reports = append(reports, &Report{At: when, Limits: []Limit{{Name: "kernel.pid_max", Used: sample.Procs, Max: leak.Reported.PIDMax}}})
	}
	require.Len(t, reports, 3)
	got := Predict(reports)
	require.Len(t, got, 1)
	off := math.Abs(got[0].In.Hours()-11.5) / 11.5
	assert.Less(t, off, 0.1)
	lab.Bar(t, "procstate forecast", "%s, %.1f %% from 11.5 h", fmt.Sprintf("%.2f h", got[0].In.Hours()), off*100)
}
