package ipsec_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

func TestTunnelOfTheBlogIsSound(t *testing.T) {
	for _, d := range []conf.Dialect{conf.DialectLibreswan, conf.DialectOpenswan, conf.DialectStrongSwan} {
		r := blogTunnel(d).Check()
		assert.Equal(t, ipsec.Sound, r.Verdict, "%s", r)
		assert.Empty(t, r.Findings)
	}
}

func TestTunnelRenderIsDeterministicAndWhole(t *testing.T) {
	tunnel := blogTunnel(conf.DialectOpenswan)
	first, err := tunnel.Render(ipsec.SideA, "eth0")
	require.NoError(t, err)
	second, err := tunnel.Render(ipsec.SideA, "eth0")
	require.NoError(t, err)
	require.Len(t, first, 3)
	for i := range first {
		assert.Equal(t, first[i].Bytes(), second[i].Bytes())
	}
	file, ok := first.Find("etc/ipsec.conf")
	require.True(t, ok)
	assert.Equal(t, `# eu-west-1, openswan end: tunnel tunnel to us-east-1
config setup
	protostack=netkey
	nat_traversal=yes

conn tunnel
	type=tunnel
	authby=secret
	auto=start
	left=172.31.16.163
	leftid=172.31.16.163
	leftsubnet=172.31.0.0/16
	right=198.51.100.2
	rightid=10.0.61.63
	rightsubnet=10.0.0.0/16
	ikev2=insist
	ike=aes256-sha256;modp2048
	phase2=esp
	phase2alg=aes256-sha256
	pfs=yes
	keyingtries=%forever
	dpddelay=10
	dpdtimeout=60
	dpdaction=restart
`, string(file.Bytes()))
	secrets, ok := first.Find("etc/ipsec.secrets")
	require.True(t, ok)
	assert.Equal(t, os.FileMode(0o600), secrets.Mode)
	assert.Contains(t, string(secrets.Bytes()), `172.31.16.163 10.0.61.63 : PSK "`)
	_, ok = first.Find("etc/passwd")
	assert.False(t, ok)
	sysctl, ok := first.Find("etc/sysctl.d/60-ipsec-tunnel.conf")
	require.True(t, ok)
	assert.Contains(t, string(sysctl.Bytes()), "net.ipv4.conf.eth0.rp_filter = 0\n")
}

