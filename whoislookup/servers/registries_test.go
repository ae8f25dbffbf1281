package servers

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/encoding/charmap"
)

func TestEveryFactCanMatch(t *testing.T) {
	kinds := map[string]Kind{"addr": KindAddr, "prefix": KindAddr, "asn": KindASN, "domain": KindDomain, "handle": KindHandle, "any": KindHandle}
	texts := map[string]string{"addr": "192.0.2.1", "prefix": "192.0.2.0/24", "asn": "as64500", "domain": "example.com", "handle": "EX1", "any": "EX1"}
	charsets := map[string]bool{"iso-2022-jp": true}
	for _, enc := range charmap.All {
		if c, ok := enc.(*charmap.Charmap); ok {
			charsets[strings.ToLower(strings.ReplaceAll(c.String(), " ", "-"))] = true
		}
	}
	for line := range strings.Lines(registries) {
		if line = strings.TrimSuffix(line, "\n"); line[0] == '#' {
			continue
		}
		f := strings.SplitN(line, " ", 4)
		value, _, _ := strings.Cut(f[3], " | ")
		switch f[0] {
		case "query":
			form := strings.NewReplacer("{}", texts[f[2]], "{n}", "64500").Replace(value)
			assert.Equal(t, form, Line(f[1]+":43", kinds[f[2]], texts[f[2]]), line)
		case "charset":
			assert.Equal(t, value, Charset(f[1]), line)
			assert.True(t, charsets[value], "%s: no such encoding", line)
		case "dates":
			assert.Equal(t, value, DateOrder(f[1]), line)
			assert.Contains(t, []string{"month_first", "unknown"}, value, line)
		case "handle":
			host, ok := Handle("EX1" + f[1])
			assert.True(t, ok && host == value, line)
		default:
			assert.Fail(t, "no such fact", line)
		}
	}
}
