package limits

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/opskit-go/opskit"
)

// Forecast is when a limit is reached if its use goes on to grow as it has.
type Forecast struct {
	Limit
	PerHour float64       `json:"per_hour"` // growth of Used
	In      time.Duration `json:"in_ns"`    // from the last report
	At      time.Time     `json:"at"`       // when the limit would be reached, UTC
}

// String returns the forecast on one line.
func (f Forecast) String() string {
	return fmt.Sprintf("%s of %q is reached in %v, at %.1f an hour", opskit.Escape(f.Name), f.Scope, f.In.Round(time.Second), f.PerHour)
}

// Predict returns a forecast for every limit that grows, the nearest first, from
// at least two reports in the order of their times. The rate is that since the
// first report or that since the one before the last, whichever is higher: a
// burst counts, and so does a slow leak between bursts. It is a pure function.
func Predict(reports []*Report) []Forecast {
	if len(reports) < 2 {
		return nil
	}
	last := reports[len(reports)-1]
	var forecasts []Forecast
	for _, limit := range last.Limits {
		rate := max(growth(reports[0], last, limit), growth(reports[len(reports)-2], last, limit))
		if rate <= 0 {
			continue
		}
		hours := float64(limit.Left()) / rate
		const century = 100 * 365 * 24
		if hours > century {
			continue
		}
		in := time.Duration(hours * float64(time.Hour))
		forecasts = append(forecasts, Forecast{Limit: limit, PerHour: rate, In: in, At: last.At.Add(in)})
	}
	slices.SortStableFunc(forecasts, func(a, b Forecast) int { return cmp.Compare(a.In, b.In) })
	return forecasts
}

// growth returns by how many an hour the use of a limit grew between two
// reports; 0 if they are not in order or the limit is in one only.
func growth(from, to *Report, limit Limit) float64 {
	hours := to.At.Sub(from.At).Hours()
	if hours <= 0 {
		return 0
	}
	for _, before := range from.Limits {
		if before.Name == limit.Name && before.Scope == limit.Scope {
			return (float64(limit.Used) - float64(before.Used)) / hours
		}
	}
	return 0
}
