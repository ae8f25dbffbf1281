package procstatetest_test

import (
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/procstatetest"
)

func TestMain(m *testing.M) {
	procstatetest.Actor()
	lab.Main(m)
}