func TestTunnelCheckFindsEachMistake(t *testing.T) {
	prefix := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	for _, c := range []struct {
		code     string
		severity ipsec.Severity
		edit     func(*ipsec.Tunnel)
	}{
		{"bad_name", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.Name = "a b\n\tauto=start" }},
		{"bad_name", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Name = "x\nconn evil" }},
		{"bad_initiator", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.Initiator = "c" }},
		{"bad_address", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Addr = netip.Addr{} }},
		{"bad_address", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Addr = netip.MustParseAddr("0.0.0.0") }},
		{"bad_address", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Addr = netip.MustParseAddr("fe80::1%eth0") }},
		{"bad_address", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Public = netip.MustParseAddr("10.1.1.1") }},
		{"private_address", ipsec.SeverityProblem, func(u *ipsec.Tunnel) { u.A.Public = netip.Addr{} }},
		{"bad_id", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.ID = `x" : PSK "y` }},
		{"same_id", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.ID, u.B.ID = "gw.example", "@GW.example" }},
		{"same_address", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Public = u.B.Public }},
		{"address_family", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.B.Public, u.B.Addr = netip.Addr{}, netip.MustParseAddr("2001:db8::1") }},
		{"address_family", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.B.Subnets = prefix("2001:db8:1::/48") }},
		{"bad_subnet", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Subnets = prefix("172.31.16.163/16") }},
		{"bad_subnet", ipsec.SeverityFatal, func(u *ipsec.Tunnel) {
			u.A.Subnets = append(u.A.Subnets, netip.MustParsePrefix("2001:db8::/32"))
		}},
		{"subnets_overlap", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.A.Subnets = prefix("10.0.64.0/18") }},
		{"subnets_overlap", ipsec.SeverityWarning, func(u *ipsec.Tunnel) { u.A.Subnets = append(u.A.Subnets, netip.MustParsePrefix("172.31.4.0/24")) }},
		{"subnet_covers_peer", ipsec.SeverityProblem, func(u *ipsec.Tunnel) { u.A.Subnets = prefix("198.51.0.0/16") }},
		{"mixed_subnets", ipsec.SeverityFatal, func(u *ipsec.Tunnel) {
			u.A.Subnets = append(u.A.Subnets, netip.MustParsePrefix("172.30.0.0/16"))
			u.B.Dialect = conf.DialectStrongSwan
		}},
		{"no_key", ipsec.SeverityProblem, func(u *ipsec.Tunnel) { u.PSK = ipsec.Secret{} }},
		{"weak_key", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.PSK, _ = ipsec.NewSecret("bjimQ0jc") }},
		{"no_recovery", ipsec.SeverityProblem, func(u *ipsec.Tunnel) { u.DPD.Off = true }},
		{"bad_dpd", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.DPD.Delay = time.Millisecond }},
		{"bad_dpd", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.DPD = ipsec.DPD{Delay: time.Minute, Timeout: time.Second} }},
		{"slow_dpd", ipsec.SeverityWarning, func(u *ipsec.Tunnel) { u.DPD.Delay = time.Hour }},
		{"weak_algorithm", ipsec.SeverityWarning, func(u *ipsec.Tunnel) { u.IKE = "3des-sha1-modp1024" }},
		{"bad_proposal", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.ESP = "aes256!\n" }},
		{"bad_proposal", ipsec.SeverityFatal, func(u *ipsec.Tunnel) { u.IKE = "aes256" }},
		{"ikev1", ipsec.SeverityWarning, func(u *ipsec.Tunnel) { u.IKEv1 = true }},
	} {
		t.Run(c.code, func(t *testing.T) {
			tunnel := blogTunnel(conf.DialectLibreswan)
			c.edit(tunnel)
			r := tunnel.Check()
			found := r.Find(c.code)
			require.NotEmpty(t, found, "%s", r)
			assert.Equal(t, c.severity, found[0].Severity)
			assert.NotEmpty(t, found[0].Field)
			assert.NotEmpty(t, found[0].Fix)
			_, err := tunnel.Render(ipsec.SideA)
			if c.severity == ipsec.SeverityFatal {
				require.ErrorIs(t, err, ipsec.ErrTunnel)
			}
		})
	}
}

func TestWeakKeysAreRefused(t *testing.T) {
	for _, key := range []string{
		"bjimQ0jc", "", "secret", "passwordpasswordpassword", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"abcdefghijklmnopqrstuvwxyz0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890", "12345678901234567890123456789012",
		"x7Qz!x7Qz!x7Qz!x7Qz!x7Qz!x7Qz!x7Qz!x7Qz!", "OpenswanIpsecTunnelSecret2015",
	} {
		s, err := ipsec.NewSecret(key)
		require.ErrorIs(t, err, ipsec.ErrWeakKey, "%d characters", len(key))
		assert.NotEmpty(t, s.Weakness())
		if key != "" {
			assert.NotContains(t, err.Error(), key)
		}
	}
	for _, key := range []string{"9Xo2aMSVn1pDz0Wf3yHq7LkTbUcR5eJg", "f3a91c07d5be8264e0b7a2c9d1586f43", "Zk7-pQ2!vM9_xR4?wT6"} {
		_, err := ipsec.NewSecret(key)
		require.NoError(t, err)
	}
	for _, key := range []string{"has a \" quote, and is long enough for it", "line\nbreak", "back\\slash"} {
		_, err := ipsec.NewSecret(key)
		require.ErrorIs(t, err, ipsec.ErrKeyText)
		assert.NotContains(t, err.Error(), key)
	}
	tunnel := blogTunnel(conf.DialectLibreswan)
	tunnel.PSK, _ = ipsec.NewSecret("bjimQ0jc")
	_, err := tunnel.Render(ipsec.SideA)
	require.ErrorIs(t, err, ipsec.ErrWeakKey)
	require.ErrorIs(t, err, ipsec.ErrTunnel)
	tunnel.PSK = ipsec.Secret{}
	_, err = tunnel.Render(ipsec.SideA)
	require.ErrorIs(t, err, ipsec.ErrKeyText)
}

