package dnsroot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// trustAnchor is the document of RFC 9718 section 2.1, and of RFC 7958 before
// it. PublicKey and Flags, which came with the later one, say nothing that the
// digest does not.
type trustAnchor struct {
	XMLName xml.Name `xml:"TrustAnchor"`
	Zone    string
	Digests []struct {
		ID         string `xml:"id,attr"`
		ValidFrom  string `xml:"validFrom,attr"`
		ValidUntil string `xml:"validUntil,attr"`
		KeyTag     uint16
		Algorithm  uint8
		DigestType uint8
		Digest     string
	} `xml:"KeyDigest"`
}

// isXML reports whether a file of anchors is no master file: no record begins
// with this character.
func isXML(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(unmarked(text)), []byte("<"))
}

// unmarked leaves out the byte order mark that some editors write.
func unmarked(text []byte) []byte {
	return bytes.TrimPrefix(text, []byte("\ufeff"))
}

// xmlAnchors reads root-anchors.xml.
func xmlAnchors(text []byte) (anchors []Anchor, problems []error) {
	var document trustAnchor
	if err := xml.Unmarshal(unmarked(text), &document); err != nil {
		return nil, []error{fmt.Errorf("%w: XML that is no TrustAnchor of RFC 9718 (want that, or DS or DNSKEY records in master format): %w", ErrSyntax, err)}
	}
	zone := dns.CanonicalName(strings.TrimSpace(document.Zone))
	if zone == "." {
		zone = ""
	}
	for _, d := range document.Digests {
		a := Anchor{
			Zone: zone, Name: strings.TrimSpace(d.ID), KeyTag: d.KeyTag, Algorithm: d.Algorithm, DigestType: d.DigestType,
			Digest: strings.ToUpper(strings.Join(strings.Fields(d.Digest), "")),
		}
		from, err := anchorTime(d.ValidFrom)
		until, err2 := anchorTime(d.ValidUntil)
		switch {
		case d.ValidFrom == "": // the document must say it
			err = fmt.Errorf("no validFrom")
		case err == nil:
			err = err2
		}
		if err == nil && a.Digest == "" {
			err = fmt.Errorf("no Digest")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: KeyDigest of key tag %d: %w", ErrSyntax, d.KeyTag, err))
			continue
		}
		a.ValidFrom, a.ValidUntil = from, until
		anchors = append(anchors, a)
	}
	return anchors, problems
}

// anchorTime reads an XML dateTime with its time zone; absent is no bound.
func anchorTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	return t.UTC(), err
}
