//go:build !linux || opskit_portable

package ebssnap

import "context"

// related is for Linux, where filesystems are frozen.
func related(context.Context, []string, []string) error { return nil }
