package rootca

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/lab"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestMain(m *testing.M) { lab.Main(m) }

// certificateOver makes a certificate for a public key, signed by a throwaway key.
func certificateOver(t testing.TB, cn string, public any) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x6bc5), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(2e9, 0),
	}
	if public == nil {
		public = &key.PublicKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	require.NoError(t, err)
	return der
}

// keyOf is the public key of a known root.
func keyOf(name string) *rsa.PublicKey {
	for _, r := range Known() {
		if r.Name == name {
			return r.key()
		}
	}
	return nil
}

func pemOf(der ...[]byte) []byte {
	var b bytes.Buffer
	for _, d := range der {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: d})
	}
	return b.Bytes()
}

// negate turns the serial number of a certificate negative, which Go's parser
// refuses and Dell's DSDTestProvider has.
func negate(t testing.TB, der []byte) []byte {
	at := bytes.Index(der, []byte{2, 2, 0x6b, 0xc5})
	require.Positive(t, at)
	out := bytes.Clone(der)
	out[at+2] = 0xeb
	_, err := x509.ParseCertificate(out)
	require.Error(t, err, "Go refuses it")
	return out
}

func TestKnownRootsAreWellFormedFacts(t *testing.T) {
	_, err := time.Parse(time.DateOnly, AsOf())
	require.NoError(t, err)
	names := []string{}
	for _, r := range Known() {
		names = append(names, r.Name)
		assert.Len(t, r.SHA256, 64)
		assert.Equal(t, strings.ToLower(r.SHA256), r.SHA256)
		assert.NotEmpty(t, r.Source)
		_, err := time.Parse(time.DateOnly, r.Public)
		require.NoError(t, err)
		if k := r.key(); assert.NotNil(t, k) {
			spki, err := x509.MarshalPKIXPublicKey(k)
			require.NoError(t, err)
			assert.Equal(t, r.SPKI, digest(spki), "the key and its digest are of one root: %s", r.Name)
		}
	}
	assert.Equal(t, []string{"eDellRoot", "DSDTestProvider", "Superfish, Inc.", "webpack-dev-server", "preact-cli"}, names)
}

// A root made anew over the compromised key is as bad as the old one, also
// when Go cannot parse it; a certificate that only has the name is innocent.
func TestKeyCountsAndNameDoesNot(t *testing.T) {
	again := certificateOver(t, "Innocent Root", keyOf("eDellRoot"))
	broken := negate(t, again)
	namesake := certificateOver(t, "eDellRoot", nil)
	r := Bundle("store.pem", pemOf(namesake, again, broken))
	require.Len(t, r.Findings, 2, "%s", r)
	assert.Equal(t, Compromised, r.Verdict)
	assert.Equal(t, 3, r.Certificates)
	for i, f := range r.Findings {
		assert.Equal(t, "eDellRoot", f.Root.Name)
		assert.Equal(t, MatchKey, f.Match)
		assert.Equal(t, i+1, f.Index)
	}
	assert.Empty(t, r.Unseen, "what Go refuses is read all the same")
	assert.Equal(t, Clean, Bundle("store.pem", pemOf(namesake)).Verdict)
}

// A damaged block empties no store and is not passed over.
func TestWhatCannotBeReadIsAGap(t *testing.T) {
	good := certificateOver(t, "Some Root", nil)
	bad := certificateOver(t, "Other Root", keyOf("Superfish, Inc."))
	block := string(pemOf(good))
	for rule, data := range map[string]string{
		"base64 that is none":        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
		"a block without its end":    strings.Replace(block, "-----END CERTIFICATE-----", "", 1),
		"bytes that are no DER":      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"a certificate cut short":    string(pemOf(good[:len(good)-40])),
		"DER that is no certificate": string(pemOf([]byte{0x30, 3, 2, 1, 5})),
		"PKCS #7":                    "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
	} {
		t.Run(rule, func(t *testing.T) {
			r := Bundle("store.pem", []byte("# text before\n"+block+data+block))
			assert.Equal(t, 2, r.Certificates)
			require.Len(t, r.Unseen, 1, "%s", r)
			assert.Equal(t, Unknown, r.Verdict, "not clean")
			assert.Contains(t, r.Unseen[0].What, fmt.Sprintf("line %d", 2+strings.Count(block, "\n")))
			r = Bundle("store.pem", append([]byte(data+block), pemOf(bad)...))
			assert.Equal(t, Compromised, r.Verdict, "the others are still read")
			assert.Equal(t, "Superfish, Inc.", r.Findings[0].Root.Name)
		})
	}
	assert.Equal(t, Unknown, Bundle("empty", nil).Verdict, "no certificate is not clean")
	assert.Equal(t, Unknown, Bundle("key", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")).Verdict)
	jks := Bundle("cacerts", []byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2})
	assert.Contains(t, jks.String(), "keytool")
}

func TestDERAndTrustedCertificates(t *testing.T) {
	der := certificateOver(t, "x", keyOf("eDellRoot"))
	assert.Len(t, Bundle("one.der", der).Findings, 1)
	assert.Len(t, Bundle("two.der", append(bytes.Clone(der), der...)).Findings, 2)
	trusted := pem.EncodeToMemory(&pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: append(bytes.Clone(der), 0x30, 0)})
	assert.Len(t, Bundle("trusted.pem", trusted).Findings, 1, "openssl's form has more behind the certificate")
	crlf := bytes.ReplaceAll(pemOf(der), []byte("\n"), []byte("\r\n"))
	assert.Len(t, Bundle("crlf.pem", crlf).Findings, 1)
}

