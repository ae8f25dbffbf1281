//go:build !race

package lab

// Race reports whether the race detector is built in.
const Race = false
