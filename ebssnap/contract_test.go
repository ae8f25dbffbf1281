package ebssnap_test

import (
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	results := map[string]opskit.Result{}
	for name, evidence := range evidences() {
		results["result "+name] = judged(evidence)
	}
	for name, capabilities := range map[string][]opskit.Capability{
		"ready": {{Name: "freeze", OK: true, Why: "CAP_SYS_ADMIN"}}, "not ready": {{Name: "freeze", Why: "no", Fix: "sudo"}},
	} {
		report := &ebssnap.CheckReport{Capabilities: capabilities}
		report.Judge()
		results["check "+name] = report
	}
	untold := &ebssnap.CheckReport{Capabilities: []opskit.Capability{{Name: "freeze", OK: true}}, Unseen: []opskit.Gap{{What: "a thing", Why: "a reason"}}}
	untold.Judge()
	results["check untold"] = untold
	for name, f := range map[string]ebssnap.Filesystem{
		"not frozen": {Passed: true}, "foreign": {Waits: true},
		"left":  {Froze: true, Owner: 7, Waits: true},
		"lives": {Froze: true, Owner: 7, Living: true}, "since": {Froze: true, Awake: true, Waits: true},
	} {
		f.Mount, f.Device = "/data", "8:1"
		plan := &ebssnap.Recovery{At: time.Date(2026, 11, 22, 3, 0, 0, 5000, time.UTC), Filesystems: []ebssnap.Filesystem{f}}
		plan.Judge()
		results["recovery "+name] = plan
	}
	contract.Check(t, contract.Package{
		Prefix: "ebssnap_", Results: results, Sentinels: []error{
			ebssnap.ErrNotMountPoint, ebssnap.ErrNotFreezable, ebssnap.ErrAlreadyFrozen, ebssnap.ErrPermission,
			ebssnap.ErrNoGuard, ebssnap.ErrThawedEarly, ebssnap.ErrStillFrozen, ebssnap.ErrUnknownVolume, ebssnap.ErrDenied,
			ebssnap.ErrThrottled, ebssnap.ErrNotCreated, ebssnap.ErrOutcomeUnknown, ebssnap.ErrFailed, ebssnap.ErrUsage, ebssnap.ErrDamaged,
		},
	})
}
