//go:build !linux || opskit_portable

package restore_test

import (
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }
