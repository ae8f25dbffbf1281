package read

import "strings"

// parseDate reads a date as registries write it. low is text in lower case.
// False if it is none, or if day and month cannot be told apart. The Date is
// written behind dst, or nil is returned if text is one already.
func parseDate(dst []byte, text, low string, order dateOrder) ([]byte, bool) {
	if c, ok := isoClock(text); ok {
		return nil, c.valid()
	}
	p := dateParser{s: low}
	if !p.parse(order) || !p.valid() {
		return nil, false
	}
	return p.append(dst), true
}

// isoClock reads text that has the form of a Date with zone "Z" or without
// time.
func isoClock(s string) (c clock, ok bool) {
	const form = "dddd-dd-ddTdd:dd:ddZ"
	if len(s) != 10 && len(s) != len(form) {
		return c, false
	}
	for i := range len(s) {
		if form[i] == 'd' {
			if s[i] < '0' || s[i] > '9' {
				return c, false
			}
		} else if s[i] != form[i] {
			return c, false
		}
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	c.year, c.month, c.day, c.parts = 100*two(0)+two(2), two(5), two(8), 3
	if len(s) == len(form) {
		c.hour, c.minute, c.second, c.parts = two(11), two(14), two(17), 6
	}
	return c, true
}

// dateParser walks over a value in lower case.
type dateParser struct {
	clock
	s string
	i int
}

func (p *dateParser) rest() string { return p.s[p.i:] }

// number reads digits; n is how many there were.
func (p *dateParser) number() (v, n int) {
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' && n < 15 {
		v = v*10 + int(p.s[p.i]-'0')
		p.i++
		n++
	}
	return v, n
}

func (p *dateParser) word() string {
	from := p.i
	for p.i < len(p.s) && (p.s[p.i] >= 'a' && p.s[p.i] <= 'z' || p.s[p.i] >= 0x80) {
		p.i++
	}
	return p.s[from:p.i]
}

// skip passes over any of the bytes in set.
func (p *dateParser) skip(set string) {
	for p.i < len(p.s) && strings.IndexByte(set, p.s[p.i]) >= 0 {
		p.i++
	}
}

const between = " -/.,_\t"

func (p *dateParser) parse(order dateOrder) bool {
	p.skip(" \t(\"")
	if p.i == len(p.s) {
		return false
	}
	if c := p.s[p.i]; c < '0' || c > '9' {
		w := p.word()
		if isWeekday(w) {
			p.skip(" ,.")
			if p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
				return p.parse(order)
			}
			w = p.word()
		}
		m := month(w)
		return m > 0 && p.monthName(m)
	}
	v, n := p.number()
	switch {
	case n == 8 || n == 14 || n == 12:
		return p.packed(v, n)
	case n == 4:
		return p.yearFirst(v)
	case n <= 2:
		return p.dayFirst(v, order)
	}
	return false
}

// packed is 20150102 or 20150102123000.
func (p *dateParser) packed(v, n int) bool {
	p.parts = 3
	if n >= 12 {
		p.parts = 5
		if n == 14 {
			p.second = v % 100
			v /= 100
			p.parts = 6
		}
		p.minute = v % 100
		p.hour = v / 100 % 100
		v /= 10000
	}
	p.day, p.month, p.year = v%100, v/100%100, v/10000
	if p.parts == 3 {
		return p.time()
	}
	p.zoneName()
	return true
}

// yearFirst is 2015-01-02, 2015/1/2, "2015. 01. 02.", 2015-Jan-02, 2015-01, 2015.
func (p *dateParser) yearFirst(year int) bool {
	p.year, p.parts = year, 1
	p.skip(between)
	if p.i == len(p.s) {
		return true
	}
	if m, n := p.number(); n == 1 || n == 2 {
		p.month = m
	} else if m := month(p.word()); n == 0 && m > 0 {
		p.month = m
	} else {
		return false
	}
	p.parts = 2
	p.skip(between)
	if p.i == len(p.s) {
		return true
	}
	d, n := p.number()
	if n == 0 || n > 2 {
		return false
	}
	p.day, p.parts = d, 3
	return p.time()
}

// dayFirst is 2-Jan-2015, 02.01.2015, "2nd January 2015", 02/01/2015.
func (p *dateParser) dayFirst(first int, order dateOrder) bool {
	p.parts = 3
	if w := p.rest(); strings.HasPrefix(w, "st") || strings.HasPrefix(w, "nd") || strings.HasPrefix(w, "rd") || strings.HasPrefix(w, "th") {
		p.i += 2
	}
	sep := byte(' ')
	if p.i < len(p.s) {
		sep = p.s[p.i]
	}
	p.skip(between)
	p.of()
	if second, n := p.number(); n == 1 || n == 2 {
		p.day, p.month = first, second
		switch {
		case first > 12:
		case second > 12:
			p.day, p.month = second, first
		case first == second || sep == '.':
		case order == monthFirst:
			p.day, p.month = second, first
		case sep == '/' && order == orderUnknown:
			return false
		}
	} else if m := month(p.word()); n == 0 && m > 0 {
		p.day, p.month = first, m
	} else {
		return false
	}
	p.skip(between)
	p.of()
	y, n := p.number()
	switch n {
	case 4:
		p.year = y
	case 2:
		p.year = 2000 + y
		if y >= 80 {
			p.year = 1900 + y
		}
	default:
		return false
	}
	return p.time()
}

// monthName is "Jan 2, 2015" and "Jan 2 15:04:05 MST 2015".
func (p *dateParser) monthName(m int) bool {
	p.month, p.parts = m, 3
	p.skip(between)
	d, n := p.number()
	if n == 4 {
		p.year, p.parts = d, 2
		return true
	}
	if n == 0 || n > 2 {
		return false
	}
	p.day = d
	if w := p.rest(); strings.HasPrefix(w, "st") || strings.HasPrefix(w, "nd") || strings.HasPrefix(w, "rd") || strings.HasPrefix(w, "th") {
		p.i += 2
	}
	p.skip(" ,.-")
	mark := p.i
	v, n := p.number()
	if n == 4 {
		p.year = v
		return p.time()
	}
	p.i = mark
	if !p.time() || p.parts < 5 {
		return false
	}
	p.skip(" ,()")
	if v, n = p.number(); n != 4 {
		return false
	}
	p.year = v
	return true
}

// time reads an optional time of day and zone behind the day. What follows is
// not looked at: registries add remarks.
func (p *dateParser) time() bool {
	mark := p.i
	p.skip(" \tt,:@-")
	h, n := p.number()
	if n == 0 || n > 2 || p.i >= len(p.s) || p.s[p.i] != ':' {
		p.i = mark
		return true
	}
	p.i++
	m, n := p.number()
	if n != 2 {
		p.i = mark
		return true
	}
	p.hour, p.minute, p.parts = h, m, 5
	if p.i+1 < len(p.s) && p.s[p.i] == ':' {
		p.i++
		s, n := p.number()
		if n == 0 {
			return true
		}
		p.second, p.parts = s, 6
		if p.i+1 < len(p.s) && p.s[p.i] == '.' {
			from := p.i + 1
			p.i++
			if _, n := p.number(); n > 0 {
				p.frac = strings.TrimRight(p.s[from:p.i], "0")
			}
		}
	}
	p.zoneName()
	return true
}

func isWeekday(w string) bool {
	if len(w) < 3 {
		return false
	}
	switch w[:3] {
	case "mon", "tue", "wed", "thu", "fri", "sat", "sun":
		return w != "month" && month(w) == 0
	}
	return false
}
