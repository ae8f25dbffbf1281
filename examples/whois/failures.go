package main

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/opskit-go/opskit"
)

// failures counts the addresses without an answer, by why: a server that refuses
// refuses all of them.
type failures struct {
	order []string
	count map[string]int
	first map[string]string
}

func (f *failures) add(addr netip.Addr, err error) {
	key := strings.Join(opskit.Codes(err), " ")
	if f.count == nil {
		f.count, f.first = map[string]int{}, map[string]string{}
	}
	if f.count[key]++; f.count[key] == 1 {
		f.order, f.first[key] = append(f.order, key), fmt.Sprintf("%s: %v", addr, err)
	}
}

// gaps are what the failures leave open.
func (f *failures) gaps() (gaps []opskit.Gap) {
	for _, key := range f.order {
		gaps = append(gaps, opskit.Gap{What: fmt.Sprintf("whose %d addresses are", f.count[key]), Why: "no answer, such as for " + f.first[key], Need: "asking again"})
	}
	return gaps
}

func (f *failures) print(w io.Writer) {
	for _, key := range f.order {
		fmt.Fprintf(w, "no answer for %d addresses, such as %s\n", f.count[key], opskit.Escape(f.first[key]))
	}
}
