package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"strconv"
	"strings"
)

// readCounts reads "count address" or "address" lines.
func readCounts(in io.Reader) (map[netip.Addr]int, error) {
	out := map[netip.Addr]int{}
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		count, err := strconv.Atoi(f[0])
		if err != nil || len(f) == 1 {
			count = 1
		}
		addr, err := netip.ParseAddr(f[len(f)-1])
		if err != nil || len(f) > 2 || count < 1 {
			return nil, fmt.Errorf("line %d: no \"count address\": %q", n, lines.Text())
		}
		out[addr.Unmap()] += count
	}
	return out, lines.Err()
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
