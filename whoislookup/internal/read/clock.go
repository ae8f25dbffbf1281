package read

import "time"

// clock is a date while it is read.
type clock struct {
	year, month, day     int
	hour, minute, second int
	parts                int // 1 year, 2 month, 3 day, 5 minute, 6 second
	frac                 string
	zone                 string  // "Z", "+09:00", or "" if none was given
	zoneBuf              [6]byte // instead of zone if not zero
}

// valid reports whether there is such a day and time, since registries have
// written any.
func (c *clock) valid() bool {
	if c.month < 0 || c.month > 12 || c.day > 31 || c.hour > 24 || c.minute > 59 || c.second > 60 ||
		c.year < 1970 || c.year > 9999 || c.parts >= 2 && c.month == 0 || c.parts >= 3 && c.day == 0 {
		return false
	}
	return c.day <= 28 || time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC).Day() == c.day
}

// append writes the date behind b.
func (c *clock) append(b []byte) []byte {
	digits := func(v, n int) {
		for i := n - 1; i >= 0; i-- {
			b = append(b, '0')
		}
		for i := len(b) - 1; n > 0; n-- {
			b[i] = byte('0' + v%10)
			v /= 10
			i--
		}
	}
	digits(c.year, 4)
	if c.parts >= 2 {
		b = append(b, '-')
		digits(c.month, 2)
	}
	if c.parts >= 3 {
		b = append(b, '-')
		digits(c.day, 2)
	}
	if c.parts >= 5 {
		b = append(b, 'T')
		digits(c.hour, 2)
		b = append(b, ':')
		digits(c.minute, 2)
		if c.parts >= 6 {
			b = append(b, ':')
			digits(c.second, 2)
			if c.frac != "" {
				b = append(append(b, '.'), c.frac...)
			}
		}
		if c.zoneBuf[0] != 0 {
			return append(b, c.zoneBuf[:]...)
		}
		b = append(b, c.zone...)
	}
	return b
}
