package suite

import (
	_ "embed"
	"slices"
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
	strong    map[string][]transform
	libreswan map[string][]transform
	notIKE    map[string]bool        // of libreswan's
	pluto     map[string][]transform // any word of pluto's, without underscores
	byName    map[string]transform   // kind and name
}

// table is read once.
var table = sync.OnceValue(func() words { return readTable(transforms) })

func readTable(text string) words {
	w := words{map[string][]transform{}, map[string][]transform{}, map[string]bool{}, map[string][]transform{}, map[string]transform{}}
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
		column := 0
		for _, word := range f[7:] {
			if word == "|" {
				column++
				continue
			}
			word, only, fixed := strings.Cut(word, "=")
			word, _, notIKE := strings.Cut(word, ":")
			for _, n := range lengths {
				t := base
				if n != "-" {
					t.name += "_" + n
				}
				w.byName[t.kind+" "+t.name] = t
				switch {
				case fixed && only != n:
				case column > 0:
					if column == 1 {
						w.libreswan[word] = append(w.libreswan[word], t)
						w.notIKE[word] = notIKE
					}
					bare := strings.ReplaceAll(word, "_", "")
					if !slices.Contains(w.pluto[bare], t) {
						w.pluto[bare] = append(w.pluto[bare], t)
					}
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

// inPluto looks a word up as some pluto reads it: with underscores or without, and
// with a key length behind it.
func (w words) inPluto(word string) []transform {
	word = strings.ReplaceAll(word, "_", "")
	if found := w.pluto[word]; found != nil {
		return found
	}
	short, n := keyLength(word)
	return ofLength(w.pluto[short], n)
}

// inLibreswan looks a word up as every libreswan reads it.
func (w words) inLibreswan(word string, p Protocol) []transform {
	found := w.libreswan[word]
	if found == nil {
		short, n := keyLength(word)
		word = strings.TrimSuffix(short, "_")
		if word == short && strings.TrimRight(short, "0123456789") != short {
			return nil // aes_gcm_16256
		}
		found = ofLength(w.libreswan[word], n)
	}
	if p == ProtocolIKE && w.notIKE[word] {
		return nil
	}
	return found
}

// keyLength takes the key length off the end of a word.
func keyLength(word string) (short, n string) {
	for _, n := range []string{"128", "192", "256"} {
		if short, ok := strings.CutSuffix(word, n); ok {
			return short, n
		}
	}
	return word, ""
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
