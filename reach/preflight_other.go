//go:build !linux || opskit_portable

package reach

import "github.com/opskit-go/opskit"

func kernelCapabilities() []opskit.Capability {
	const why = "only Linux, built without the tag opskit_portable"
	return []opskit.Capability{
		{Name: "icmp_codes", Why: why},
		{Name: "ping", Why: why},
	}
}
