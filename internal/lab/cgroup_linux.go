package lab

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Cgroup makes a control group below the v1 hierarchy of controller, or below
// the v2 hierarchy for "", and returns its folder. It is removed when the test
// ends; the processes in it must have ended by then.
func Cgroup(t testing.TB, controller string) string {
	t.Helper()
	Need(t, "root")
	if controller == "" {
		Need(t, "cgroup_v2")
	} else {
		Need(t, "cgroup_v1_"+controller)
	}
	mount, err := cgroupMount(controller)
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	dir := filepath.Join(mount, newName())
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatalf("lab: %v", err)
	}
	t.Cleanup(func() {
		deadline := time.Now().Add(5 * time.Second)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			err := os.Remove(dir)
			if err == nil || os.IsNotExist(err) {
				return
			}
			if time.Now().After(deadline) {
				t.Errorf("lab: remove control group: %v", err)
				return
			}
			<-tick.C
		}
	})
	return dir
}
