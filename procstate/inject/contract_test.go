package inject

import (
	"testing"

	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	contract.Check(t, contract.Package{Prefix: "procstate_inject_", Sentinels: []error{
		ErrRefused, ErrNoIdentity, ErrReused, ErrGone, ErrInit, ErrNamespaceInit, ErrSelf, ErrAncestor, ErrKernelThread, ErrSeccomp, ErrTraced,
		ErrCompat, ErrStopped, ErrFrozen, ErrVfork, ErrUninterruptible, ErrRunning, ErrCall, ErrExec, ErrBusy, ErrNoZombies, ErrForeignProc,
	}})
}