func TestBarGeneratedKeysAreStrong(t *testing.T) {
	n := map[lab.Size]int{lab.Small: 2000, lab.CI: 100_000, lab.Full: 1_000_000}[lab.Bars()]
	seen := map[string]bool{}
	for range n {
		text, ok := ipsec.GenerateSecret().Reveal()
		require.True(t, ok)
		require.Len(t, text, 43)
		require.False(t, seen[text])
		seen[text] = true
		_, err := ipsec.NewSecret(text)
		require.NoError(t, err)
	}
	lab.Bar(t, "generated-keys", "%d keys, none refused, none twice", n)
}

// Nothing that prints, logs, marshals or fails may hold a key's text.
func TestSecretIsNowhere(t *testing.T) {
	const sentinel = "5ENT1NELxQ9vTz3LrW8kYb2NcHd7JfGm"
	key, err := ipsec.NewSecret(sentinel)
	require.NoError(t, err)
	tunnel := blogTunnel(conf.DialectLibreswan)
	tunnel.PSK = key
	files, err := tunnel.Render(ipsec.SideA)
	require.NoError(t, err)
	hidden := struct{ secret ipsec.Secret }{key}
	hiddenFile := struct{ f []ipsec.File }{files}
	bad := *tunnel
	bad.Name = "no good"
	_, renderErr := bad.Render(ipsec.SideA)
	require.Error(t, renderErr)
	a, b := blogEnds(nil)
	a.Keys = ipsec.CompareKeys(a, b, `10.0.61.63 172.31.16.163 : PSK "`+sentinel+`"`, `: PSK "x"`)
	require.NotNil(t, a.Keys)
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	jsonLog := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{key, &key, tunnel, *tunnel, files, files[1], &files[1], hidden, &hidden, hiddenFile, tunnel.Check(), renderErr, ipsec.Mirror(a, b), a} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(text)
		log.Info("value", "v", v)
		jsonLog.Info("value", "v", v)
	}
	decimal := strings.Trim(fmt.Sprintf("%d", []byte(sentinel)), "[]")
	for _, form := range []string{sentinel, fmt.Sprintf("%x", sentinel), decimal} {
		at := strings.Index(strings.ToLower(out.String()), strings.ToLower(form))
		assert.Negative(t, at, "printed as %q", form)
	}

	var back ipsec.Secret
	err = json.Unmarshal([]byte(`"`+sentinel+`"`), &back)
	require.ErrorIs(t, err, ipsec.ErrKeyText)
	assert.NotContains(t, err.Error(), sentinel)
	text, err := json.Marshal(key)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &back))
	_, ok := back.Reveal()
	assert.False(t, ok)
	assert.False(t, back.Equal(key))
	assert.False(t, back.Equal(back))
	assert.True(t, key.Equal(key))
}

