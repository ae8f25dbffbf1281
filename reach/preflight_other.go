//go:build !linux || opskit_portable

package reach

func kernelCapabilities() []Capability {
	const why, fix = "only Linux, built without the tag opskit_portable", "run it on Linux"
	return []Capability{
		{Name: "icmp_codes", Why: why, Fix: fix},
		{Name: "ping", Why: why, Fix: fix},
	}
}
