package lab

import (
	"fmt"
	"os"
	"testing"
)

// Size is how large a bar test runs, set by OPSKIT_BARS.
type Size int

const (
	// Small is the default: correctness only, at most a second.
	Small Size = iota
	// CI is OPSKIT_BARS=ci: at most 20 s, figures asserted.
	CI
	// Full is OPSKIT_BARS=full: the size that the bar names.
	Full
)

// Bars returns the size at which the bar tests run.
func Bars() Size {
	switch os.Getenv("OPSKIT_BARS") {
	case "ci":
		return CI
	case "full":
		return Full
	}
	return Small
}

// Bar prints the one line "bar NAME: FIGURE" of a bar test; at Small it prints
// "small" in place of the figure.
func Bar(t testing.TB, name, format string, args ...any) {
	t.Helper()
	figure := "small"
	if Bars() != Small {
		figure = fmt.Sprintf(format, args...)
	}
	fmt.Printf("bar %s: %s\n", name, figure)
}

// BarTiming is Bar for a figure of time, CPU or memory, which the race detector
// falsifies: under it, it prints "not measured (race)".
func BarTiming(t testing.TB, name, format string, args ...any) {
	t.Helper()
	if Race && Bars() != Small {
		format, args = "not measured (race)", nil
	}
	Bar(t, name, format, args...)
}
