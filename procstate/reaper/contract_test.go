package reaper

import (
	"testing"

	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	contract.Check(t, contract.Package{Prefix: "procstate_reaper_", Sentinels: []error{ErrNoPidfd, ErrNoProc, ErrNotAdopter}})
}