// signed builds the parts of a certificate that count, signed by an RSA key.
func signed(t *testing.T, key *rsa.PrivateKey, oid asn1.ObjectIdentifier, hash crypto.Hash) *certificate {
	c := &certificate{raw: []byte("raw"), tbs: []byte("to be signed"), spki: []byte("spki"), algorithm: oid}
	h := hash.New()
	h.Write(c.tbs)
	var err error
	c.signature, err = rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
	require.NoError(t, err)
	return c
}

func TestBareSignatureIsChecked(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, tt := range []struct {
		oid  asn1.ObjectIdentifier
		hash crypto.Hash
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, crypto.SHA1},
		{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 29}, crypto.SHA1},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, crypto.SHA256},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, crypto.SHA384},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, crypto.SHA512},
	} {
		c := signed(t, key, tt.oid, tt.hash)
		assert.True(t, c.signedBy(&key.PublicKey), tt.oid.String())
		c.tbs = []byte("something else")
		assert.False(t, c.signedBy(&key.PublicKey))
	}
	unknown := signed(t, key, asn1.ObjectIdentifier{1, 2, 3}, crypto.SHA256)
	assert.False(t, unknown.signedBy(&key.PublicKey))
	assert.False(t, unknown.signedBy(keyOf("Superfish, Inc.")), "a signature of another size")
}

func TestFilesFoldersAndLinks(t *testing.T) {
	dir := t.TempDir()
	bad := certificateOver(t, "x", keyOf("eDellRoot"))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "b", "root.crt"), pemOf(bad), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("no certificate here"), 0o644))
	if os.Symlink("a/b/root.crt", filepath.Join(dir, "1a2b3c4d.0")) != nil {
		t.Skip("no symbolic links here")
	}
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "dangling.0")))
	r, err := Paths(t.Context(), dir)
	require.NoError(t, err)
	assert.Len(t, r.Findings, 2, "the file and the link to it")
	assert.Equal(t, 2, r.Files)
	assert.Empty(t, r.Unseen, "%s", r)
	assert.Contains(t, r.String(), filepath.Join(dir, "a", "b", "root.crt")+" line 1")

	r, err = Paths(t.Context(), filepath.Join(dir, "absent"), filepath.Join(dir, "a", "b", "root.crt"))
	require.ErrorIs(t, err, os.ErrNotExist)
	var e *opskit.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, Compromised, r.Verdict, "the others are still scanned")
	r, err = Paths(t.Context(), filepath.Join(dir, "README"))
	require.NoError(t, err)
	assert.Equal(t, Unknown, r.Verdict, "a file that was named must hold one")
	assert.NotEmpty(t, r.Unseen)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Paths(ctx, dir)
	require.ErrorIs(t, err, context.Canceled)
}

func TestFS(t *testing.T) {
	r, err := FS(t.Context(), fstest.MapFS{
		"etc/ssl/certs/good.pem": {Data: pemOf(certificateOver(t, "Good", nil))}, "etc/passwd": {Data: []byte("root:x")},
		"big.pem": {Data: make([]byte, maxFile+1)},
	})
	require.NoError(t, err)
	assert.Equal(t, 1, r.Certificates)
	assert.Equal(t, Unknown, r.Verdict, "one file was too big to read")
	assert.Contains(t, r.String(), "big.pem")
}

