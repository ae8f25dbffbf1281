package traffic

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// mix spreads a key over 64 bits so that equal keys, and only they, are equal
// (the finalizer of MurmurHash3). It has no seed: parts of a capture that were
// analysed apart must agree.
func mix(k uint64) uint64 {
	k ^= k >> 33
	k *= 0xff51afd7ed558ccd
	k ^= k >> 33
	k *= 0xc4ceb9fe1a85ec53
	return k ^ k>>33
}

// unmix is the inverse of mix: its factors are those of mix, inverted modulo 2^64.
func unmix(k uint64) uint64 {
	k ^= k >> 33
	k *= 0x9cb4b2f8129337db
	k ^= k >> 33
	k *= 0x4f74430c22a54005
	return k ^ k>>33
}

// v4 marks the keys of IPv4 addresses; those of IPv6 are their first 64 bits, as
// one subscriber has all of the rest.
const v4 = 1 << 32

func sourceKey(addr *[16]byte, v6 bool) uint64 {
	if v6 {
		return binary.BigEndian.Uint64(addr[:])
	}
	return v4 | uint64(binary.BigEndian.Uint32(addr[:]))
}

// isV4 tells the keys of IPv4 addresses.
func isV4(key uint64) bool { return key>>32 == 1 }

// prefix is what a key stands for.
func prefix(key uint64) netip.Prefix {
	if isV4(key) {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(key)))), 32)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], key)
	return netip.PrefixFrom(netip.AddrFrom16(b), 64)
}

// hashAddr is the hash of an address of 4 or 16 bytes.
func hashAddr(b []byte) uint64 {
	if len(b) == 4 {
		return mix(v4 | uint64(binary.BigEndian.Uint32(b)))
	}
	hi, lo := bits.Mul64(binary.BigEndian.Uint64(b)^0xe7037ed1a0b428db, binary.BigEndian.Uint64(b[8:])^0x8ebc6af09c88c6e3)
	return mix(hi ^ lo)
}

const ones = 0x0101010101010101

// fold turns the ASCII capitals among eight bytes into small letters. The lengths
// of labels stay, as they are below 64.
func fold(x uint64) uint64 {
	low := x &^ (0x80 * ones)
	capital := (low + (0x80-'A')*ones) ^ (low + (0x7f-'Z')*ones)
	return x | capital&^x&(0x80*ones)>>2
}

// foldName writes a name in wire format to text in small letters, and returns its
// hash. text has room for eight bytes more than the name.
func foldName(name, text []byte) uint64 {
	h := uint64(len(name)) * 0x9e3779b97f4a7c15
	i := 0
	for ; i+8 <= len(name); i += 8 {
		w := fold(binary.LittleEndian.Uint64(name[i:]))
		binary.LittleEndian.PutUint64(text[i:], w)
		hi, lo := bits.Mul64(h^w, 0xe7037ed1a0b428db)
		h = hi ^ lo
	}
	if rest := name[i:]; len(rest) > 0 {
		var w uint64
		for k, c := range rest {
			w |= uint64(c) << (8 * k)
		}
		w = fold(w)
		binary.LittleEndian.PutUint64(text[i:], w)
		hi, lo := bits.Mul64(h^w, 0x8ebc6af09c88c6e3)
		h = hi ^ lo
	}
	return mix(h)
}
