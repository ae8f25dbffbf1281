package traffic

import "math"

// sample keeps, with exact counts, every key whose hash ends in level zero bits,
// and raises the level where they become more than bound (Gibbons, "Distinct
// sampling", VLDB 2001). At level zero it is all keys. As level depends on
// nothing but the set of keys, the sample of parts put together is that of the
// whole. It takes the place of a HyperLogLog: at the same price it is as good,
// and knows besides how often the keys occur and which they are.
type sample struct {
	bound int
	level uint8
	n     int
	slots []sampled // a power of two, at most half full
	texts []string  // of names, beside slots
	spare []sampled // for the next rebuild
}

type sampled struct{ hash, count uint64 } // a hash of zero is none

// takes tells whether a hash belongs to the sample: nearly never, once it is full.
func (s *sample) takes(hash uint64) bool { return hash&(1<<s.level-1) == 0 && hash != 0 }

// add counts a key that the sample takes.
func (s *sample) add(hash, count uint64, text []byte) {
	if s.slots == nil {
		s.slots = make([]sampled, 64)
	}
	mask := uint64(len(s.slots) - 1)
	i := hash >> 32 & mask
	for s.slots[i].hash != hash {
		if s.slots[i].hash == 0 {
			s.slots[i] = sampled{hash, count}
			if text != nil {
				if s.texts == nil {
					s.texts = make([]string, len(s.slots))
				}
				s.texts[i] = string(text)
			}
			if s.n++; s.n > s.bound {
				s.raise()
			} else if s.n*2 > len(s.slots) {
				s.rebuild(len(s.slots) * 2)
			}
			return
		}
		i = (i + 1) & mask
	}
	s.slots[i].count += count
}

// raise makes the sample coarser until it fits.
func (s *sample) raise() {
	for s.n > s.bound {
		s.level++
		s.rebuild(len(s.slots))
	}
}

func (s *sample) rebuild(size int) {
	old, texts := s.slots, s.texts
	if len(s.spare) != size {
		s.spare = make([]sampled, size)
	}
	clear(s.spare)
	s.slots, s.spare, s.n = s.spare, old, 0
	if texts != nil {
		s.texts = make([]string, size)
	}
	mask := uint64(size - 1)
	for k, e := range old {
		if e.hash == 0 || !s.takes(e.hash) {
			continue
		}
		i := e.hash >> 32 & mask
		for s.slots[i].hash != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = e
		if texts != nil {
			s.texts[i] = texts[k]
		}
		s.n++
	}
}

// merge adds another sample of the same bound.
func (s *sample) merge(o *sample) {
	if o.level > s.level {
		s.level = o.level
		if s.slots != nil {
			s.rebuild(len(s.slots))
		}
	}
	o.all(func(e sampled, text string) {
		if s.takes(e.hash) {
			var b []byte // of a source there is none
			if text != "" {
				b = []byte(text)
			}
			s.add(e.hash, e.count, b)
		}
	})
}

// all calls f for what is in the sample.
func (s *sample) all(f func(e sampled, text string)) {
	for i, e := range s.slots {
		switch {
		case e.hash == 0:
		case s.texts == nil:
			f(e, "")
		default:
			f(e, s.texts[i])
		}
	}
}

// scale is how many keys one in the sample stands for.
func (s *sample) scale() float64 { return math.Ldexp(1, int(s.level)) }

// distinct estimates how many different keys there were. A key is in the sample
// with probability p = 2^-level, so that the number in it is binomial; the 95 %
// interval is Wilson's for a count (exact at level zero).
func (s *sample) distinct() Count {
	if s.level == 0 {
		return Count{Low: uint64(s.n), Value: uint64(s.n), High: uint64(s.n)}
	}
	const z2 = 1.96 * 1.96
	n, q := float64(s.n), 1-1/s.scale()
	mid, half := n+z2*q/2, 1.96*math.Sqrt(q*(n+z2*q/4))
	return Count{Low: uint64((mid - half) * s.scale()), Value: uint64(n * s.scale()), High: uint64(math.Ceil((mid + half) * s.scale()))}
}
