package dnsroot

import "time"

// stallTick is how often a sweep looks whether this host still runs on time.
const stallTick = 2 * time.Millisecond

// watchStalls measures until stop is called how long this process was kept from
// running at a time: an answer that arrived meanwhile looks that much later.
// stop returns the longest time.
func watchStalls() (stop func() time.Duration) {
	end := make(chan struct{})
	longest := make(chan time.Duration)
	go func() {
		ticker := time.NewTicker(stallTick)
		defer ticker.Stop()
		most, last := time.Duration(0), time.Now()
		for {
			select {
			case <-ticker.C:
				now := time.Now()
				most = max(most, now.Sub(last)-stallTick)
				last = now
			case <-end:
				longest <- max(most, time.Since(last)-stallTick)
				return
			}
		}
	}()
	return func() time.Duration {
		close(end)
		return <-longest
	}
}
