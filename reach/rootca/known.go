package rootca

import (
	"crypto/rsa"
	_ "embed"
	"math/big"
	"strings"
	"sync"
)

//go:embed roots.txt
var rootsText string

// Root is one root certificate whose private key is public.
type Root struct {
	Name   string `json:"name"`   // what it is known as
	SHA256 string `json:"sha256"` // of the certificate in DER, lower-case hex
	SPKI   string `json:"spki"`   // the SHA-256 of its SubjectPublicKeyInfo in DER
	Public string `json:"public"` // the day when its key became public
	Story  string `json:"story"`  // how it got into stores
	Source string `json:"source"` // whose fact this is
}

// table is what roots.txt holds.
type table struct {
	asOf    string
	roots   []Root
	modulus map[string]string // by name
}

var known = sync.OnceValue(func() (t table) {
	t.modulus = map[string]string{}
	for line := range strings.Lines(rootsText) {
		line = strings.TrimSpace(line)
		if _, day, ok := strings.Cut(line, "; as of "); ok && strings.HasPrefix(line, "#") {
			t.asOf, _, _ = strings.Cut(day, ".")
		}
		word, value, ok := strings.Cut(line, " ")
		if !ok || word == "#" {
			continue
		}
		if word == "root" {
			t.roots = append(t.roots, Root{Name: value})
		}
		if len(t.roots) == 0 {
			continue
		}
		r := &t.roots[len(t.roots)-1]
		switch word {
		case "sha256":
			r.SHA256 = value
		case "spki":
			r.SPKI = value
		case "public":
			r.Public = value
		case "story":
			r.Story = value
		case "source":
			r.Source = value
		case "modulus":
			t.modulus[r.Name] += value
		}
	}
	return t
})

// AsOf is the day on which the table was last compared with its sources.
func AsOf() string { return known().asOf }

// Known returns the table of compromised roots.
func Known() []Root { return append([]Root(nil), known().roots...) }

// key returns the public key of a root, to check signatures with.
func (r Root) key() *rsa.PublicKey {
	n, ok := new(big.Int).SetString(known().modulus[r.Name], 16)
	if !ok {
		return nil
	}
	return &rsa.PublicKey{N: n, E: 65537}
}
