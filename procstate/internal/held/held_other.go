//go:build !linux || opskit_portable

package held

import "time"

// Reader runs reads: here no kernel holds them up.
type Reader struct {
	Reads Reads
}

// Run runs read 0, 1 to n-1 and returns n.
func (r *Reader) Run(n int, _ time.Duration) int {
	for i := range n {
		r.Reads.Read(i)
	}
	return n
}

// Stop does nothing.
func (r *Reader) Stop() {}

// Mark does nothing: no read is left behind.
func (r *Reader) Mark(int) {}

// Tight returns "": what starts threads here is not known.
func Tight() string { return "" }

// Behind returns nil.
func Behind() []int { return nil }
