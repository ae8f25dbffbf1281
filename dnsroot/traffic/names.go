package traffic

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
)

// printName writes a name in wire format as zone files do (RFC 1035, section 5.1).
func printName(wire string) string {
	if len(wire) <= 1 {
		return "."
	}
	var b strings.Builder
	for len(wire) > 1 {
		n := min(int(wire[0]), len(wire)-1)
		for _, c := range []byte(wire[1 : 1+n]) {
			switch {
			case c == '.' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < '!' || c > '~':
				b.WriteString("\\" + string([]byte{'0' + c/100, '0' + c/10%10, '0' + c%10}))
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('.')
		wire = wire[1+n:]
	}
	return b.String()
}

// below is what the sample holds below one name.
type below struct {
	suffix        string // in wire format
	names, once   int
	queries       uint64 // to those asked once
	numbers, hash int    // names whose first label is a number, or looks like a digest
}

// victim finds the name below which most of those lie that were asked once: the
// longest that still has nearly all of them. It is "" where they have nothing
// but a top-level domain, or the root, in common: that is how the names of a
// busy server look.
func victim(s *sample) (b below, once int) {
	suffixes := map[string]*below{}
	s.all(func(e sampled, name string) {
		if e.count > 1 {
			return
		}
		once++
		for rest := name; len(rest) > 1; {
			cut := min(1+int(rest[0]), len(rest))
			rest = rest[cut:]
			if len(rest) <= 1 || min(1+int(rest[0]), len(rest)) >= len(rest)-1 {
				break // a top-level domain, or the root
			}
			if suffixes[rest] == nil {
				suffixes[rest] = &below{suffix: rest}
			}
			b := suffixes[rest]
			b.names++
			b.once++
			b.queries += e.count
			switch label := name[1:min(1+int(name[0]), len(name))]; {
			case strings.Trim(label, "0123456789-") == "":
				b.numbers++
			case len(label) >= 32 && digest(label):
				b.hash++
			}
		}
	})
	var all []*below
	for _, b := range suffixes {
		all = append(all, b)
	}
	slices.SortFunc(all, func(x, y *below) int {
		return cmp.Or(cmp.Compare(y.once, x.once), cmp.Compare(len(y.suffix), len(x.suffix)), cmp.Compare(x.suffix, y.suffix))
	})
	if len(all) == 0 {
		return below{}, once
	}
	best := all[0]
	for _, b := range all[1:] { // deeper, with nearly as many below it
		if b.once*10 >= all[0].once*9 && len(b.suffix) > len(best.suffix) && strings.HasSuffix(b.suffix, best.suffix) {
			best = b
		}
	}
	return *best, once
}

func digest(label string) bool {
	_, err := hex.DecodeString(label[:len(label)&^1])
	return err == nil
}
