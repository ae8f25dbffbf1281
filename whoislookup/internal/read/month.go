package read

import (
	"strings"
	"time"
)

// month returns 1 to 12 for an month name or its first three letters.
func month(w string) int {
	if len(w) < 3 {
		return 0
	}
	const short = "janfebmaraprmayjunjulaugsepoctnovdec"
	i := strings.Index(short, w[:3])
	if i < 0 || i%3 != 0 {
		return monthAbroad(w)
	}
	m := i/3 + 1
	if full := strings.ToLower(time.Month(m).String()); len(w) > 3 && w != full && w != "sept" {
		return monthAbroad(w)
	}
	return m
}

// monthsAbroad are the names of the months in Spanish, Portuguese, French,
// German, Italian and Dutch.
var monthsAbroad = [12][]string{
	{"enero", "janeiro", "janvier", "januar", "gennaio", "januari"},
	{"febrero", "fevereiro", "f\u00e9vrier", "fevrier", "februar", "febbraio", "februari"},
	{"marzo", "mar\u00e7o", "marco", "mars", "m\u00e4rz", "maart"},
	{"abril", "avril", "aprile"},
	{"mayo", "maio", "mai", "maggio", "mei"},
	{"junio", "junho", "juin", "juni", "giugno"},
	{"julio", "julho", "juillet", "juli", "luglio"},
	{"agosto", "ao\u00fbt", "aout", "augustus"},
	{"septiembre", "setiembre", "setembro", "septembre", "settembre"},
	{"octubre", "outubro", "octobre", "oktober", "ottobre"},
	{"noviembre", "novembro", "novembre"},
	{"diciembre", "dezembro", "d\u00e9cembre", "decembre", "dezember", "dicembre"},
}

// monthAbroad is month for other languages: a name, or three letters or more of
// its beginning, if they are those of one month only.
func monthAbroad(w string) int {
	found := 0
	for i, names := range monthsAbroad {
		for _, name := range names {
			if strings.HasPrefix(name, w) {
				if found != 0 && found != i+1 {
					return 0
				}
				found = i + 1
			}
		}
	}
	return found
}

// of passes over the word between day, month and year: "2 de agosto de 1996".
func (p *dateParser) of() {
	for _, word := range [...]string{"de ", "of ", "del "} {
		if strings.HasPrefix(p.rest(), word) {
			p.i += len(word)
			return
		}
	}
}
