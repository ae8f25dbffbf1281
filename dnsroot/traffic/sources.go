package traffic

import (
	"math"
	"slices"
)

// unroutable tells the first bytes of IPv4 addresses from which nothing comes
// that was not made up: "this network", loopback, multicast, reserved (RFC 6890).
func unroutable(octet int) bool { return octet == 0 || octet == 127 || octet >= 224 }

// spoofed estimates how many queries came from sources drawn uniformly from the
// IPv4 addresses, each draw a new one. Such draws reach every /8 alike, also
// those where nobody is.
//
// Where the unroutable ones are reached alike, they are the measure, as nothing
// else is in them. Where they are not, since the sender leaves them out or a
// router on the way drops them, it is the floor: what those of the others have in
// common that have least, of sources seen once. Real sources seen once are taken
// off: at least two thirds of F2*F2/F3, as in every mixture of Poisson counts, where
// F2 and F3 are how many were seen twice and three times, and about F2*F2/F4 at
// most, which a power law has. What lies between is in the interval.
func spoofed(octet []uint64, sources *table) (queries Real, where string) {
	var out []float64
	for i, n := range octet {
		if unroutable(i) {
			out = append(out, float64(n))
		}
	}
	if mid := median(out); mid >= 2 {
		mean, used := alike(out, mid)
		if used >= len(out)*3/4 {
			reached := 0
			for _, n := range octet {
				if float64(n) >= mean-4*math.Sqrt(mean) {
					reached++
				}
			}
			if reached < 200 {
				return Real{}, ""
			}
			if reached > 250 { // by chance a few are low
				reached = 256
			}
			return interval(mean, used, float64(reached)), "all IPv4 addresses"
		}
	}
	var seen [5][256]float64 // by how often
	for _, s := range sources.Slots {
		if key := unmix(s.Hash); isV4(key) && 0 < s.Count && s.Count < 5 {
			seen[s.Count][byte(key>>24)]++
		}
	}
	var in []float64
	for i, n := range seen[1] {
		if !unroutable(i) && i != 10 && n > 0 {
			in = append(in, n)
		}
	}
	none := Real{High: interval(total(out)/float64(len(out)), len(out), 256).High + 256}
	if len(in) < 150 { // a floor has no holes
		return none, ""
	}
	low := slices.Sorted(slices.Values(in))[len(in)/4]
	mean, used := alike(in, low)
	var often [5]float64
	for i, n := range seen[1] {
		if !unroutable(i) && i != 10 && n > 0 && n <= mean+3*math.Sqrt(mean)+1 {
			for k := 2; k < len(often); k++ {
				often[k] += seen[k][i] / float64(max(used, 1))
			}
		}
	}
	square := often[2] * often[2]
	least, most := min(square*2/3/max(often[3], 1e-9), often[2]), min(square/max(often[4], 1e-9), 3.5*often[2])
	tail := math.Sqrt(least * most)
	if used < len(in)/3 || mean <= tail {
		return Real{High: max(none.High, (mean-least)*float64(len(in))*sources.scale())}, ""
	}
	times := float64(len(in)) * sources.scale()
	r := interval(mean, used, times)
	return Real{max(0, r.Low-most*times), r.Value - tail*times, r.High - least*times}, "IPv4 addresses that are routed"
}

// alike is the mean of the counts that chance alone explains, starting from a
// guess, and of how many: higher ones have something else in them.
func alike(counts []float64, guess float64) (mean float64, used int) {
	mean = guess
	for range 20 {
		sum, n := 0.0, 0
		for _, c := range counts {
			if c <= mean+3*math.Sqrt(mean)+1 && c >= mean-5*math.Sqrt(mean)-1 {
				sum += c
				n++
			}
		}
		if n == 0 {
			return 0, 0
		}
		if next := sum / float64(n); math.Abs(next-mean) < 1e-9*mean {
			return next, n
		} else {
			mean, used = next, n
		}
	}
	return mean, used
}

func total(counts []float64) (sum float64) {
	for _, c := range counts {
		sum += c
	}
	return sum
}

// interval is a mean of so many counts, times what it stands for, with the 95 %
// interval of counting.
func interval(mean float64, used int, times float64) Real {
	half := 1.96 * math.Sqrt(mean/float64(used))
	return Real{Low: max(0, mean-half) * times, Value: mean * times, High: (mean + half) * times}
}
