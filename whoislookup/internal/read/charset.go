package read

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// charset returns the encoding that a server writes when its answer is not
// UTF-8. The rest write Latin-1, if anything.
func charset(server string) (string, encoding.Encoding) {
	host, _, _ := strings.Cut(strings.ToLower(server), ":")
	switch host {
	case "whois.nic.ad.jp", "whois.jprs.jp":
		return "iso-2022-jp", japanese.ISO2022JP
	case "whois.kg", "whois.domain.kg":
		return "windows-1251", charmap.Windows1251
	}
	return "iso-8859-1", charmap.ISO8859_1
}

// Decode returns raw as UTF-8 and the name of the charset it was in: raw itself
// if it is UTF-8. That is never taken for something else, but for the escape
// sequences of ISO-2022-JP, which are ASCII.
func Decode(server string, raw []byte) ([]byte, string) {
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return raw, "utf-16" // as some shells redirect; see package pasted
	}
	name, enc := charset(server)
	if utf8.Valid(raw) {
		if name != "iso-2022-jp" || !bytes.Contains(raw, []byte("\x1b$")) {
			return raw, "utf-8"
		}
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return bytes.ToValidUTF8(raw, []byte("\uFFFD")), name
	}
	return out, name
}
