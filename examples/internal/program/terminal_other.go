//go:build !linux || opskit_portable

package program

import "io"

// Terminal reports whether w is a terminal. Here that is not known, and no is
// the answer that spoils no file.
func Terminal(io.Writer) bool { return false }
