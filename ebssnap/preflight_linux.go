//go:build linux && !opskit_portable

package ebssnap

import (
	"os"
	"runtime"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

func capabilities() []opskit.Capability {
	return []opskit.Capability{freezeCapability(), guardCapability(), mountsCapability()}
}

func freezeCapability() opskit.Capability {
	c := opskit.Capability{Name: "freeze", OK: true, Why: "CAP_SYS_ADMIN"}
	if err := mayFreeze(); err != nil {
		c.OK, c.Why, c.Fix = false, err.Error(), "sudo setcap cap_sys_admin+ep PROGRAM"
	}
	return c
}

func guardCapability() opskit.Capability {
	c := opskit.Capability{Name: "guard", OK: true, Why: "runs from a memfd"}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return opskit.Capability{Name: "guard", Why: "no guard is built for " + runtime.GOARCH}
	}
	if text, err := os.ReadFile("/proc/sys/vm/memfd_noexec"); err == nil && strings.TrimSpace(string(text)) == "2" {
		c.Why = "vm.memfd_noexec refuses a memfd: the guard runs from a short-lived file"
	}
	return c
}

func mountsCapability() opskit.Capability {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return opskit.Capability{Name: "mounts", Why: err.Error(), Fix: "mount -t proc proc /proc"}
	}
	if _, err := mountinfo.Parse(text); err != nil {
		return opskit.Capability{Name: "mounts", Why: err.Error()}
	}
	return opskit.Capability{Name: "mounts", OK: true, Why: "/proc/self/mountinfo"}
}