func TestFilesAreWrittenSafely(t *testing.T) {
	tunnel := blogTunnel(conf.DialectLibreswan)
	files, err := tunnel.Render(ipsec.SideB)
	require.NoError(t, err)
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	assert.Empty(t, files.Replaced(root))
	require.NoError(t, files.WriteTo(root))
	assert.Empty(t, files.Replaced(root), "the same content is no change")
	require.NoError(t, root.WriteFile("etc/ipsec.conf", []byte("conn precious\n"), 0o644))
	assert.Equal(t, []string{"etc/ipsec.conf"}, files.Replaced(root))
	require.NoError(t, files.WriteTo(root), "a second time replaces them")
	for _, f := range files {
		info, err := os.Stat(filepath.Join(dir, f.Path))
		require.NoError(t, err)
		assert.Equal(t, f.Mode, info.Mode().Perm(), f.Path)
		got, err := os.ReadFile(filepath.Join(dir, f.Path))
		require.NoError(t, err)
		assert.Equal(t, f.Bytes(), got)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "etc"))
	require.NoError(t, err)
	assert.Len(t, entries, 3, "no temporary file is left: two files and sysctl.d")

	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("untouched"), 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, "etc/ipsec.secrets")))
	require.NoError(t, os.Symlink(victim, filepath.Join(dir, "etc/ipsec.secrets")))
	require.NoError(t, os.Remove(filepath.Join(dir, "etc/ipsec.conf")))
	err = files.WriteTo(root)
	require.ErrorIs(t, err, ipsec.ErrLink)
	assert.NoFileExists(t, filepath.Join(dir, "etc/ipsec.conf"), "nothing is written when one target is refused")
	text, err := os.ReadFile(victim)
	require.NoError(t, err)
	assert.Equal(t, "untouched", string(text))

	saved, err := json.Marshal(files)
	require.NoError(t, err)
	var read ipsec.Files
	require.NoError(t, json.Unmarshal(saved, &read))
	assert.Nil(t, read[0].Bytes())
	other, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer other.Close()
	require.Error(t, read.WriteTo(other))
}

func TestSysctls(t *testing.T) {
	tunnel := blogTunnel(conf.DialectLibreswan)
	list := tunnel.Sysctls("eth0.100")
	text := list.String()
	assert.Contains(t, text, "net.ipv4.ip_forward = 1")
	assert.Contains(t, text, "net.ipv4.conf.eth0/100.rp_filter = 0", "as sysctl.d(5) writes a dot in a name")
	assert.NotContains(t, text, "ipv6")
	dir := t.TempDir()
	write := func(name, value string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(value+"\n"), 0o644))
	}
	for _, name := range []string{"rp_filter", "send_redirects", "accept_redirects"} {
		for _, scope := range []string{"all", "default", "eth0.100"} {
			write("net/ipv4/conf/"+scope+"/"+name, "0")
		}
	}
	write("net/ipv4/conf/eth0.100/rp_filter", "1")
	read := list.Read(os.DirFS(dir))
	differing := read.Differing()
	require.Len(t, differing, 2)
	assert.Equal(t, "net.ipv4.ip_forward", differing[0].Key)
	assert.True(t, differing[0].Unset)
	assert.Equal(t, "1", differing[1].Have, "all and default are right, the interface is not")

	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	err = list.Apply(root)
	var e *opskit.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "net.ipv4.ip_forward", e.Target, "a setting that the kernel does not have is no file to make")
	write("net/ipv4/ip_forward", "0")
	require.NoError(t, list.Apply(root))
	assert.Empty(t, list.Read(os.DirFS(dir)).Differing())

	six := blogTunnel(conf.DialectLibreswan)
	six.A.Subnets, six.B.Subnets = []netip.Prefix{netip.MustParsePrefix("2001:db8:1::/48")}, []netip.Prefix{netip.MustParsePrefix("2001:db8:2::/48")}
	assert.Contains(t, six.Sysctls().String(), "net.ipv6.conf.all.forwarding = 1")
	assert.NotContains(t, six.Sysctls().String(), "ipv4")
}

func TestTunnelJSON(t *testing.T) {
	tunnel := blogTunnel(conf.DialectStrongSwan)
	tunnel.Initiator = ipsec.SideB
	tunnel.DPD.Delay = 30 * time.Second
	data, err := json.Marshal(tunnel)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"delay_ns":30000000000`)
	assert.Contains(t, string(data), `"psk":"redacted: strong"`)
	var back ipsec.Tunnel
	require.NoError(t, json.Unmarshal(data, &back))
	again, err := json.Marshal(&back)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(again))
	_, err = back.Render(ipsec.SideA)
	require.ErrorIs(t, err, ipsec.ErrKeyText, "JSON does not carry the key")
}
