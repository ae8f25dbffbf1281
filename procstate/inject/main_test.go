package inject

import (
	"os"
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
)

// roleVariable makes the test binary play one of roles instead of testing.
const roleVariable = "OPSKIT_INJECT_TEST_ROLE"

// roles are processes that the tests need, by name.
var roles = map[string]func(){}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		role()
		os.Exit(0)
	}
	lab.Main(m)
}
