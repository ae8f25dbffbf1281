package reaper_test

import (
	"os"
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
)

// roleVariable makes the test binary play one of roles instead of testing.
const roleVariable = "OPSKIT_REAPER_TEST_ROLE"

// roles are what a test has to do in a process of its own; it passes if the
// function returns "".
var roles = map[string]func() string{}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		if failed := role(); failed != "" {
			os.Stderr.WriteString(failed + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	lab.Main(m)
}
