package ebssnap

import (
	"context"

	"github.com/opskit-go/opskit"
)

// Preflight tells whether this process may freeze filesystems ("freeze"), start a guard process
// ("guard") and find mount points ("mounts"). It changes nothing, starts nothing and does not
// block. What the cloud allows is told by a DryRun, which Consistent makes before it stops
// anything.
func Preflight(context.Context) []opskit.Capability { return capabilities() }
