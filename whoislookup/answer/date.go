package answer

import "time"

// Date is a point in time exactly as far as the registry tells it, in ISO 8601:
// "1996", "1993-05", "2015-01-02", "2012-12-05T08:30:31+09:00",
// "2014-08-08T11:15:00" (no zone was given, so none is made up). The empty Date
// is absent. Comparing two as text orders those of one precision and zone.
type Date string

// Day returns the day as written, "2015-01-02", or "" if the date is less
// precise or absent. It is not converted between zones.
func (d Date) Day() string {
	if len(d) < len("2006-01-02") {
		return ""
	}
	return string(d[:10])
}

// Time returns the date in UTC, its start where it is less precise than that,
// and as if it were UTC where no zone is given. The true instant is at most
// within away, before or after: 0 with a zone, 14 h for a time without one (it
// may be any of UTC-12 to UTC+14), 36 h for a day, 31 days and 12 h for a
// month, 366 days and 12 h for a year. False if d is absent or malformed.
func (d Date) Time() (t time.Time, within time.Duration, ok bool) {
	r, ok := d.read()
	return r.at, max(r.before, r.after), ok
}

// reading is what a date can mean: any instant from so long before at to so
// long after it.
type reading struct {
	at            time.Time
	before, after time.Duration
	form          int // which way of writing it is
}

func (d Date) read() (reading, bool) {
	const day, east, west = 24 * time.Hour, 14 * time.Hour, 12 * time.Hour
	for i, f := range []struct {
		layout        string
		before, after time.Duration
	}{
		{time.RFC3339Nano, 0, 0},
		{"2006-01-02T15:04:05", east, west},
		{"2006-01-02T15:04", east, west},
		{"2006-01-02", east, day + west},
		{"2006-01", east, 31*day + west},
		{"2006", east, 366*day + west},
	} {
		if t, err := time.Parse(f.layout, string(d)); err == nil {
			return reading{at: t.UTC(), before: f.before, after: f.after, form: i}, true
		}
	}
	return reading{}, false
}

// SameDate reports whether two dates may be one: the same instant, or one of
// them the less precise form of the other.
func SameDate(a, b Date) bool {
	x, ok := a.read()
	y, ok2 := b.read()
	if !ok || !ok2 {
		return false
	}
	if x.form == y.form {
		return x.at.Equal(y.at)
	}
	return !x.at.Add(x.after).Before(y.at.Add(-y.before)) && !y.at.Add(y.after).Before(x.at.Add(-x.before))
}
