package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
)

// readCounts reads "count address" or "address" lines. What any other line means
// is not known, so it is left out, and told.
func readCounts(in io.Reader) (out map[netip.Addr]int, left []opskit.Gap, err error) {
	out = map[netip.Addr]int{}
	odd, first := 0, ""
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		count, badCount := 1, error(nil)
		if len(f) == 2 {
			count, badCount = strconv.Atoi(f[0])
		}
		addr, err := netip.ParseAddr(f[len(f)-1])
		if err != nil || badCount != nil || len(f) > 2 || count < 1 {
			if odd++; odd == 1 {
				first = fmt.Sprintf("line %d: %.60q", n, lines.Text())
			}
			continue
		}
		out[addr.Unmap().WithZone("")] += count
	}
	if odd > 0 {
		left = []opskit.Gap{{What: fmt.Sprintf("%d lines of the list", odd), Why: "no \"count address\", such as " + first, Need: "one address a line"}}
	}
	return out, left, lines.Err()
}

// printNft prints one nft set for each family, to be loaded with nft -f.
func printNft(w io.Writer, prefixes []netip.Prefix) {
	for _, family := range []string{"ipv4", "ipv6"} {
		var list []string
		for p := range only(prefixes, family == "ipv4") {
			list = append(list, p.String())
		}
		if len(list) > 0 {
			fmt.Fprintf(w, "set whois_%s {\n\ttype %s_addr\n\tflags interval\n\telements = { %s }\n}\n", family, family, strings.Join(list, ", "))
		}
	}
}

func only(prefixes []netip.Prefix, v4 bool) iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		for _, p := range prefixes {
			if p.Addr().Is4() == v4 && !yield(p) {
				return
			}
		}
	}
}
