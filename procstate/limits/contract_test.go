package limits

import (
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/procstate"
)

func TestContract(t *testing.T) {
	at := time.Date(2015, 11, 20, 22, 22, 0, 0, time.UTC)
	report := func(used uint64, unseen ...opskit.Gap) *Report {
		r := &Report{
			At: at, For: procstate.ID{PID: 40, Start: 5}, Unseen: unseen,
			Limits: []Limit{{Name: "cgroup.pids.max", Scope: "/sys/fs/cgroup/a", Used: used, Max: 100, Zombies: 1}},
		}
		r.Judge()
		return r
	}
	contract.Check(t, contract.Package{
		Prefix: "procstate_",
		Results: map[string]opskit.Result{
			"room":    report(5),
			"near":    report(95),
			"hidden":  report(5, opskit.Gap{What: "tasks of other users", Why: "hidepid", Need: "root"}),
			"nothing": &Report{},
			"grown":   report(50).Since(report(5)),
		},
	})
}
