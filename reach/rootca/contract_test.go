package rootca

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	clean := Bundle("store.pem", pemOf(certificateOver(t, "Innocent", nil)))
	contract.Check(t, contract.Package{Prefix: "reach_", Results: map[string]opskit.Result{
		"found": saved(), "clean": clean, "damaged": Bundle("store.pem", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n")),
	}})
}

// Every root of the table is found by its key, whatever its certificate; a .p7b
// holds certificates too, in DER and in PEM.
func TestEveryRootOfTheTable(t *testing.T) {
	require.GreaterOrEqual(t, len(Known()), 5)
	for _, root := range Known() {
		der := certificateOver(t, "Another Name", root.key())
		bundle := signedData(t, certificateOver(t, "Innocent", nil), der)
		for name, data := range map[string][]byte{
			"der": der, "pem": pemOf(der), "p7b": bundle, "p7b in pem": pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: bundle}),
		} {
			r := Bundle(name, data)
			require.Len(t, r.Findings, 1, "%s of %s: %s", name, root.Name, r)
			assert.Equal(t, root.Name, r.Findings[0].Root.Name)
			assert.Empty(t, r.Unseen)
		}
	}
}

// signedData is what a .p7b file holds: a SignedData without signatures.
func signedData(t *testing.T, certs ...[]byte) []byte {
	type signed struct {
		Version int
		Digests asn1.RawValue
		Content struct{ Type asn1.ObjectIdentifier }
		Certs   asn1.RawValue
		Signers asn1.RawValue
	}
	set := asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true}
	s := signed{Version: 1, Digests: set, Signers: set, Certs: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: bytes.Join(certs, nil)}}
	s.Content.Type = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	der, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content signed `asn1:"explicit,tag:0"`
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, s})
	require.NoError(t, err)
	return der
}

func TestSince(t *testing.T) {
	clean := Bundle("store.pem", pemOf(certificateOver(t, "Innocent", nil)))
	changes := clean.Since(saved())
	assert.Equal(t, opskit.Warning, changes.Level())
	assert.Contains(t, changes.String(), "eDellRoot: store.pem -> (nothing)")
	assert.Equal(t, opskit.OK, clean.Since(clean).Level())
	_, err := x509.MarshalPKIXPublicKey(Known()[0].key())
	require.NoError(t, err)
}
