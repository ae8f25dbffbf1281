package procstate

import (
	"context"
	"errors"
	"os"

	"github.com/opskit-go/opskit"
)

// Preflight tells what this package may do here. It changes nothing and reads a
// few files of /proc, and makes no call of bpf(2). The names are stable: "list",
// "all_users", "all_namespaces", "blocked_causes", "apply".
func Preflight(ctx context.Context) []opskit.Capability {
	list := opskit.Capability{Name: "list", OK: true, Why: "/proc can be read"}
	all := opskit.Capability{Name: "all_users", OK: true, Why: "/proc hides nobody"}
	spaces := opskit.Capability{Name: "all_namespaces", OK: true, Why: "this is the first PID namespace"}
	r, err := (&Scanner{}).root()
	if err == nil {
		defer r.close()
		err = ctx.Err()
	}
	if err != nil {
		const fix = "mount -t proc proc /proc"
		list = opskit.Capability{Name: list.Name, Why: err.Error(), Fix: fix}
		all = opskit.Capability{Name: all.Name, Why: err.Error(), Fix: fix}
		spaces = opskit.Capability{Name: spaces.Name, Why: err.Error(), Fix: fix}
		causes := opskit.Capability{Name: blockedCauses, Why: err.Error(), Fix: fix}
		return []opskit.Capability{list, all, spaces, causes, canApply()}
	}
	causes := opskit.Capability{Name: blockedCauses, OK: true, Why: "kernel stacks are shown"}
	if _, err := r.readNamed("self/stack"); err != nil {
		causes = opskit.Capability{Name: blockedCauses, Why: "kernel stacks are not shown: " + err.Error(), Fix: "sudo PROGRAM"}
	}
	if gaps := newLook(r).gaps(); len(gaps) > 0 {
		all = opskit.Capability{Name: all.Name, Why: gaps[0].Why, Fix: "sudo mount -o remount,hidepid=0 /proc"}
	}
	// PROC_PID_INIT_INO of include/linux/proc_ns.h.
	switch link, err := os.Readlink("/proc/self/ns/pid"); {
	case err != nil:
		spaces = opskit.Capability{Name: spaces.Name, Why: err.Error()}
	case link != "pid:[4026531836]":
		spaces = opskit.Capability{
			Name: spaces.Name, Why: "only this PID namespace is seen, not the host's",
			Fix: "docker run --pid=host",
		}
	}
	return []opskit.Capability{list, all, spaces, causes, canApply()}
}

// blockedCauses is the name of what tells why a task is in state D.
const blockedCauses = "blocked_causes"

// unsupported tells why a capability is missing.
func unsupported(name string, err error) opskit.Capability {
	c := opskit.Capability{Name: name, Why: err.Error()}
	if errors.Is(err, errors.ErrUnsupported) {
		c.Why = "only Linux 5.3 and later has pidfds"
	}
	return c
}
