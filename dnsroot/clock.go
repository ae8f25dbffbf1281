package dnsroot

import (
	"fmt"
	"slices"
	"time"
)

// doubt tells why this host's clock is a suspect, or "".
func (j *judge) doubt() string {
	var expired, early, current, behind []string
	note := func(to *[]string, server string) {
		if !slices.Contains(*to, server) {
			*to = append(*to, server)
		}
	}
	for i := range j.sweep.Probes {
		p := &j.sweep.Probes[i]
		for _, v := range []Validation{p.SOA, p.NS, p.DNSKEY} {
			switch {
			case !j.untimely(v):
			case v.Inception.After(j.sweep.Started):
				note(&early, p.Server)
			default:
				note(&expired, p.Server)
			}
		}
		if n := p.latest(); n != nil && trusted(p.SOA) {
			if serialLess(*n, j.newest) && !j.provedOld(*n) {
				note(&behind, p.Server)
			} else {
				note(&current, p.Server)
			}
		}
	}
	switch {
	case len(expired) > 0 && len(early) > 0:
		return fmt.Sprintf("by this host's clock the signatures of %s have expired and those of %s are not valid yet: the clock or these servers", names(expired), names(early))
	case len(expired) > 0:
		return fmt.Sprintf("sound signatures of %s have expired by this host's clock, and nothing else proves that time: the clock or these servers", names(expired))
	case len(early) > 0:
		return fmt.Sprintf("sound signatures of %s are not valid yet by this host's clock: it may be behind", names(early))
	case len(behind) > 1 && len(behind) >= len(current) && j.byClock():
		return fmt.Sprintf("%s are behind a zone that is %s old by this host's clock, no fewer than have it: it may be on its way, and the clock ahead",
			names(behind), j.sweep.Started.Sub(j.published).Round(time.Minute))
	}
	return ""
}

// untimely reports whether only the time keeps a signature from proving the
// records, and nothing but this host's clock tells the time: a zone that was
// signed after the signature expired would prove that it has.
func (j *judge) untimely(v Validation) bool {
	return v.Security == SecurityBogus && !v.Expiration.IsZero() && !j.published.After(v.Expiration)
}

// mustHave reports whether a server that still serves serial n should have had
// the newest zone by now.
func (j *judge) mustHave(n uint32) bool {
	return j.clock == "" && j.byClock() || j.provedOld(n)
}

// byClock reports whether the newest zone must have arrived everywhere if this
// host's clock is right.
func (j *judge) byClock() bool {
	return !j.published.IsZero() && j.sweep.Started.Sub(j.published) >= staleAfter
}

// provedOld reports whether serial n is so old that the newest one's own date
// shows it, whatever the time is here.
func (j *judge) provedOld(n uint32) bool {
	behind, ok := serialDay(n)
	current, ok2 := serialDay(j.newest)
	return ok && ok2 && current.Sub(behind) >= 48*time.Hour
}

// lag says how far serial n is behind the newest, in days where both are dates.
func (j *judge) lag(n uint32) string {
	behind, ok := serialDay(n)
	current, ok2 := serialDay(j.newest)
	switch days := int(current.Sub(behind) / (24 * time.Hour)); {
	case ok && ok2 && days == 1:
		return "a day behind"
	case ok && ok2 && days > 1:
		return fmt.Sprintf("%d days behind", days)
	}
	return fmt.Sprintf("%d behind", j.newest-n)
}

// serialDay reads the day out of a serial in the form YYYYMMDDNN.
func serialDay(n uint32) (time.Time, bool) {
	day, err := time.Parse("20060102", fmt.Sprintf("%08d", n/100))
	return day, err == nil && day.Year() >= 1990 && day.Year() < 2100
}
