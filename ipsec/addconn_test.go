package ipsec_test

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// libreswan's own reader takes what is rendered for libreswan and Openswan, and
// prints the same values back.
func TestAddconnTakesWhatIsRendered(t *testing.T) {
	lab.Need(t, "program:addconn")
	addconn, err := lab.Program("addconn")
	require.NoError(t, err)
	for name, edit := range map[string]func(*ipsec.Tunnel){
		"as it is":      func(*ipsec.Tunnel) {},
		"several nets":  func(u *ipsec.Tunnel) { u.A.Subnets = append(u.A.Subnets, netip.MustParsePrefix("172.30.0.0/16")) },
		"named":         func(u *ipsec.Tunnel) { u.A.ID, u.B.ID = "west.example", "ops@east.example" },
		"IKEv1":         func(u *ipsec.Tunnel) { u.IKEv1 = true },
		"without DPD":   func(u *ipsec.Tunnel) { u.DPD.Off = true },
		"host to host":  func(u *ipsec.Tunnel) { u.A.Subnets, u.B.Subnets = nil, nil },
		"answering end": func(u *ipsec.Tunnel) { u.Initiator = ipsec.SideB },
		"other suites":  func(u *ipsec.Tunnel) { u.IKE, u.ESP = "aes128-sha1-modp4096", "aes128-sha512" },
	} {
		for _, d := range []conf.Dialect{conf.DialectLibreswan, conf.DialectOpenswan} {
			t.Run(name+" "+d.String(), func(t *testing.T) {
				tunnel := blogTunnel(d)
				edit(tunnel)
				for _, s := range []ipsec.Side{ipsec.SideA, ipsec.SideB} {
					files, err := tunnel.Render(s)
					require.NoError(t, err)
					file, _ := files.Find("etc/ipsec.conf")
					text := string(file.Bytes())
					if d == conf.DialectOpenswan { // libreswan dropped these two
						text = strings.Replace(text, "\tnat_traversal=yes\n", "", 1)
					}
					path := filepath.Join(t.TempDir(), "ipsec.conf")
					require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
					out, err := exec.CommandContext(t.Context(), addconn, "--checkconfig", "--config", path).CombinedOutput()
					require.NoError(t, err, "%s\n%s", out, text)
					assert.NotContains(t, strings.ToLower(string(out)), "warning")
					assert.NotContains(t, strings.ToLower(string(out)), "error")
					sameValues(t, path, text)
				}
			})
		}
	}
}

// sameValues compares with what readwriteconf, of the same reader, prints.
func sameValues(t *testing.T, path, text string) {
	t.Helper()
	program, err := lab.Program("readwriteconf")
	if err != nil {
		t.Log("skipped: what readwriteconf prints:", err) // some packagings leave it out; addconn has judged
		return
	}
	printed, err := exec.CommandContext(t.Context(), program, "--config", path).CombinedOutput()
	require.NoError(t, err)
	theirs, err := conf.Parse("printed", string(printed), conf.DialectLibreswan)
	require.NoError(t, err, "%s", printed)
	ours, err := conf.Parse("rendered", text, conf.DialectLibreswan)
	require.NoError(t, err)
	a, err := ours.Conn("tunnel")
	require.NoError(t, err)
	b, err := theirs.Conn("tunnel")
	require.NoError(t, err)
	for _, key := range []string{"left", "right", "leftid", "rightid", "leftsubnet", "rightsubnet", "leftsubnets", "auto", "ike", "type", "pfs"} {
		want, _ := a.Get(key)
		got, _ := b.Get(key)
		assert.Equal(t, want.Value, got.Value, "%s in\n%s", key, printed)
	}
}
