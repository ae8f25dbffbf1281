//go:build !linux

package procstatetest

// Actor does nothing here: the zoo needs Linux.
func Actor() {}
