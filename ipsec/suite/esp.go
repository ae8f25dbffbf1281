package suite

// ESP is what a suite costs on the wire: of its cipher the initialisation vector
// and the block that padding fills, and the integrity check value (RFC 4303).
type ESP struct {
	IV    int // bytes in front of each packet
	Block int // bytes that padding fills; at least 4 count
	ICV   int // bytes behind each packet
}

// Sizes returns what the first transforms of a proposal for ESP cost; false where
// they are not known.
func (p Proposal) Sizes() (ESP, bool) {
	if len(p.Cipher) == 0 {
		return ESP{}, false
	}
	t, ok := table().byName["aead "+p.Cipher[0]]
	if !ok {
		if t, ok = table().byName["cipher "+p.Cipher[0]]; !ok || len(p.Hash) == 0 {
			return ESP{}, false
		}
		t.icv = table().byName["hash "+p.Hash[0]].icv
	}
	return ESP{IV: t.iv, Block: t.block, ICV: t.icv}, true
}

// Payload is the size of what ESP makes of an inner packet of that size in tunnel
// mode: SPI, sequence number, IV, padded packet and ICV.
func (e ESP) Payload(inner int) int {
	block := max(e.Block, 4)
	return 8 + e.IV + (inner+2+block-1)/block*block + e.ICV
}

// InnerMTU is the largest inner packet that fits a link: outer is the size of the
// outer IP header (20 or 40), and udp tells that ESP goes in UDP (RFC 3948).
func (e ESP) InnerMTU(link, outer int, udp bool) int {
	room := link - outer - 8 - e.IV - e.ICV
	if udp {
		room -= 8
	}
	block := max(e.Block, 4)
	return max(room/block*block-2, 0)
}

// MSS is the largest segment of TCP over IPv4 inside, without options.
func (e ESP) MSS(link, outer int, udp bool) int { return max(e.InnerMTU(link, outer, udp)-40, 0) }
