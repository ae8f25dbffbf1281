package dnsroot

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// maxVerifications bounds the signatures tried for one set of records: keys
// with colliding tags must not cost more (CVE-2023-50387, "KeyTrap").
const maxVerifications = 16

// Validate checks one answer about a zone as RFC 4035 section 5 says: the
// answer's records of the asked type (SOA, NS or DNSKEY of the zone) against the
// keys in keys, an answer to the question for its DNSKEY, and those keys against
// the trust anchors, all at the given time. Both are wire-format messages; to
// validate the keys themselves give the same message twice.
//
// Where a signature would prove the records but for the time, its Inception and
// Expiration are told with the failure. Without anchors nothing is secure, nor is
// it a fault not to be signed: there is no Security, but what the zone's own keys
// signed has its times.
//
// It is a pure function. Only the records of the question in the answer section
// are judged: addresses of name servers (glue) are not signed and never secure.
func Validate(answer, keys []byte, anchors []Anchor, at time.Time) Validation {
	m, err := unpack(answer)
	if err != nil {
		return unproven(SecurityUnknown, "read answer", err)
	}
	k, err := unpack(keys)
	if err != nil {
		return unproven(SecurityUnknown, "read keys", err)
	}
	if len(m.Question) != 1 || len(k.Question) != 1 || !strings.EqualFold(m.Question[0].Name, k.Question[0].Name) {
		return unproven(SecurityUnknown, "read answer", fmt.Errorf("%w: not about the zone of the keys", ErrMalformed))
	}
	zone := dns.CanonicalName(k.Question[0].Name)
	trusted, v := trustedKeys(k, zone, anchors, at)
	if m.Question[0].Qtype != dns.TypeDNSKEY && v.Security == SecuritySecure {
		v = verifySet(m, zone, zone, m.Question[0].Qtype, trusted, at)
	}
	if len(anchors) == 0 && (v.Security == SecuritySecure || v.Security == SecurityUnsigned) {
		why := errNoAnchor
		if v.Security == SecurityUnsigned {
			why = fmt.Errorf("%w, and %w", ErrUnsigned, errNoAnchor)
		}
		v.Security, v.KeyTag = SecurityUnknown, 0
		v.Why = opskit.Fail(&opskit.Error{Op: "validate " + zone, Err: why})
	}
	return v
}

var errNoAnchor = errors.New("no trust anchor was given")

func unproven(s Security, op string, err error) Validation {
	return Validation{Security: s, Why: opskit.Fail(&opskit.Error{Op: op, Err: err})}
}

// trustedKeys returns the zone's key set if a key in it that a trust anchor
// names has signed the set.
func trustedKeys(m *dns.Msg, zone string, anchors []Anchor, at time.Time) ([]*dns.DNSKEY, Validation) {
	set, _ := zoneSet(m, zone, dns.TypeDNSKEY)
	var all, anchored []*dns.DNSKEY
	for _, rr := range set {
		key := rr.(*dns.DNSKEY)
		if key.Flags&dns.ZONE == 0 || key.Flags&dns.REVOKE != 0 || key.Protocol != 3 {
			continue
		}
		all = append(all, key)
		if len(anchors) == 0 || isAnchored(key, anchors, at) {
			anchored = append(anchored, key)
		}
	}
	v := verifySet(m, zone, zone, dns.TypeDNSKEY, anchored, at)
	if errors.Is(v.Why.Err(), ErrWrongKey) {
		why := fmt.Errorf("%w: no key that a trust anchor names (%s) has signed the keys (%s)", ErrWrongKey, tags(anchored), tags(all))
		if len(anchored) == 0 {
			why = fmt.Errorf("%w: no key of the set matches a trust anchor (keys %s)", ErrWrongKey, tags(all))
		}
		v.Why = opskit.Fail(&opskit.Error{Op: "validate " + zone + " DNSKEY", Err: why})
	}
	if v.Security != SecuritySecure {
		return nil, v
	}
	return all, v
}

func tags(keys []*dns.DNSKEY) string {
	s := make([]string, 0, len(keys))
	for _, k := range keys[:min(len(keys), 8)] {
		s = append(s, fmt.Sprint(k.KeyTag()))
	}
	return strings.Join(s, " ")
}

