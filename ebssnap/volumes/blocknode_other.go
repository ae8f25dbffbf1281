//go:build !linux || opskit_portable

package volumes

// blockNumber knows no device numbers here; sysfs's names are used instead.
func blockNumber(string) (string, bool) { return "", false }
