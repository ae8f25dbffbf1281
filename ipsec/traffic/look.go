package traffic

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/bits"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
)

// ReadHost adds what the files of a /proc show: settings, listeners, routes of the
// main table, and the flows between the networks of Status whose addresses a NAT
// changes. nil is the /proc of this host. What cannot be read is in Unseen; the
// error is that of ctx, or matches errors.ErrUnsupported.
func (l *Look) ReadHost(ctx context.Context, proc fs.FS) (err error) {
	if l.Listeners, err = ipsec.Listeners(ctx, proc); err != nil && (l.Listeners == nil || proc == nil) {
		return err
	}
	if proc == nil {
		proc = os.DirFS("/proc")
	}
	own, other := End{Before: *l}.networks()
	if len(own) == 0 { // no SA tells the family
		own = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0)}
	}
	var interfaces []string
	entries, _ := fs.ReadDir(proc, "sys/net/ipv4/conf")
	for _, e := range entries {
		if e.Name() != "all" && e.Name() != "default" {
			interfaces = append(interfaces, e.Name())
		}
	}
	if sys, subErr := fs.Sub(proc, "sys"); subErr == nil {
		l.Sysctls = (&ipsec.Tunnel{A: ipsec.Endpoint{Subnets: own}, B: ipsec.Endpoint{Subnets: other}}).Sysctls(interfaces...).Read(sys)
	}
	var routes []netip.Prefix
	add := func(addr []byte, bits int, flags string) {
		const reject = 0x200 // RTF_REJECT of linux/route.h
		set, err := strconv.ParseUint(flags, 16, 32)
		if a, ok := netip.AddrFromSlice(addr); ok && err == nil && set&reject == 0 {
			routes = append(routes, netip.PrefixFrom(a, bits))
		}
	}
	if l.each(proc, "net/route", func(f []string) {
		dest, err := strconv.ParseUint(f[1], 16, 32)
		mask, err2 := strconv.ParseUint(f[min(7, len(f)-1)], 16, 32)
		if err == nil && err2 == nil { // its header has neither
			add(binary.NativeEndian.AppendUint32(nil, uint32(dest)), bits.OnesCount32(uint32(mask)), f[3])
		}
	}) {
		l.each(proc, "net/ipv6_route", func(f []string) {
			dest, err := hex.DecodeString(f[0])
			plen, err2 := strconv.ParseUint(f[1], 16, 8)
			if err == nil && err2 == nil {
				add(dest, int(plen), f[min(8, len(f)-1)])
			}
		})
		l.Routes = &routes
	}
	l.each(proc, "net/nf_conntrack", func(fields []string) {
		var src, dst []netip.Addr
		for _, f := range fields {
			name, value, _ := strings.Cut(f, "=")
			if addr, err := netip.ParseAddr(value); err == nil && name == "src" {
				src = append(src, addr)
			} else if err == nil && name == "dst" {
				dst = append(dst, addr)
			}
		}
		if len(src) < 2 || len(dst) < 2 || src[0] == dst[1] && dst[0] == src[1] || len(l.Translated) > 9 {
			return
		}
		in := func(nets []netip.Prefix, a netip.Addr) bool {
			return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
		}
		if len(other) > 0 && (in(own, src[0]) && in(other, dst[0]) || in(other, src[0]) && in(own, dst[0])) {
			l.Translated = append(l.Translated, fmt.Sprintf("%s to %s leaves as %s to %s", src[0], dst[0], dst[1], src[1]))
		}
	})
	return ctx.Err()
}

// each calls a function for each line of a file that has fields enough.
func (l *Look) each(proc fs.FS, name string, line func(fields []string)) bool {
	text, err := fs.ReadFile(proc, name)
	if err != nil {
		l.Unseen = append(l.Unseen, opskit.Gap{What: "/proc/" + name, Why: err.Error(), Need: "root"})
		return false
	}
	for text := range strings.Lines(string(text)) {
		if fields := strings.Fields(text); len(fields) > 3 {
			line(fields)
		}
	}
	return true
}
