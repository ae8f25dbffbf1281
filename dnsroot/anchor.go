package dnsroot

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Anchor is one trust anchor of a zone: the DS record of a key-signing key, RFC
// 4034 section 5.
type Anchor struct {
	Zone       string    `json:"zone,omitempty"`       // with the final dot; empty: the root
	Name       string    `json:"name,omitempty"`       // such as "KSK-2024"; empty: not told
	KeyTag     uint16    `json:"key_tag"`              // of the DNSKEY, RFC 4034 appendix B
	Algorithm  uint8     `json:"algorithm"`            // IANA DNSSEC algorithm number
	DigestType uint8     `json:"digest_type"`          // 2 is SHA-256
	Digest     string    `json:"digest"`               // hexadecimal
	ValidFrom  time.Time `json:"valid_from,omitzero"`  // zero: no bound
	ValidUntil time.Time `json:"valid_until,omitzero"` // zero: no bound
	Checked    time.Time `json:"checked,omitzero"`     // when the program that keeps the file last saw the keys confirmed; zero: not told
}

// DefaultAnchors returns IANA's trust anchors of the root zone as published in
// root-anchors.xml (RFC 9718) and packaged by Debian dns-root-data 2024071801:
// KSK-2017 (key tag 20326, valid from 2 February 2017) and KSK-2024 (key tag
// 38696, valid from 18 July 2024). Either of them proves the root's keys, so
// the rollover from the first to the second changes nothing.
func DefaultAnchors() []Anchor {
	return []Anchor{
		{
			Name: "KSK-2017", KeyTag: 20326, Algorithm: dns.RSASHA256, DigestType: dns.SHA256,
			Digest:    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
			ValidFrom: time.Date(2017, time.February, 2, 0, 0, 0, 0, time.UTC),
		},
		{
			Name: "KSK-2024", KeyTag: 38696, Algorithm: dns.RSASHA256, DigestType: dns.SHA256,
			Digest:    "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
			ValidFrom: time.Date(2024, time.July, 18, 0, 0, 0, 0, time.UTC),
		},
	}
}

// ParseAnchors reads trust anchors in master format: DS records of zones, or
// DNSKEY records with the SEP flag and not revoked, which are turned into SHA-256
// DS records.
// Other DNSKEY records of a key set are passed over. It reads the files of
// resolvers as well, for the keys that they trust now: unbound's and Knot
// Resolver's by the states noted in them (RFC 5011), BIND's named.conf clauses and
// managed-keys.bind. It also reads IANA's
// root-anchors.xml (RFC 9718), with the times from and until which each anchor
// is valid; signatures over that file are not checked. It returns what it could
// read together with an error that matches [ErrSyntax] and names what it could
// not use.
func ParseAnchors(r io.Reader) ([]Anchor, error) {
	text, err := readBounded(r)
	if err != nil {
		return nil, &opskit.Error{Op: "read anchors", Err: err}
	}
	var anchors []Anchor
	var problems []error
	if isXML(text) {
		anchors, problems = xmlAnchors(text)
	} else {
		master, from, checked := plainRecords(string(text))
		anchors, problems = masterAnchors([]byte(master), from)
		for i := range anchors {
			anchors[i].Checked = checked
		}
	}
	for _, a := range anchors {
		if _, err := hex.DecodeString(a.Digest); err != nil {
			problems = append(problems, fmt.Errorf("%w: digest of key tag %d: %w", ErrSyntax, a.KeyTag, err))
		}
	}
	if len(anchors) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%w: no trust anchor in it", ErrSyntax))
	}
	if len(problems) > 0 {
		return anchors, &opskit.Error{Op: "parse anchors", Err: joined(problems)}
	}
	return anchors, nil
}

// masterAnchors reads DS and DNSKEY records; from is when each key is trusted,
// by the key, where that is known.
func masterAnchors(text []byte, from map[string]time.Time) (anchors []Anchor, problems []error) {
	for rr, err := range records(text, "anchors") {
		if err != nil {
			problems = append(problems, err)
			break
		}
		switch rr := rr.(type) {
		case *dns.DS:
			anchors = append(anchors, anchorOf(rr))
		case *dns.DNSKEY:
			if rr.Flags&dns.SEP == 0 || rr.Flags&dns.REVOKE != 0 {
				continue
			}
			ds := rr.ToDS(dns.SHA256)
			if ds == nil || rr.PublicKey == "" {
				problems = append(problems, fmt.Errorf("%w: DNSKEY %d has no digest", ErrSyntax, rr.KeyTag()))
				continue
			}
			a := anchorOf(ds)
			a.ValidFrom = from[rr.PublicKey]
			anchors = append(anchors, a)
		default:
			problems = append(problems, fmt.Errorf("%w: %s record, want DS or DNSKEY", ErrSyntax, dns.TypeToString[rr.Header().Rrtype]))
		}
	}
	return anchors, problems
}

func anchorOf(ds *dns.DS) Anchor {
	zone := dns.CanonicalName(ds.Hdr.Name)
	if zone == "." {
		zone = ""
	}
	return Anchor{
		Zone: zone, KeyTag: ds.KeyTag, Algorithm: ds.Algorithm, DigestType: ds.DigestType,
		Digest: strings.ToUpper(ds.Digest),
	}
}

// validAt reports whether the anchor may be used at that time.
func (a Anchor) validAt(t time.Time) bool {
	return (a.ValidFrom.IsZero() || !t.Before(a.ValidFrom)) && (a.ValidUntil.IsZero() || t.Before(a.ValidUntil))
}
