package lab

import (
	"testing"
	"time"
)

// Eventually fails the test unless cond becomes true within timeout; what names
// the condition in the failure.
func Eventually(t testing.TB, timeout time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("lab: not within %v: %s", timeout, what)
		}
		<-tick.C
	}
}
