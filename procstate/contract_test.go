package procstate

import (
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	at := time.Date(2015, 11, 20, 22, 22, 0, 0, time.UTC)
	judged := func(r opskit.Judged) opskit.Result { r.Judge(); return r }
	gaps := []opskit.Gap{{What: "processes of other users", Why: "hidden", Need: "root"}}
	young := sample()
	young.Groups = young.Groups[:1]
	young.Groups[0].Zombies = young.Groups[0].Zombies[:1]
	stuck := Blocked{
		Process: Process{ID: ID{40, 5}, State: 'D', Comm: comm("dd\x1b")}, TID: 41, Stack: []string{"percpu_rwsem_wait", "vfs_write"}, Wchan: "percpu_rwsem_wait",
		Mount: &Mount{Point: "/mnt/\x1b[2J", Type: "ext4", Source: "/dev/x", Device: "8:1"}, For: time.Second,
	}
	contract.Check(t, contract.Package{
		Prefix:    "procstate_",
		Sentinels: []error{ErrGone, ErrReused, ErrRefused, ErrMalformed},
		Results: map[string]opskit.Result{
			"problem":         judged(sample()),
			"not yet":         judged(young),
			"healthy":         judged(&Report{At: at, Processes: 7}),
			"hidden":          judged(&Report{At: at, Processes: 7, Unseen: gaps}),
			"blocked":         judged(&BlockedReport{At: at, Tasks: 9, Blocked: []Blocked{stuck}}),
			"none blocked":    judged(&BlockedReport{At: at, Tasks: 9}),
			"blocked, hidden": judged(&BlockedReport{At: at, Tasks: 9, Unseen: gaps}),
			"reaped":          judged(&Outcome{Parent: ID{4, 5}, Reaped: []ID{{6, 7}}, Elapsed: time.Second}),
			"left":            judged(&Outcome{Parent: ID{4, 5}, Left: []ID{{6, 7}}, Done: sample().Groups[0].Plan().Steps}),
			"nothing to reap": judged(&Outcome{}),
			"changed":         sample().Since(young),
		},
	})
}