func isAnchored(key *dns.DNSKEY, anchors []Anchor, at time.Time) bool {
	tag := key.KeyTag()
	for _, a := range anchors {
		if a.KeyTag != tag || a.Algorithm != key.Algorithm || !a.validAt(at) {
			continue
		}
		ds := key.ToDS(a.DigestType)
		if ds != nil && a.Digest != "" && strings.EqualFold(ds.Digest, a.Digest) {
			return true
		}
	}
	return false
}

// verifySet looks for one signature by one of the zone's keys that proves the
// owner's records of that type in the answer.
func verifySet(m *dns.Msg, owner, zone string, qtype uint16, keys []*dns.DNSKEY, at time.Time) Validation {
	op := "validate " + owner + " " + dns.TypeToString[qtype]
	set, sigs := zoneSet(m, owner, qtype)
	switch {
	case m.Truncated:
		return unproven(SecurityUnknown, op, ErrTruncated)
	case len(set) == 0 && qtype == dns.TypeDNSKEY && m.Rcode == dns.RcodeSuccess:
		return unproven(SecurityUnsigned, op, fmt.Errorf("%w: the zone has no keys", ErrUnsigned))
	case len(set) == 0:
		return unproven(SecurityUnknown, op, fmt.Errorf("%w: %s, no such record in the answer", ErrRcode, rcodeText(m.Rcode)))
	case len(sigs) == 0:
		return unproven(SecurityUnsigned, op, ErrUnsigned)
	}
	why := fmt.Errorf("%w: signed by key %d, which is none of the trusted ones", ErrWrongKey, sigs[0].KeyTag)
	unsupported, tried := 0, 0
	var untimely Validation
	for _, sig := range sigs {
		if !supported(sig.Algorithm) {
			unsupported++
			continue
		}
		if !strings.EqualFold(sig.SignerName, zone) || int(sig.Labels) != dns.CountLabel(owner) {
			why = fmt.Errorf("%w: signature by %s over %d labels, want the zone's own", ErrBogus, presentation([]byte(sig.SignerName)), sig.Labels)
			continue
		}
		for _, key := range keys {
			if key.Algorithm != sig.Algorithm || key.KeyTag() != sig.KeyTag {
				continue
			}
			if tried++; tried > maxVerifications {
				return unproven(SecurityBogus, op, fmt.Errorf("%w: more than %d signatures to try", ErrBogus, maxVerifications))
			}
			inception, expiration := moment(sig.Inception, at), moment(sig.Expiration, at)
			err := sig.Verify(key, set)
			if err == nil {
				untimely.Inception, untimely.Expiration = inception, expiration
			}
			switch {
			case err != nil:
				why = fmt.Errorf("%w: signature by key %d: %w", ErrBogus, sig.KeyTag, err)
			case at.Before(inception):
				why = fmt.Errorf("%w: signature by key %d is not valid before %s", ErrUntimely, sig.KeyTag, inception.Format(time.RFC3339))
			case at.After(expiration):
				why = fmt.Errorf("%w: signature by key %d expired at %s", ErrUntimely, sig.KeyTag, expiration.Format(time.RFC3339))
			default:
				return Validation{Security: SecuritySecure, KeyTag: sig.KeyTag, Inception: inception, Expiration: expiration}
			}
		}
	}
	if unsupported == len(sigs) {
		return unproven(SecurityUnknown, op, fmt.Errorf("%w: signed with algorithm %d, which this library does not check", errors.ErrUnsupported, sigs[0].Algorithm))
	}
	v := unproven(SecurityBogus, op, why)
	v.Inception, v.Expiration = untimely.Inception, untimely.Expiration
	return v
}

func supported(algorithm uint8) bool {
	switch algorithm {
	case dns.RSASHA256, dns.RSASHA512, dns.ECDSAP256SHA256, dns.ECDSAP384SHA384, dns.ED25519:
		return true
	}
	return false
}

// moment turns the 32-bit time of a signature into the one nearest to at, RFC
// 4034 section 3.1.5: it is a serial number, not the seconds since 1970.
func moment(seconds uint32, at time.Time) time.Time {
	return at.Add(time.Duration(int32(seconds-uint32(at.Unix()))) * time.Second).Truncate(time.Second).UTC()
}
