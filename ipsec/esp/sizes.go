package esp

import (
	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/ipsec/suite"
)

// sized is a suite by what it costs on the wire. Suites of other names cost the
// same: chacha20poly1305 as gcm16, ccm as gcm, camellia as aes, any key length.
type sized struct {
	name string
	suite.ESP
}

// sizes are those of the suites in use, by the table of package suite.
func sizes() (list []sized) {
	for _, name := range []string{
		"3des-sha1", "aes128-sha1", "aes128-sha256", "aes128-sha384", "aes128-sha512",
		"aes128gcm16", "aes128gcm12", "aes128gcm8", "null-sha1", "null-sha256",
	} {
		for _, p := range suite.Parse(name, suite.ProtocolESP, conf.DialectStrongSwan).Proposals {
			if size, ok := p.Sizes(); ok {
				list = append(list, sized{name, size})
			}
		}
	}
	return list
}

// fits tells whether a packet of ESP can be of that size: at least an IP header
// is in it.
func (s sized) fits(payload int) bool {
	rest := payload - 8 - s.IV - s.ICV
	return rest >= 22 && rest%max(s.Block, 4) == 0
}
