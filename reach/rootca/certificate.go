package rootca

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"

	// For crypto.Hash.New: old signatures are what is looked for.
	_ "crypto/sha1" //nolint:gosec // see above
	_ "crypto/sha512"
)

var errNotCertificate = errors.New("is no X.509 certificate")

// certificate is what of an X.509 certificate counts here: RFC 5280, 4.1.
type certificate struct {
	raw, tbs, spki []byte
	algorithm      asn1.ObjectIdentifier
	signature      []byte
}

// parseCertificate reads the parts that count from one DER element, without
// judging the others: the certificates that are looked for break rules that
// Go's crypto/x509 insists on. Bytes behind the element are returned.
func parseCertificate(der []byte) (*certificate, []byte, error) {
	var outer, tbs, sig asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || !sequence(outer) {
		return nil, nil, errNotCertificate
	}
	c := &certificate{raw: outer.FullBytes}
	after, err := asn1.Unmarshal(outer.Bytes, &tbs)
	if err != nil || !sequence(tbs) {
		return nil, rest, fmt.Errorf("%w: no TBSCertificate", errNotCertificate)
	}
	c.tbs = tbs.FullBytes
	var algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	if after, err = asn1.Unmarshal(after, &algorithm); err == nil {
		c.algorithm = algorithm.OID
		if _, err = asn1.Unmarshal(after, &sig); err == nil && sig.Tag == asn1.TagBitString && len(sig.Bytes) > 1 {
			c.signature = sig.Bytes[1:] // after the count of unused bits
		}
	}
	if c.signature == nil {
		return nil, rest, fmt.Errorf("%w: no signature", errNotCertificate)
	}
	fields := tbs.Bytes
	next := func() (v asn1.RawValue, ok bool) {
		fields, err = asn1.Unmarshal(fields, &v)
		return v, err == nil
	}
	v, ok := next()
	if ok && v.Class == asn1.ClassContextSpecific { // version
		v, ok = next()
	}
	if !ok || v.Tag != asn1.TagInteger {
		return nil, rest, fmt.Errorf("%w: no serial number", errNotCertificate)
	}
	for range 4 { // signature, issuer, validity, subject
		if v, ok = next(); !ok || !sequence(v) {
			return nil, rest, fmt.Errorf("%w: its fields end early", errNotCertificate)
		}
	}
	if v, ok = next(); !ok || !sequence(v) {
		return nil, rest, fmt.Errorf("%w: no public key", errNotCertificate)
	}
	c.spki = v.FullBytes
	return c, rest, nil
}

func sequence(v asn1.RawValue) bool {
	return v.Class == asn1.ClassUniversal && v.Tag == asn1.TagSequence && v.IsCompound
}

// match returns the known root that c is, holds the key of, or is signed by.
func (c *certificate) match() (Root, Match) {
	whole, key := digest(c.raw), digest(c.spki)
	for _, r := range Known() {
		if r.SHA256 == whole {
			return r, MatchCertificate
		}
	}
	for _, r := range Known() {
		if r.SPKI == key {
			return r, MatchKey
		}
	}
	for _, r := range Known() {
		if k := r.key(); k != nil && c.signedBy(k) {
			return r, MatchSigned
		}
	}
	return Root{}, ""
}

// signedBy checks the bare signature. Whether the signer may sign, and until
// when, is no question for a key that everybody has.
func (c *certificate) signedBy(k *rsa.PublicKey) bool {
	if len(c.signature) != k.Size() {
		return false
	}
	var hash crypto.Hash
	switch c.algorithm.String() {
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29": // the latter is the OIW's old name
		hash = crypto.SHA1
	case "1.2.840.113549.1.1.11":
		hash = crypto.SHA256
	case "1.2.840.113549.1.1.12":
		hash = crypto.SHA384
	case "1.2.840.113549.1.1.13":
		hash = crypto.SHA512
	default:
		return false
	}
	h := hash.New()
	h.Write(c.tbs)
	return rsa.VerifyPKCS1v15(k, hash, h.Sum(nil), c.signature) == nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
