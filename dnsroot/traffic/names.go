package traffic

import (
	"cmp"
	"encoding/hex"
	"strings"

	"github.com/miekg/dns"
)

// printName writes a name in wire format as zone files do (RFC 1035, section 5.1).
func printName(wire []byte) string {
	name, _, err := dns.UnpackDomainName(wire, 0)
	if err != nil {
		return ""
	}
	return name
}

// below is what a sample holds below one name, of the names asked once.
type below struct {
	suffix  string // in wire format
	once    int
	lookups int // whose first label is a number, or looks like a digest
}

// victim finds the name below which most of those lie that were asked once: the
// longest that still has nearly all of them. It is "" where they have nothing
// but a top-level domain, or the root, in common: that is how the names of a
// busy server look.
func victim(names *table) (best below) {
	suffixes := map[string]below{}
	for _, s := range names.Slots {
		if s.Count != 1 {
			continue
		}
		name := string(names.text(s))
		for rest := parent(name); len(parent(rest)) > 1; rest = parent(rest) { // not a top-level domain, nor the root
			b := suffixes[rest]
			b.suffix = rest
			b.once++
			if looksUp(name) {
				b.lookups++
			}
			suffixes[rest] = b
		}
	}
	var top below
	for _, b := range suffixes {
		if cmp.Or(cmp.Compare(b.once, top.once), cmp.Compare(len(b.suffix), len(top.suffix)), cmp.Compare(top.suffix, b.suffix)) > 0 {
			top = b
		}
	}
	best = top
	for _, b := range suffixes { // deeper, with nearly as many below it
		if b.once*10 >= top.once*9 && len(b.suffix) > len(best.suffix) && strings.HasSuffix(b.suffix, top.suffix) {
			best = b
		}
	}
	return best
}

// parent is a name without its first label.
func parent(name string) string {
	if name == "" {
		return ""
	}
	return name[min(1+int(name[0]), len(name)):]
}

// looksUp tells names as block lists and scanners ask.
func looksUp(name string) bool {
	label := name[1 : len(name)-len(parent(name))]
	_, err := hex.DecodeString(label[:len(label)&^1])
	return strings.Trim(label, "0123456789-") == "" || len(label) >= 32 && err == nil
}
