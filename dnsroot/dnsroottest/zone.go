package dnsroottest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit/dnsroot"
)

// zone is a signed zone with nothing but what its servers are asked for.
type zone struct {
	name     string
	ksk, zsk *key
	signed   time.Time
	until    time.Time           // when the signatures end
	sets     map[uint16][]dns.RR // of the zone itself, each with its signature
	glue     []dns.RR
}

type key struct {
	record *dns.DNSKEY
	signer crypto.Signer
}

const (
	ttl      = 518400
	validity = 14 * 24 * time.Hour
)

func newKey(zone string, flags uint16) (*key, error) {
	record := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 172800},
		Flags: flags, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := record.Generate(256)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return &key{record: record, signer: private.(*ecdsa.PrivateKey)}, nil
}

// newZone makes and signs a zone with new keys.
func newZone(hints dnsroot.Hints, serial uint32, signed time.Time) (*zone, error) {
	name := dns.CanonicalName(cmp.Or(hints.Zone, "."))
	ksk, err := newKey(name, dns.ZONE|dns.SEP)
	if err != nil {
		return nil, err
	}
	zsk, err := newKey(name, dns.ZONE)
	if err != nil {
		return nil, err
	}
	z := &zone{name: name, until: signed.Add(validity), ksk: ksk, zsk: zsk, signed: signed, sets: map[uint16][]dns.RR{}}
	var ns []dns.RR
	for _, s := range hints.Servers {
		ns = append(ns, &dns.NS{Hdr: z.header(name, dns.TypeNS), Ns: s.Name})
		for _, a := range s.Addrs {
			ip := net.IP(a.Unmap().AsSlice())
			if a.Unmap().Is4() {
				z.glue = append(z.glue, &dns.A{Hdr: z.header(s.Name, dns.TypeA), A: ip})
			} else {
				z.glue = append(z.glue, &dns.AAAA{Hdr: z.header(s.Name, dns.TypeAAAA), AAAA: ip})
			}
		}
	}
	if err := z.sign(zsk, ns...); err != nil {
		return nil, err
	}
	if err := z.sign(ksk, ksk.record, zsk.record); err != nil {
		return nil, err
	}
	return z.with(serial, time.Time{})
}

func (z *zone) header(name string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// with returns the zone with another serial, signed with the same keys, all of
// it until that time if it is not zero.
func (z *zone) with(serial uint32, until time.Time) (*zone, error) {
	other := *z
	other.sets = maps.Clone(z.sets)
	if !until.IsZero() {
		other.until = until
		for qtype, k := range map[uint16]*key{dns.TypeNS: z.zsk, dns.TypeDNSKEY: z.ksk} {
			set := z.sets[qtype]
			if err := other.sign(k, set[:len(set)-1]...); err != nil {
				return nil, err
			}
		}
	}
	return &other, other.sign(z.zsk, &dns.SOA{
		Hdr: z.header(z.name, dns.TypeSOA), Ns: z.sets[dns.TypeNS][0].(*dns.NS).Ns, Mbox: "hostmaster.example.",
		Serial: serial, Refresh: 1800, Retry: 900, Expire: 604800, Minttl: 86400,
	})
}

func (z *zone) sign(k *key, set ...dns.RR) error {
	sig := &dns.RRSIG{
		Algorithm: k.record.Algorithm, KeyTag: k.record.KeyTag(), SignerName: z.name,
		Inception: uint32(z.signed.Unix()), Expiration: uint32(z.until.Unix()),
	}
	if err := sig.Sign(k.signer, set); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	z.sets[set[0].Header().Rrtype] = append(slices.Clone(set), sig)
	return nil
}

// anchor is the zone's key-signing key as a trust anchor.
func (z *zone) anchor() dnsroot.Anchor {
	ds := z.ksk.record.ToDS(dns.SHA256)
	return dnsroot.Anchor{
		Zone: strings.TrimPrefix(z.name, "."), Name: "dnsroottest", KeyTag: ds.KeyTag, Algorithm: ds.Algorithm,
		DigestType: ds.DigestType, Digest: strings.ToUpper(ds.Digest),
	}
}
