package whoislookup

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

// Time returns the instant, in UTC, and the span that it may lie in beyond
// that: 0 for a full time with zone, 24 h for a day, 26 h more if the zone is
// not known. False if d is absent or malformed.
func (d Date) Time() (t time.Time, within time.Duration, ok bool) {
	const day = 24 * time.Hour
	for _, f := range []struct {
		layout string
		within time.Duration
	}{
		{time.RFC3339Nano, 0},
		{"2006-01-02T15:04:05", 26 * time.Hour},
		{"2006-01-02T15:04", 26 * time.Hour},
		{"2006-01-02", day},
		{"2006-01", 31 * day},
		{"2006", 366 * day},
	} {
		if t, err := time.Parse(f.layout, string(d)); err == nil {
			return t.UTC(), f.within, true
		}
	}
	return time.Time{}, 0, false
}
