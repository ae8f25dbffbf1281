package read

import "strings"

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
