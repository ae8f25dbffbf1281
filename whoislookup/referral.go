package whoislookup

import (
	"fmt"
	"net"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// referral is where an answer sends the asker.
type referral struct {
	scheme string // "whois" or "rwhois"
	host   string
	port   uint16
}

func (f referral) String() string {
	if f.host == "" {
		return ""
	}
	s := f.scheme + "://" + f.host
	if f.port != defaultPort(f.scheme) {
		s += fmt.Sprintf(":%d", f.port)
	}
	return s
}

func defaultPort(scheme string) uint16 {
	if scheme == "rwhois" {
		return 4321 // RFC 2167
	}
	return 43 // RFC 3912
}

// parseReferral reads "whois://host", "rwhois://host:4321/auth-area=.",
// "host:port" and "host". Web addresses are no referral for a WHOIS client.
func parseReferral(s string) (referral, bool) {
	f := referral{scheme: "whois"}
	low := strings.ToLower(strings.TrimSpace(s))
	if scheme, rest, ok := strings.Cut(low, "://"); ok {
		if scheme != "whois" && scheme != "rwhois" {
			return referral{}, false
		}
		f.scheme, low = scheme, rest
	}
	if i := strings.IndexAny(low, "/ \t"); i >= 0 {
		if f.scheme == "whois" && low[i] == '/' && i+1 < len(low) {
			return referral{}, false // "porkbun.com/whois" is a page
		}
		low = low[:i]
	}
	f.port = defaultPort(f.scheme)
	host := low
	if strings.HasPrefix(low, "[") || strings.Count(low, ":") == 1 {
		h, port, err := net.SplitHostPort(low)
		if err == nil {
			n, ok := parseUint(port, 65535)
			if !ok || n == 0 {
				return referral{}, false
			}
			host, f.port = h, uint16(n)
		}
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, isIP := parseAddr(host); !isIP && (!isHost(host) || !isASCII(host)) {
		return referral{}, false
	}
	f.host = host
	return f, true
}

// findReferral reads the one place where each kind of registry puts a
// referral. Text that holders write (remarks, descr, addresses) is never one.
func (r *reader) findReferral(server string, objects []object) referral {
	var last referral
	var about, of Range // the network that is being read, and that of last
	rwhois := r.isRWhois()
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.KindText || e.kind == rpsl.KindComment {
			// RFC 2167 section 3.3.2: "%referral rwhois://host:port/auth-area=..."
			if low := r.lower(e.value); rwhois && e.indent == 0 && strings.HasPrefix(low, "%referral ") {
				if f, ok := parseReferral(low[len("%referral "):]); ok {
					last = f
				}
			}
			continue
		}
		if e.indent > 0 || e.tag != ':' {
			continue
		}
		switch label := r.lower(e.name); {
		case label == "netrange":
			about, _ = parseRange(r.in(e.value))
		case label == "referralserver" && r.isARIN(server):
			// That of the most specific network counts, whichever comes first.
			if f, ok := parseReferral(r.in(e.value)); ok && !(of.IsValid() && about.IsValid() && of.smaller(about)) {
				last, of = f, about
			}
		case label == "resourcelink" && last.host == "" && r.isARIN(server):
			if f, ok := parseReferral(r.in(e.value)); ok && strings.HasPrefix(f.host, "whois.") {
				last = f
			}
		case (label == "refer" || label == "whois" && last.host == "") && r.isIANA(server):
			if f, ok := parseReferral(r.in(e.value)); ok {
				last = f
			}
		}
	}
	if last.host == "" {
		last = r.apnicStub(objects)
	}
	if last.host == "" {
		last = r.asBlock(server, objects)
	}
	return last
}

// asBlock reads the object that stands for numbers of another region: "descr:
// ARIN ASN block". Only registries write as-blocks.
func (r *reader) asBlock(server string, objects []object) referral {
	i := r.chooseAS(objects)
	if i < 0 {
		return referral{}
	}
	_, _, at := r.numberRange(objects[i])
	descr := r.attr(&objects[i], "descr")
	if r.lower(at.name) != "as-block" || descr == nil {
		return referral{}
	}
	word, rest, _ := strings.Cut(r.lower(descr.value), " ")
	host := rirHost(word)
	if host == "" || host == hostOf(server) || !strings.Contains(rest, "asn block") {
		return referral{}
	}
	return referral{scheme: "whois", host: host, port: 43}
}

func (r *reader) isARIN(server string) bool {
	if server != "" {
		return strings.HasSuffix(hostOf(server), ".arin.net")
	}
	return strings.Contains(r.low, "arin whois data and services are subject to") || strings.Contains(r.low, "# arin whois database,") || strings.Contains(r.low, "\nnethandle:")
}

// isRWhois reports whether an RWhois server wrote the answer: in those of
// others a line that starts with '%' may be a part of somebody's remarks.
func (r *reader) isRWhois() bool {
	first := strings.TrimLeft(r.low, " \t\r\n")
	return r.rec.Hops[r.hop].Protocol == "rwhois" || strings.HasPrefix(first, "%rwhois ") || strings.HasPrefix(first, "%referral ")
}

func (r *reader) isIANA(server string) bool {
	if server != "" {
		return strings.HasSuffix(hostOf(server), ".iana.org")
	}
	return strings.Contains(r.low, "% iana whois server") || strings.Contains(r.low, "\nsource:       iana")
}

// apnicStub reads APNIC's marker for space that it keeps no data of: "descr:
// Transferred to the RIPE region ..." counts only in an object that APNIC
// itself maintains, as anybody may write a descr.
func (r *reader) apnicStub(objects []object) referral {
	for i := range objects {
		o := &objects[i]
		if o.class != networkObject {
			continue
		}
		stub, host := false, ""
		for j := o.from; j < o.to; j++ {
			e := &r.ents[j]
			switch r.lower(e.name) {
			case "mnt-by":
				stub = stub || r.lower(e.value) == "apnic-stub"
			case "descr":
				if rest, ok := strings.CutPrefix(r.lower(e.value), "transferred to the "); ok {
					word, _, _ := strings.Cut(rest, " ")
					host = rirHost(word)
				}
			}
		}
		if stub && host != "" {
			return referral{scheme: "whois", host: host, port: 43}
		}
	}
	return referral{}
}

// rirHost returns the WHOIS server of a regional registry.
func rirHost(name string) string {
	switch name {
	case "afrinic", "apnic", "arin", "lacnic", "ripe":
		return "whois." + name + ".net"
	}
	return ""
}

func hostOf(server string) string {
	host, _, _ := strings.Cut(strings.ToLower(server), ":")
	return strings.TrimSuffix(host, ".")
}
