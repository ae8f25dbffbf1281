package opskit

// Enum is a text with a few known values, such as a verdict or a reason. A package declares one by
// an alias and a kind of its own: type Verdict = opskit.Enum[verdictKind].
//
// The zero value is unknown. A value that the program at hand does not know is kept as it is: it
// survives a round trip through JSON and equals no known value. Texts are snake_case.
type Enum[Kind any] string

// String returns the text, escaped, and "unknown" for the zero value.
func (e Enum[Kind]) String() string {
	if e == "" {
		return "unknown"
	}
	return Escape(string(e))
}

// MarshalText returns the text as it is, and "unknown" for the zero value.
func (e Enum[Kind]) MarshalText() ([]byte, error) {
	if e == "" {
		return []byte("unknown"), nil
	}
	return []byte(e), nil
}

// UnmarshalText takes any text; "unknown" and an empty one are the zero value.
func (e *Enum[Kind]) UnmarshalText(text []byte) error {
	*e = Enum[Kind](text)
	if *e == "unknown" {
		*e = ""
	}
	return nil
}

type levelKind struct{}

// Level is what a monitor asks of a result. Any value but the known ones counts as Unknown.
type Level = Enum[levelKind]

// The levels.
const (
	Unknown Level = ""        // cannot tell; the gaps of the result say what would decide
	OK      Level = "ok"      // seen to be right
	Warning Level = "warning" // works, and somebody should look in the daytime
	Problem Level = "problem" // does not work, or will not for long
)

// Worst folds levels: a Problem stands whatever else was seen, then Unknown, since what was not
// seen may be worse than a Warning, then Warning, then OK. Of no level at all it is Unknown.
func Worst(levels ...Level) Level {
	for _, worst := range []Level{Problem, Unknown, Warning, OK} {
		for _, level := range levels {
			if level == worst || worst == Unknown && ExitCode(level) == 2 {
				return worst
			}
		}
	}
	return Unknown
}

// ExitCode is the exit status of a program: 0 for OK, 1 for Warning and Problem, 2 for Unknown.
func ExitCode(level Level) int {
	if status, _ := Nagios(level); status < 2 {
		return status
	}
	if level == Problem {
		return 1
	}
	return 2
}

// Nagios is the exit status and the first word of a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL,
// 3 UNKNOWN (Monitoring Plugins Development Guidelines).
func Nagios(level Level) (status int, word string) {
	switch level {
	case OK:
		return 0, "OK"
	case Warning:
		return 1, "WARNING"
	case Problem:
		return 2, "CRITICAL"
	}
	return 3, "UNKNOWN"
}
