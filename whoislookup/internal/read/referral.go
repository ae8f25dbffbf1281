package read

import (
	"fmt"
	"net"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// Referral is where an answer sends the asker.
type Referral struct {
	Scheme string // "whois" or "rwhois"
	Host   string
	Port   uint16
}

// String is the URL, without a port that goes without saying.
func (f Referral) String() string {
	if f.Host == "" {
		return ""
	}
	s := f.Scheme + "://" + f.Host
	if f.Port != DefaultPort(f.Scheme) {
		s += fmt.Sprintf(":%d", f.Port)
	}
	return s
}

// DefaultPort is that of "whois" or "rwhois".
func DefaultPort(scheme string) uint16 {
	if scheme == "rwhois" {
		return 4321 // RFC 2167
	}
	return 43 // RFC 3912
}

// ParseReferral reads "whois://host", "rwhois://host:4321/auth-area=.",
// "host:port" and "host". Web addresses are no referral for a WHOIS client.
func ParseReferral(s string) (Referral, bool) {
	f := Referral{Scheme: "whois"}
	low := strings.ToLower(strings.TrimSpace(s))
	if scheme, rest, ok := strings.Cut(low, "://"); ok {
		if scheme != "whois" && scheme != "rwhois" {
			return Referral{}, false
		}
		f.Scheme, low = scheme, rest
	}
	if i := strings.IndexAny(low, "/ \t"); i >= 0 {
		if f.Scheme == "whois" && low[i] == '/' && i+1 < len(low) {
			return Referral{}, false // "porkbun.com/whois" is a page
		}
		low = low[:i]
	}
	f.Port = DefaultPort(f.Scheme)
	host := low
	if strings.HasPrefix(low, "[") || strings.Count(low, ":") == 1 {
		h, port, err := net.SplitHostPort(low)
		if err == nil {
			n, ok := lex.Uint(port, 65535)
			if !ok || n == 0 {
				return Referral{}, false
			}
			host, f.Port = h, uint16(n)
		}
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, isIP := lex.Addr(host); !isIP && (!lex.IsHost(host) || !lex.IsASCII(host)) {
		return Referral{}, false
	}
	f.Host = host
	return f, true
}

// findReferral reads the one place where each kind of registry puts a
// referral. Text that holders write (remarks, descr, addresses) is never one.
func (r *reader) findReferral(server string, objects []object) Referral {
	var last Referral
	var about, of answer.Range // the network that is being read, and that of last
	rwhois := r.isRWhois()
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.KindText || e.kind == rpsl.KindComment {
			// RFC 2167 section 3.3.2: "%referral rwhois://host:port/auth-area=..."
			if low := r.lower(e.value); rwhois && e.indent == 0 && strings.HasPrefix(low, "%referral ") {
				if f, ok := ParseReferral(low[len("%referral "):]); ok {
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
			about, _ = answer.ParseRange(r.in(e.value))
		case label == "referralserver" && r.isARIN(server):
			// That of the most specific network counts, whichever comes first.
			if f, ok := ParseReferral(r.in(e.value)); ok && !(of.IsValid() && about.IsValid() && of.Smaller(about)) {
				last, of = f, about
			}
		case label == "resourcelink" && last.Host == "" && r.isARIN(server):
			if f, ok := ParseReferral(r.in(e.value)); ok && strings.HasPrefix(f.Host, "whois.") {
				last = f
			}
		case (label == "refer" || label == "whois" && last.Host == "") && r.isIANA(server):
			if f, ok := ParseReferral(r.in(e.value)); ok {
				last = f
			}
		}
	}
	if last.Host == "" {
		last = r.apnicStub(objects)
	}
	if last.Host == "" {
		last = r.asBlock(server, objects)
	}
	return last
}

// asBlock reads the object that stands for numbers of another region: "descr:
// ARIN ASN block". Only registries write as-blocks.
func (r *reader) asBlock(server string, objects []object) Referral {
	i := r.chooseAS(objects)
	if i < 0 {
		return Referral{}
	}
	_, _, at := r.numberRange(objects[i])
	descr := r.attr(&objects[i], "descr")
	if r.lower(at.name) != "as-block" || descr == nil {
		return Referral{}
	}
	word, rest, _ := strings.Cut(r.lower(descr.value), " ")
	host := rirHost(word)
	if host == "" || host == HostOf(server) || !strings.Contains(rest, "asn block") {
		return Referral{}
	}
	return Referral{Scheme: "whois", Host: host, Port: 43}
}

func (r *reader) isARIN(server string) bool {
	if server != "" {
		return strings.HasSuffix(HostOf(server), ".arin.net")
	}
	return strings.Contains(r.low, "arin whois data and services are subject to") || strings.Contains(r.low, "# arin whois database,") || strings.Contains(r.low, "\nnethandle:")
}

// isRWhois reports whether an RWhois server wrote the answer: in those of
// others a line that starts with '%' may be a part of somebody's remarks.
func (r *reader) isRWhois() bool {
	first := strings.TrimLeft(r.low, " \t\r\n")
	return r.protocol == "rwhois" || strings.HasPrefix(first, "%rwhois ") || strings.HasPrefix(first, "%referral ")
}

func (r *reader) isIANA(server string) bool {
	if server != "" {
		return strings.HasSuffix(HostOf(server), ".iana.org")
	}
	return strings.Contains(r.low, "% iana whois server") || strings.Contains(r.low, "\nsource:       iana")
}

// apnicStub reads APNIC's marker for space that it keeps no data of: "descr:
// Transferred to the RIPE region ..." counts only in an object that APNIC
// itself maintains, as anybody may write a descr.
func (r *reader) apnicStub(objects []object) Referral {
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
			return Referral{Scheme: "whois", Host: host, Port: 43}
		}
	}
	return Referral{}
}

// rirHost returns the WHOIS server of a regional registry.
func rirHost(name string) string {
	switch name {
	case "afrinic", "apnic", "arin", "lacnic", "ripe":
		return "whois." + name + ".net"
	}
	return ""
}

// HostOf is the name of a server without its port.
func HostOf(server string) string {
	host, _, _ := strings.Cut(strings.ToLower(server), ":")
	return strings.TrimSuffix(host, ".")
}
