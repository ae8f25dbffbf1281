//go:build !linux || opskit_portable

package reach

func kernelCapabilities() []Capability {
	const why = "only Linux, built without the tag opskit_portable"
	return []Capability{
		{Name: "icmp_codes", Why: why},
		{Name: "ping", Why: why},
	}
}
