package whoislookup

import (
	"strings"
	"time"
)

// dateOrder is how an answer writes a day with slashes, as far as its other
// dates tell: 03/04/2015 alone does not.
type dateOrder uint8

const (
	orderUnknown dateOrder = iota
	dayFirst
	monthFirst
)

type datePick uint8

const (
	firstDate datePick = iota // the first of several values counts
	lastDate                  // the last one does: RPSL lists changes in order
)

// date reads the value of e into dst.
func (r *reader) date(dst *Date, field string, e *entry, pick datePick) {
	if *dst != "" && pick == firstDate {
		return
	}
	text := r.in(e.value)
	low := r.lower(e.value)
	switch {
	case isNothing(low):
		r.list(&r.rec.Empty, field)
		return
	case isRedacted(low):
		r.list(&r.rec.Redacted, field)
		return
	}
	d, ok := parseDate(text, low, r.dates, r.dateBuf[:0])
	if !ok { // "hm-changed@apnic.net 20041222", "x AT isoc.org.il 19990605 (Assigned)"
		if i := strings.LastIndexByte(text, '('); i > 0 {
			text, low = strings.TrimSpace(text[:i]), strings.TrimSpace(low[:i])
		}
		if i := strings.LastIndexByte(text, ' '); i > 0 && (len(text)-i == 9 || len(text)-i == 15) {
			d, ok = parseDate(text[i+1:], low[i+1:], r.dates, r.dateBuf[:0])
		}
	}
	if !ok {
		if *dst == "" {
			r.rec.Unparsed = append(r.rec.Unparsed, field+": "+text)
		}
		return
	}
	if *dst != "" {
		r.unnote(field)
	}
	*dst = r.keepDate(d)
	r.note(field, 0, e.line)
}

// dateText is a date as text: of the answer where that has the form of a Date
// already, else put together.
type dateText struct {
	same  string
	built []byte
}

func (t dateText) date() Date {
	if t.same != "" {
		return Date(t.same)
	}
	return Date(t.built)
}

func (r *reader) keepDate(t dateText) Date {
	if t.same != "" {
		return Date(t.same)
	}
	return Date(r.keep(t.built))
}

// clock is a date while it is read.
type clock struct {
	year, month, day     int
	hour, minute, second int
	parts                int // 1 year, 2 month, 3 day, 5 minute, 6 second
	frac                 string
	zone                 string  // "Z", "+09:00", or "" if none was given
	zoneBuf              [6]byte // instead of zone if not zero
}

// parseDate reads a date as registries write it. low is text in lower case.
// False if it is none, or if day and month cannot be told apart. The result is
// written to buf if it is not text itself.
func parseDate(text, low string, order dateOrder, buf []byte) (dateText, bool) {
	if isISO(text) {
		return dateText{same: text}, true
	}
	p := dateParser{s: low}
	if !p.parse(order) {
		return dateText{}, false
	}
	c := &p.clock
	if c.month < 0 || c.month > 12 || c.day > 31 || c.hour > 24 || c.minute > 59 || c.second > 60 ||
		c.year < 1970 || c.year > 9999 || c.parts >= 2 && c.month == 0 || c.parts >= 3 && c.day == 0 {
		return dateText{}, false
	}
	if c.parts >= 3 && time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC).Day() != c.day {
		return dateText{}, false
	}
	return dateText{built: c.append(buf)}, true
}

// isISO reports whether text already is a Date with zone "Z" or without time.
func isISO(s string) bool {
	const form = "dddd-dd-ddTdd:dd:ddZ"
	if len(s) != 10 && len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == 'd' {
			if s[i] < '0' || s[i] > '9' {
				return false
			}
		} else if s[i] != form[i] {
			return false
		}
	}
	_, err := time.Parse("2006-01-02", s[:10])
	return err == nil && s > "1970"
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
	p.skip(" \t(")
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

// zoneName reads the zone. One that names no offset for certain is dropped:
// then the date has none.
func (p *dateParser) zoneName() {
	p.skip(" \t(")
	switch w := p.rest(); {
	case strings.HasPrefix(w, "am") || strings.HasPrefix(w, "pm"):
		if w[0] == 'p' && p.hour < 12 {
			p.hour += 12
		} else if w[0] == 'a' && p.hour == 12 {
			p.hour = 0
		}
		p.i += 2
		p.skip(" ")
	}
	if w := p.rest(); strings.HasPrefix(w, "utc") || strings.HasPrefix(w, "gmt") {
		p.i += 3
		p.zone = "Z"
	} else if strings.HasPrefix(w, "z") && (len(w) == 1 || w[1] == ' ' || w[1] == ')') {
		p.i++
		p.zone = "Z"
		return
	} else if off := zoneOffset(p.word()); off != "" {
		p.zone = off
		return
	}
	if p.i >= len(p.s) || p.s[p.i] != '+' && p.s[p.i] != '-' {
		return
	}
	sign := p.s[p.i]
	p.i++
	h, n := p.number()
	m := 0
	switch {
	case n == 4:
		h, m = h/100, h%100
	case n == 1 || n == 2:
		if p.i+2 < len(p.s) && p.s[p.i] == ':' {
			p.i++
			m, _ = p.number()
		}
	default:
		return
	}
	if h > 14 || m > 59 {
		return
	}
	p.zone = "Z"
	if h != 0 || m != 0 {
		p.zoneBuf = [6]byte{sign, byte('0' + h/10), byte('0' + h%10), ':', byte('0' + m/10), byte('0' + m%10)}
		p.zone = ""
	}
}

// zoneOffset knows the abbreviations that mean one offset wherever registries
// use them.
func zoneOffset(w string) string {
	switch w {
	case "jst", "kst":
		return "+09:00"
	case "hkt", "sgt", "awst":
		return "+08:00"
	case "msk", "eest":
		return "+03:00"
	case "cest", "eet":
		return "+02:00"
	case "cet":
		return "+01:00"
	case "est":
		return "-05:00"
	case "edt":
		return "-04:00"
	case "pst":
		return "-08:00"
	case "pdt":
		return "-07:00"
	case "brt":
		return "-03:00"
	case "brst":
		return "-02:00"
	}
	return ""
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

// month returns 1 to 12 for an English month name or its first three letters.
func month(w string) int {
	if len(w) < 3 {
		return 0
	}
	const short = "janfebmaraprmayjunjulaugsepoctnovdec"
	i := strings.Index(short, w[:3])
	if i < 0 || i%3 != 0 {
		return 0
	}
	m := i/3 + 1
	if full := strings.ToLower(time.Month(m).String()); len(w) > 3 && w != full && w != "sept" {
		return 0
	}
	return m
}
