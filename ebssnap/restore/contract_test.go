package restore_test

import (
	"testing"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap/restore"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	results := map[string]opskit.Result{"broken": saved()}
	for name, e := range map[string]restore.Evidence{
		"holds": {Source: "/dev/x", Mounted: true, Asked: true}, "unmountable": {Source: "/dev/x", Damage: "no superblock"}, "unknown": {Source: "/dev/x"},
	} {
		r := &restore.Result{Evidence: e}
		r.Judge()
		results[name] = r
	}
	contract.Check(t, contract.Package{
		Prefix: "ebssnap_", Results: results,
		Sentinels: []error{restore.ErrUnknownFilesystem, restore.ErrInUse, restore.ErrSameFilesystem, restore.ErrStillMounted, restore.ErrUsage},
	})
}
