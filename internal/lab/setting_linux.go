package lab

import (
	"os"
	"testing"
)

// Setting writes a kernel's setting, a file of /sys or /proc, and puts back what
// it was when the test ends. One that this kernel does not have is left out.
func Setting(t testing.TB, path, value string) {
	t.Helper()
	Need(t, "root")
	before, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return
	}
	if err == nil {
		err = os.WriteFile(path, []byte(value), 0)
	}
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, before, 0); err != nil {
			t.Errorf("lab: put back %s: %v", path, err)
		}
	})
}
