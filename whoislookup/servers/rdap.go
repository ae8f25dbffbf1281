package servers

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

//go:embed rdap.txt
var rdapText string

// RDAP returns the base URL of the RDAP service for a domain, or for the
// number registry whose WHOIS server is host, with a final slash. False if
// none is known.
func RDAP(domain, host string) (string, bool) {
	if host != "" {
		return lookup(rdapText, host)
	}
	for zone := domain; ; {
		if !strings.HasPrefix(zone, "whois.") {
			if url, ok := lookup(rdapText, zone); ok {
				return url, true
			}
		}
		_, rest, ok := strings.Cut(zone, ".")
		if !ok {
			return "", false
		}
		zone = rest
	}
}

// Bootstrap is a registry of RDAP services as IANA publishes it (RFC 9224):
// dns.json, ipv4.json, ipv6.json or asn.json. The zero value knows nothing.
type Bootstrap struct {
	Publication string // the file's own date
	services    []service
}

type service struct {
	keys []string
	url  string
}

// ParseBootstrap reads one file. Services without an https URL are left out:
// an answer over plain http could be anybody's. The error names what is not as
// RFC 9224 section 3 says; what was read before it is kept.
func ParseBootstrap(data []byte) (Bootstrap, error) {
	var file struct {
		Version     string
		Publication string
		Services    [][][]string
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return Bootstrap{}, fmt.Errorf("parse bootstrap: %w", err)
	}
	b := Bootstrap{Publication: file.Publication}
	if file.Version != "1.0" {
		return b, fmt.Errorf("parse bootstrap: version %q is not 1.0", file.Version)
	}
	for i, s := range file.Services {
		if len(s) < 2 {
			return b, fmt.Errorf("parse bootstrap: service %d has no URLs", i+1)
		}
		// Object tags (RFC 8521) have a contact in front.
		keys, urls := s[len(s)-2], s[len(s)-1]
		for _, u := range urls {
			if strings.HasPrefix(u, "https://") {
				if !strings.HasSuffix(u, "/") {
					u += "/"
				}
				b.services = append(b.services, service{keys: lowerAll(keys), url: u})
				break
			}
		}
	}
	return b, nil
}

func lowerAll(list []string) []string {
	list = slices.Clone(list)
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	return list
}

// Domain returns the service of the longest zone that name lies in.
func (b Bootstrap) Domain(name string) (string, bool) {
	for zone := strings.ToLower(name); ; {
		for _, s := range b.services {
			if slices.Contains(s.keys, zone) {
				return s.url, true
			}
		}
		_, rest, ok := strings.Cut(zone, ".")
		if !ok {
			return "", false
		}
		zone = rest
	}
}

// Addr returns the service of the longest prefix that holds a.
func (b Bootstrap) Addr(a netip.Addr) (string, bool) {
	best, url := -1, ""
	for _, s := range b.services {
		for _, k := range s.keys {
			if p, err := netip.ParsePrefix(k); err == nil && p.Contains(a.Unmap()) && p.Bits() > best {
				best, url = p.Bits(), s.url
			}
		}
	}
	return url, best >= 0
}

// ASN returns the service of the range that holds n.
func (b Bootstrap) ASN(n uint32) (string, bool) {
	for _, s := range b.services {
		for _, k := range s.keys {
			first, last, ok := strings.Cut(k, "-")
			if !ok {
				last = first
			}
			from, err1 := strconv.ParseUint(first, 10, 32)
			to, err2 := strconv.ParseUint(last, 10, 32)
			if err1 == nil && err2 == nil && from <= uint64(n) && uint64(n) <= to {
				return s.url, true
			}
		}
	}
	return "", false
}
