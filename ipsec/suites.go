package ipsec

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// suite is one proposal: for each kind of algorithm the ones it admits, none
// where it leaves the kind to the daemon.
type suite struct {
	cipher, hash, group []string
}

// suites reports proposals that have nothing in common.
func (m *mirror) suites() {
	for _, names := range [][]string{{"ike"}, {"esp", "phase2alg", "ah"}} {
		pa, pb := m.a.get(names...), m.b.get(names...)
		a, oka := m.a.proposals(pa)
		b, okb := m.b.proposals(pb)
		if !oka || !okb || compatible(a, b) {
			continue
		}
		m.add("no_common_proposal", SeverityFatal, pa.Name, "give both ends one proposal in common, such as aes256-sha256-modp2048", m.both(pa, pb),
			"%s offers %s and %s offers %s: nothing in common", m.a.label, pa.Value, m.b.label, pb.Value)
	}
}

// proposals reads a list of proposals; false where it is left out, holds a word
// that is not known here, or is not all that the daemon offers.
func (v *view) proposals(p conf.Param) ([]suite, bool) {
	text := strings.ToLower(strings.TrimSpace(p.Value))
	strict := strings.HasSuffix(text, "!")
	text = strings.TrimSuffix(text, "!")
	if text == "" || v.conn.Dialect == conf.DialectStrongSwan && !strict {
		return nil, false
	}
	var list []suite
	for one := range strings.SplitSeq(text, ",") {
		s, ok := readSuite(strings.TrimSpace(one))
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

func readSuite(text string) (suite, bool) {
	var s suite
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '-' || r == ';' || r == '+' }) {
		word := strings.ReplaceAll(part, "_", "")
		switch {
		case isCipher(word):
			s.cipher = append(s.cipher, word)
		case hashName(word) != "":
			s.hash = append(s.hash, hashName(word))
		case groupName(word) != "":
			s.group = append(s.group, groupName(word))
		case word == "null" && len(s.cipher) > 0, word == "none", word == "esn", word == "noesn", word == "": // no hash, as with AES-GCM
		default:
			return s, false
		}
	}
	return s, true
}

// isCipher knows the ciphers whose spelling is the same everywhere but for
// underscores. Others, such as AES-GCM with its many spellings, are not
// compared.
func isCipher(w string) bool {
	switch w {
	case "3des", "des", "aes", "aes128", "aes192", "aes256", "aescbc", "aescbc128", "aescbc256",
		"camellia", "camellia128", "camellia192", "camellia256", "cast128", "blowfish", "serpent", "twofish":
		return true
	}
	return false
}

func hashName(w string) string {
	switch w {
	case "md5", "hmacmd5":
		return "md5"
	case "sha", "sha1", "hmacsha1":
		return "sha1"
	case "sha2", "sha256", "sha2256", "hmacsha2256":
		return "sha256"
	case "sha384", "sha2384":
		return "sha384"
	case "sha512", "sha2512", "hmacsha2512":
		return "sha512"
	case "aesxcbc", "aescmac":
		return w
	}
	return ""
}

func groupName(w string) string {
	switch w {
	case "dh1":
		return "modp768"
	case "dh2":
		return "modp1024"
	case "dh5":
		return "modp1536"
	case "dh14":
		return "modp2048"
	case "dh15":
		return "modp3072"
	case "dh16":
		return "modp4096"
	case "dh17":
		return "modp6144"
	case "dh18":
		return "modp8192"
	case "dh19":
		return "ecp256"
	case "dh20":
		return "ecp384"
	case "dh21":
		return "ecp521"
	case "dh31", "curve25519", "x25519":
		return "x25519"
	case "dh22", "dh23", "dh24":
		return w
	}
	if strings.HasPrefix(w, "modp") || strings.HasPrefix(w, "ecp") {
		return w
	}
	return ""
}

// compatible reports whether some proposal of one end meets one of the other.
func compatible(a, b []suite) bool {
	for _, x := range a {
		for _, y := range b {
			if meet(x.cipher, y.cipher) && meet(x.hash, y.hash) && meet(x.group, y.group) {
				return true
			}
		}
	}
	return false
}

// meet reports whether two lists have a member in common, or either is left to
// the daemon. A cipher without a key length admits every length.
func meet(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool {
			x, y := strings.Replace(x, "aescbc", "aes", 1), strings.Replace(y, "aescbc", "aes", 1)
			return x == y || x == strings.TrimRight(y, "0123456789") || y == strings.TrimRight(x, "0123456789")
		})
	})
}

// weakIn returns the algorithms of a parameter that RFC 8221 and RFC 8247 no
// longer allow.
func weakIn(value string) []string {
	var weak []string
	for part := range strings.FieldsFuncSeq(strings.ToLower(value), func(r rune) bool { return strings.ContainsRune("-;+,! ", r) }) {
		for _, w := range weakAlgorithms(part) {
			if w != "null" && !slices.Contains(weak, w) {
				weak = append(weak, w)
			}
		}
	}
	return weak
}
