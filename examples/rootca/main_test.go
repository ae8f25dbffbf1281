package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach/rootca"
)

func TestMain(m *testing.M) { lab.Main(m) }

func call(t *testing.T, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// innocent writes a store with one certificate that nobody has the key of.
func innocent(t *testing.T) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(2e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "store.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return file
}

// found writes the evidence of a scan that found something.
func found(t *testing.T) string {
	report := &rootca.Report{
		Files: 1, Certificates: 2, Roots: 5, AsOf: rootca.AsOf(),
		Findings: []rootca.Finding{{Root: rootca.Known()[0], Match: rootca.MatchCertificate, File: "store.pem", Line: 30, Index: 1}},
	}
	report.Judge()
	file := filepath.Join(t.TempDir(), "found.json")
	require.NoError(t, program.SaveEvidence(file, kind, time.Now(), report))
	return file
}

func TestExitCodesAndText(t *testing.T) {
	store := innocent(t)
	code, out, _ := call(t, store)
	assert.Equal(t, 0, code)
	assert.Equal(t, "clean: 1 certificates, compared with 5 known roots as of "+rootca.AsOf()+"\nnot checked: nothing more\n", out)
	t.Setenv("SSL_CERT_FILE", store)
	t.Setenv("SSL_CERT_DIR", filepath.Dir(store))
	code, out, _ = call(t)
	assert.Equal(t, 0, code, "the system's store: %s", out)
	code, out, _ = call(t, "-preflight")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "yes  system_store")

	require.NoError(t, os.WriteFile(store+".bad", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n"), 0o600))
	code, out, _ = call(t, filepath.Dir(store))
	assert.Equal(t, 2, code, "a block that cannot be read hides something: %s", out)
	code, _, errs := call(t, store, "/no/such/file")
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "/no/such/file")

	code, out, _ = call(t, "-from", found(t))
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "\n  eDellRoot: the certificate itself, in store.pem line 30\nnext: ")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-nosuch"}, {"-from", "x", "y"}, {"-from", "/no/such/file"}, {"-since", "/no/such/file"}} {
		code, out, errs := call(t, args...)
		assert.Equal(t, 2, code, "%v", args)
		assert.Empty(t, out)
		assert.NotEmpty(t, errs)
	}
	code, out, _ := call(t, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "DIRECTORY")
	assert.Contains(t, out, "exit codes: 0 ")
}

func TestSaveFromSinceAndJSON(t *testing.T) {
	store, saved := innocent(t), filepath.Join(t.TempDir(), "saved.json")
	code, live, _ := call(t, "-save", saved, "-since", found(t), store)
	assert.Equal(t, 1, code, "a change is worth a look")
	assert.Contains(t, live, "eDellRoot: store.pem -> (nothing)")
	code, again, _ := call(t, "-from", saved, "-since", found(t))
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again, "saved evidence gives the same verdict")
	code, out, _ := call(t, "-json", "-from", found(t))
	assert.Equal(t, 1, code)
	var r rootca.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r), "one object a line")
	assert.Equal(t, rootca.Compromised, r.Verdict)
	code, out, _ = call(t, "-json", "-from", "/no/such/file")
	assert.Equal(t, 2, code)
	assert.Contains(t, out, `{"error":{"code":`)
}
