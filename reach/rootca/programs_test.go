package rootca

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A clean system's store says nothing about Firefox or Java, which bring their own.
func TestStoresOfProgramsAreAGap(t *testing.T) {
	home, java := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("JAVA_HOME", java)
	below := func(pattern string) ([]string, error) { // what this host has besides is no matter here
		for _, dir := range []string{home, java} {
			if rest, err := filepath.Rel(dir, pattern); err == nil && filepath.IsLocal(rest) {
				return filepath.Glob(pattern)
			}
		}
		return nil, errors.New("not to be read")
	}
	assert.Empty(t, programStores(below))
	for _, name := range []string{home + "/.mozilla/firefox/x.default/cert9.db", home + "/.pki/nssdb/cert9.db", java + "/lib/security/cacerts"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	found := programStores(below)
	assert.Len(t, found, 3)

	r := Bundle("store.pem", pemOf(certificateOver(t, "x", nil)))
	require.Equal(t, Clean, r.Verdict, "%s", r)
	r.programGap(nil)
	r.Judge()
	assert.Equal(t, Clean, r.Verdict, "none is here")
	r.programGap(found)
	r.Judge()
	assert.Equal(t, Unknown, r.Verdict)
	assert.Contains(t, r.String(), "not checked: stores that programs bring themselves (found and not read: ")
	assert.Contains(t, r.String(), java+"/lib/security/cacerts")
	r.Unseen = nil
	r.programGap([]string{"1", "2", "3", "4", "5", "6"})
	assert.Contains(t, r.String(), "5 and more")
}

// System itself looks for them, unless it is told which store is meant.
func TestSystemTellsOfProgramsStores(t *testing.T) {
	home := t.TempDir()
	name := filepath.Join(home, ".mozilla/firefox/x.default/cert9.db")
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	store := filepath.Join(home, "store.pem")
	require.NoError(t, os.WriteFile(store, pemOf(certificateOver(t, "x", nil)), 0o600))
	t.Setenv("HOME", home)
	t.Setenv("SSL_CERT_FILE", store)
	t.Setenv("SSL_CERT_DIR", "")
	r, err := System(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Unknown, r.Verdict)
	assert.Contains(t, r.String(), "stores that programs bring themselves (found and not read: ")
	t.Setenv("SSL_CERT_DIR", home+"/none")
	r, err = System(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, r.String(), "stores that programs bring themselves")
}
