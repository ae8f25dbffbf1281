package why

import (
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }
