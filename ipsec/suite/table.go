package suite

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed transforms.txt
var transforms string

// transform is one line of transforms.txt with one key length.
type transform struct {
	kind, name     string // name with its key length: aes_cbc_256
	iv, block, icv int
	weak           bool
}

// words are the transforms by the words of the two families of daemons.
type words struct {
	strong, pluto map[string][]transform
	byName        map[string]transform // kind and name
}

// table is read once.
var table = sync.OnceValue(func() words { return readTable(transforms) })

func readTable(text string) words {
	w := words{map[string][]transform{}, map[string][]transform{}, map[string]transform{}}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 || f[0] == "#" || strings.HasPrefix(line, "#") {
			continue
		}
		number := func(s string) int {
			n, _ := strconv.Atoi(s) // "-" is 0
			return n
		}
		base := transform{kind: f[0], name: f[1], iv: number(f[3]), block: number(f[4]), icv: number(f[5]), weak: f[6] == "weak"}
		lengths := strings.Split(f[2], ",")
		pluto := false
		for _, word := range f[7:] {
			if word == "|" {
				pluto = true
				continue
			}
			word, only, fixed := strings.Cut(word, "=")
			for _, n := range lengths {
				t := base
				if n != "-" {
					t.name += "_" + n
				}
				w.byName[t.kind+" "+t.name] = t
				switch {
				case fixed && only != n:
				case pluto:
					w.pluto[word] = append(w.pluto[word], t)
				default:
					expanded := strings.ReplaceAll(word, "{n}", n)
					w.strong[expanded] = append(w.strong[expanded], t)
				}
			}
		}
	}
	return w
}

// inStrong looks a word up as strongSwan reads it.
func (w words) inStrong(word string) []transform { return w.strong[word] }

// inPluto looks a word up as pluto reads it: with underscores or without, and
// with a key length behind it.
func (w words) inPluto(word string) []transform {
	word = strings.ReplaceAll(word, "_", "")
	if found := w.pluto[word]; found != nil {
		return found
	}
	for _, n := range []string{"128", "192", "256"} {
		if short, ok := strings.CutSuffix(word, n); ok {
			return ofLength(w.pluto[short], n)
		}
	}
	return nil
}

// ofLength picks the transforms with one key length.
func ofLength(list []transform, n string) []transform {
	var out []transform
	for _, t := range list {
		if strings.HasSuffix(t.name, "_"+n) && (t.kind == "cipher" || t.kind == "aead") {
			out = append(out, t)
		}
	}
	return out
}
