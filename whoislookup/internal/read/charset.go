package read

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"github.com/opskit-go/opskit/whoislookup/servers"
)

// encodingOf returns an encoding by its name: that of Japan's mail, or any of one byte.
func encodingOf(name string) encoding.Encoding {
	if name == "iso-2022-jp" {
		return japanese.ISO2022JP
	}
	for _, enc := range charmap.All {
		if c, ok := enc.(*charmap.Charmap); ok && strings.EqualFold(strings.ReplaceAll(c.String(), " ", "-"), name) {
			return enc
		}
	}
	return charmap.ISO8859_1
}

// Decode returns raw as UTF-8 and the name of the charset it was in: raw itself
// if it is UTF-8. That is never taken for something else, but for the escape
// sequences of ISO-2022-JP, which are ASCII.
func Decode(server string, raw []byte) ([]byte, string) {
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return raw, "utf-16" // as some shells redirect; see package pasted
	}
	name := servers.Charset(server)
	if utf8.Valid(raw) {
		if name != "iso-2022-jp" || !bytes.Contains(raw, []byte("\x1b$")) {
			return raw, "utf-8"
		}
	}
	out, err := encodingOf(name).NewDecoder().Bytes(raw)
	if err != nil {
		return bytes.ToValidUTF8(raw, []byte("\uFFFD")), name
	}
	return out, name
}
