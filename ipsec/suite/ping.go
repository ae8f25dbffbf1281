package suite

import "time"

// PingShare is the share of what a ping takes longer inside the tunnel than
// outside that the added bytes explain: those of the request and of the answer, of
// an inner packet of that size, sent at that rate. outer and udp are as in
// InnerMTU. The rest is what the gateways need, and the difference of two
// measurements: pings of the same minute, at least some tens of each. It is 0 where
// nothing took longer, and may be above 1.
func (e ESP) PingShare(inside, outside time.Duration, inner, outer int, udp bool, bitsPerSecond float64) float64 {
	added := outer + e.Payload(inner) - inner
	if udp {
		added += 8
	}
	if inside <= outside || bitsPerSecond <= 0 {
		return 0
	}
	return float64(2*added*8) / bitsPerSecond / (inside - outside).Seconds()
}