func TestSystemReadsWhereOpenSSLsVariablesPoint(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bundle.pem")
	require.NoError(t, os.WriteFile(file, pemOf(certificateOver(t, "x", keyOf("Superfish, Inc."))), 0o644))
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", filepath.Join(dir, "absent"))
	r, err := System(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Compromised, r.Verdict, "%s", r)
	t.Setenv("SSL_CERT_FILE", filepath.Join(dir, "absent"))
	_, err = System(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Every root of the distribution is read, and none is called compromised.
func TestDistributionsStoreIsClean(t *testing.T) {
	const store = "/etc/ssl/certs/ca-certificates.crt"
	data, err := os.ReadFile(store)
	lab.NeedIf(t, "ca-certificates", err)
	r := Bundle(store, data)
	assert.Equal(t, Clean, r.Verdict, "%s", r)
	assert.Equal(t, strings.Count(string(data), "-----BEGIN CERTIFICATE-----"), r.Certificates)
	var all [][]byte
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		all = append(all, block.Bytes)
		c, _, err := parseCertificate(block.Bytes)
		require.NoError(t, err)
		x, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		assert.Equal(t, sha256.Sum256(x.RawSubjectPublicKeyInfo), sha256.Sum256(c.spki), "Go's parser is the oracle")
		assert.Equal(t, x.RawTBSCertificate, c.tbs)
		assert.Equal(t, x.Signature, c.signature)
	}
	withBad := append(bytes.Clone(data), pemOf(certificateOver(t, "x", keyOf("eDellRoot")))...)
	r = Bundle(store, withBad)
	require.Len(t, r.Findings, 1)
	assert.Equal(t, len(all), r.Findings[0].Index)
}

func TestCorpusRoots(t *testing.T) {
	want := map[string]struct {
		root  string
		match Match
	}{
		"ca-edellroot.crt":              {"eDellRoot", MatchCertificate},
		"ca-superfish.crt":              {"Superfish, Inc.", MatchCertificate},
		"chain-subdomain-edellroot.pem": {"eDellRoot", MatchSigned},
	}
	dir := lab.Corpus(t, "reach", "rootca")
	for file, w := range want {
		data, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		r := Bundle(file, data)
		require.Len(t, r.Findings, 1, "%s", r)
		assert.Equal(t, w.root, r.Findings[0].Root.Name)
		assert.Equal(t, w.match, r.Findings[0].Match)
		block, _ := pem.Decode(data)
		require.NotNil(t, block)
		assert.Equal(t, r.Findings, append([]Finding(nil), func() []Finding {
			f := Chain([][]byte{block.Bytes}).Findings
			f[0].File, f[0].Line = file, 1
			return f
		}()...), "a chain as a server sends it")
	}
}

// saved is a report with everything in it.
func saved() *Report {
	r := newReport()
	r.Files, r.Certificates = 1, 3
	r.Findings = []Finding{{Root: Known()[0], Match: MatchSigned, File: "store.pem", Line: 7, Index: 1, SHA256: strings.Repeat("0", 64)}}
	r.gap("certificate 3 of store.pem, line 40", "its PEM block is damaged", "openssl x509 -in FILE")
	r.Judge()
	return r
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	r := saved()
	b, err := json.MarshalIndent(r, "", "  ")
	require.NoError(t, err)
	b = append(b, '\n')
	file := filepath.Join("testdata", "report.golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, b, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(b))
	var back Report
	require.NoError(t, json.Unmarshal(b, &back))
	back.Verdict = Unknown
	back.Judge()
	assert.Equal(t, r, &back)
	assert.Equal(t, "compromised: 1 of 3 certificates, compared with 5 known roots as of "+AsOf()+"\n  eDellRoot: a certificate that its key signed, in store.pem line 7\nnext: remove it from store.pem and find out who put it there\nnot checked: certificate 3 of store.pem, line 40 (its PEM block is damaged; need: openssl x509 -in FILE)", r.String())
}

func FuzzBundle(f *testing.F) {
	der := certificateOver(f, "x", keyOf("eDellRoot"))
	f.Add(pemOf(der, der))
	f.Add(der)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN X"))
	f.Add([]byte{0xfe, 0xed, 0xfe, 0xed})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := Bundle("fuzz\x1b", b)
		if r.Verdict == Clean && r.Certificates == 0 {
			t.Fatal("clean without a certificate")
		}
		if strings.Contains(r.String(), "\x1b") {
			t.Fatal("control bytes")
		}
	})
}

func ExampleBundle() {
	fmt.Println(Bundle("store.pem", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")))
	// Output:
	// unknown: 0 certificates, compared with 5 known roots as of 2026-12-01
	// not checked: certificate 1 of store.pem, line 1 (is no X.509 certificate; need: openssl asn1parse); whether a compromised root is trusted (no certificate was read; need: a file or directory that holds certificates)
}

func ExamplePaths() {
	r, err := Paths(context.Background(), "/no/such/store.pem")
	fmt.Println(r.Verdict, err != nil)
	// Output: unknown true
}

func ExampleFS() {
	r, err := FS(context.Background(), fstest.MapFS{})
	fmt.Println(r.Verdict, err)
	// Output: unknown <nil>
}

func ExampleChain() {
	fmt.Println(Chain(nil).Verdict)
	// Output: unknown
}

func ExampleSystem() {
	r, _ := System(context.Background())
	fmt.Println(r.Verdict == Compromised)
	// Output: false
}
