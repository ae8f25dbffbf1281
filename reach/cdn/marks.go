package cdn

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed marks.txt
var marksText string

// mark is one line of the table.
type mark struct{ kind, value, provider string }

var marks = sync.OnceValue(func() (all []mark) {
	for line := range strings.Lines(marksText) {
		if f := strings.SplitN(strings.TrimSpace(line), " ", 3); len(f) == 3 && f[0] != "#" {
			all = append(all, mark{f[0], f[1], f[2]})
		}
	}
	return all
})

// Mark returns the provider whose own marks an HTTP answer bears in its header;
// empty for none. Anybody can set a header: a mark says who answers, an address
// range proves it.
func Mark(header map[string][]string) string {
	for _, m := range marks() {
		for name, values := range header {
			switch {
			case m.kind == "header" && strings.EqualFold(name, m.value) && len(values) > 0:
				return m.provider
			case m.kind == "server" && strings.EqualFold(name, "Server") && len(values) > 0 && strings.EqualFold(values[0], m.value):
				return m.provider
			}
		}
	}
	return ""
}

// Alias returns the provider that a name belongs to which a site is aliased to
// (CNAME); empty for none.
func Alias(name string) string { return byEnd("cname", name) }

// NameServer returns the provider that runs a name server. It serves the name, and
// need not serve the site.
func NameServer(name string) string { return byEnd("ns", name) }

func byEnd(kind, name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, m := range marks() {
		if m.kind == kind && strings.HasSuffix("."+name, m.value) {
			return m.provider
		}
	}
	return ""
}
