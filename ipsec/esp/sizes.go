package esp

// Size is what a suite costs on the wire: initialisation vector, the block that
// padding fills, integrity check value (RFC 4303; RFC 3602, 4106, 7634, 2404, 4868).
type Size struct {
	Suite          string // its name
	IV, Block, ICV int    // in bytes
}

// Sizes are those of the suites in use. Suites of other names cost the same: a
// counter mode as its GCM, Camellia as AES.
func Sizes() []Size {
	return []Size{
		{"3des-md5_or_sha1", 8, 8, 12},
		{"aes_cbc-md5_or_sha1", 16, 16, 12},
		{"aes_cbc-sha2_256", 16, 16, 16},
		{"aes_cbc-sha2_384", 16, 16, 24},
		{"aes_cbc-sha2_512", 16, 16, 32},
		{"aes_gcm_16_or_chacha20_poly1305", 8, 4, 16},
		{"aes_gcm_12", 8, 4, 12},
		{"aes_gcm_8", 8, 4, 8},
		{"null-sha1", 0, 4, 12},
		{"null-sha2_256", 0, 4, 16},
	}
}

// Payload is the size of what ESP makes of an inner packet of that size in tunnel
// mode: SPI, sequence number, IV, padded packet with its trailer, and ICV.
func (s Size) Payload(inner int) int {
	return 8 + s.IV + (inner+2+s.Block-1)/s.Block*s.Block + s.ICV
}

// fits tells whether a packet of ESP can be of that size: at least an IP header
// is in it.
func (s Size) fits(payload int) bool {
	rest := payload - 8 - s.IV - s.ICV
	return rest >= 22 && rest%s.Block == 0
}

// holds tells whether any suite makes that payload of that inner packet.
func holds(payload, inner int) bool {
	for _, s := range Sizes() {
		if s.Payload(inner) == payload {
			return true
		}
	}
	return false
}
