package ipsec_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

func codes(r *ipsec.Report) []string {
	var list []string
	for _, f := range r.Findings {
		list = append(list, f.Code)
	}
	return list
}

func TestMirrorReportsWhatTheBlogOverlooked(t *testing.T) {
	a, b := blogEnds(nil)
	a.Public, b.Public = netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")
	r := ipsec.Mirror(a, b)
	assert.Equal(t, ipsec.Flawed, r.Verdict, "%s", r)
	assert.Equal(t, []string{"no_recovery", "not_loaded", "no_dpd", "no_dpd", "nat", "nat"}, codes(r))

	notLoaded := r.Find("not_loaded")[0]
	assert.Equal(t, ipsec.SeverityProblem, notLoaded.Severity)
	assert.Equal(t, []ipsec.Ref{{End: "eu-west-1", File: "west.conf", Line: 1, Text: "conn tunnel"}}, notLoaded.Refs)
	assert.NotEmpty(t, notLoaded.Fix)

	recovery := r.Find("no_recovery")[0]
	assert.Contains(t, recovery.Message, "a reboot of eu-west-1 is not repaired", "us-east-1 starts by itself, eu-west-1 does not")
	assert.Contains(t, recovery.Message, "us-east-1 has no dead peer detection")
	assert.Equal(t, "us-east-1", recovery.Refs[0].End)
	for _, f := range r.Findings {
		assert.NotEmpty(t, f.Refs, f.Code)
		for _, ref := range f.Refs {
			assert.NotEmpty(t, ref.File, f.Code)
			assert.Positive(t, ref.Line, f.Code)
		}
		if f.Severity > ipsec.SeverityNote {
			assert.NotEmpty(t, f.Fix, f.Code)
		}
	}
	assert.Contains(t, r.String(), "west.conf:1")
}

func TestMirrorExplainsTheNATWithoutTheElasticIPs(t *testing.T) {
	r := ipsec.Mirror(blogEnds(nil))
	nat := r.Find("nat")
	require.Len(t, nat, 2)
	assert.Equal(t, ipsec.SeverityWarning, nat[0].Severity, "a guess, until Public confirms it")
	assert.Equal(t, ipsec.Flawed, r.Verdict)
	a, b := blogEnds(nil)
	a.Public = netip.MustParseAddr("203.0.113.9")
	r = ipsec.Mirror(a, b)
	require.Len(t, r.Find("address_differs"), 1, "the other end writes another address than the real one")
	assert.Equal(t, ipsec.Broken, r.Verdict)
}

func TestMirrorSaysThatAMaskedAddressIsNone(t *testing.T) {
	r := ipsec.Mirror(blogEnds(func(s string) string {
		return strings.NewReplacer("198.51.100.2", "52.23.178.X", "198.51.100.1", "54.77.119.X").Replace(s)
	}))
	assert.Equal(t, ipsec.Broken, r.Verdict)
	bad := r.Find("bad_address")
	require.Len(t, bad, 2)
	assert.Contains(t, bad[0].Message, `"52.23.178.X" is no address`)
	assert.Equal(t, "west.conf:6", strings.TrimPrefix(bad[0].Refs[0].String(), "eu-west-1: ")[:11])
	assert.NotEmpty(t, r.Find("not_loaded"), "the other findings are still there")
	assert.NotEmpty(t, r.Find("no_recovery"))
	assert.Empty(t, r.Find("address_differs"))
}

func TestMirrorAddsTheRestartLog(t *testing.T) {
	a, b := blogEnds(nil)
	assert.Empty(t, ipsec.Mirror(a, b).Find("protostack_unset"), "two stanzas alone do not show it")
	assert.Contains(t, ipsec.Mirror(a, b).String(), "not checked: whether both ends hold the same pre-shared key")
	assert.Contains(t, ipsec.Mirror(a, b).String(), "eu-west-1: protostack and the rest of config setup (only connections were read")
	a.Log = ipsec.CheckLog("restart.log", restartLog).Log
	r := ipsec.Mirror(a, b)
	found := r.Find("protostack_unset")
	require.Len(t, found, 1)
	assert.Equal(t, ipsec.Ref{
		End: "eu-west-1", File: "restart.log", Line: 3,
		Text: "ipsec_setup: No KLIPS support found while requested, desperately falling back to netkey",
	}, found[0].Refs[0])
}

func TestCheckLog(t *testing.T) {
	r := ipsec.CheckLog("restart.log", restartLog)
	assert.Equal(t, ipsec.Flawed, r.Verdict)
	assert.Equal(t, []string{"protostack_unset"}, codes(r))
	assert.Len(t, r.Log, 2)
	assert.Equal(t, ipsec.Unknown, ipsec.CheckLog("quiet.log", "ipsec_setup: Starting\n").Verdict, "silence is no proof")
}

// Each row changes one line of a sound pair and names what must be found.
func TestMirrorFindsEachDifference(t *testing.T) {
	sound := `config setup
	protostack=xfrm

conn net
	left=192.0.2.1
	leftid=@west
	leftsubnet=10.1.0.0/16
	right=198.51.100.9
	rightid=@east
	rightsubnet=10.2.0.0/16
	authby=secret
	ikev2=insist
	ike=aes256-sha256;modp2048
	esp=aes256-sha256
	auto=start
	dpddelay=10
	dpdtimeout=60
	dpdaction=restart
`
	other := strings.Replace(sound, "auto=start", "auto=add", 1)
	keys := &ipsec.KeyMatch{Same: new(true)}
	mirror := func(a, b string, d conf.Dialect) *ipsec.Report {
		ca, err := conf.Parse("a.conf", a, d)
		require.NoError(t, err)
		cb, err := conf.Parse("b.conf", b, d)
		require.NoError(t, err)
		return ipsec.Mirror(ipsec.End{Conf: ca, Keys: keys}, ipsec.End{Conf: cb})
	}
	r := mirror(sound, other, conf.DialectLibreswan)
	require.Empty(t, r.Findings, "%s", r)
	assert.Equal(t, ipsec.Sound, r.Verdict)
	assert.Len(t, r.Gaps(), 1, "the ports between the ends")
	flip := strings.NewReplacer("left", "right", "right", "left").Replace(other)
	assert.Empty(t, mirror(sound, flip, conf.DialectLibreswan).Findings, "left of one end may be right of the other")
	both := strings.Replace(sound, "leftid=@west", "leftid=@west # comment", 1)
	assert.Equal(t, []string{"both_open"}, codes(mirror(both, sound, conf.DialectLibreswan)), "one file for both ends")

	assert.Len(t, mirror(sound, strings.Replace(other, "authby=secret", "authby=rsasig", 1), conf.DialectLibreswan).Find("auth_differs"), 1,
		"the same lines are not reported for left and once more for right")
	old := strings.NewReplacer("ikev2=insist", "ikev2=no", "config setup\n", "config setup\n\tikev1-policy=accept\n")
	aggressive := strings.Replace(old.Replace(other), "ikev2=no", "ikev2=no\n\taggressive=yes", 1)
	assert.Equal(t, []string{"exchange_differs"}, codes(mirror(old.Replace(sound), aggressive, conf.DialectLibreswan)))
	assert.Empty(t, mirror(sound, strings.Replace(other, "ikev2=insist", "ikev2=insist\n\taggressive=yes", 1), conf.DialectLibreswan).Findings, "IKEv2 has no such mode")
	for _, same := range []string{"10.2.3.4/16", "10.2/16", "10.2.0.0/255.255.0.0"} {
		assert.Empty(t, mirror(sound, strings.Replace(other, "10.2.0.0/16", same, 1), conf.DialectLibreswan).Findings, same)
	}
	for _, auto := range []string{"up", "keep"} {
		assert.Empty(t, mirror(strings.Replace(sound, "auto=start", "auto="+auto, 1), other, conf.DialectLibreswan).Findings, auto)
	}
	strict := strings.NewReplacer("ike=aes256-sha256;modp2048", "ike=aes256-sha256-modp2048!", "ikev2=insist", "keyexchange=ikev2\n\tcloseaction=restart\n\tkeyingtries=%forever")
	loose := strings.NewReplacer("ike=aes256-sha256;modp2048", "ike=aes128-sha512-modp4096", "ikev2=insist", "keyexchange=ikev2\n\tcloseaction=restart")
	assert.Empty(t, mirror(strict.Replace(sound), loose.Replace(other), conf.DialectStrongSwan).Findings, "without '!' strongSwan offers its defaults too")
	signed := func(s, authby string) string { return strings.Replace(s, "authby=secret", authby, 1) }
	for _, c := range []struct{ a, b, want string }{
		{"authby=rsasig", "authby=rsa-sha2_512", ""},
		{"authby=rsa-sha1", "authby=rsa-sha2", "auth_differs"},
		{"authby=ecdsa-sha2_384", "authby=rsasig", "auth_differs"},
		{"authby=rsasig\n\tleftrsasigkey=0sAQOm", "authby=rsasig\n\tleftrsasigkey=0sAQOn", "pubkey_differs"},
		{"authby=rsasig\n\tleftrsasigkey=0sAQOm", "authby=rsasig\n\tleftrsasigkey=%cert", ""},
		{"leftrsasigkey=0sAQOm\n\tauthby=secret", "authby=secret\n\tleftrsasigkey=0sAQOn", ""},
	} {
		r := mirror(signed(sound, c.a), signed(other, c.b), conf.DialectLibreswan)
		got := strings.Join(codes(r), " ")
		assert.Equal(t, c.want, got, "%s and %s", c.a, c.b)
		assert.NotContains(t, r.String(), "0sAQO", "keys are long: the line is enough")
	}
	for _, c := range []struct {
		code, old, new string
		severity       ipsec.Severity
	}{
		{"address_differs", "right=198.51.100.9", "right=198.51.100.8", ipsec.SeverityFatal},
		{"address_family", "right=198.51.100.9", "right=2001:db8::9", ipsec.SeverityFatal},
		{"bad_address", "right=198.51.100.9", "right=198.51.100.900", ipsec.SeverityFatal},
		{"bad_address", "right=198.51.100.9", "right=gw.example.x", ipsec.SeverityFatal},
		{"no_address", "right=198.51.100.9", "right=", ipsec.SeverityFatal},
		{"id_differs", "leftid=@west", "leftid=@north", ipsec.SeverityFatal},
		{"id_differs", "leftid=@west", "leftmtu=1400", ipsec.SeverityFatal},
		{"bad_id", "leftid=@west", "leftid=192.0.2.xxx", ipsec.SeverityWarning},
		{"subnets_differ", "10.2.0.0/16", "10.2.0.0/17", ipsec.SeverityFatal},
		{"subnets_differ", "\trightsubnet=10.2.0.0/16\n", "", ipsec.SeverityFatal},
		{"subnets_overlap", "10.2.0.0/16", "10.0.0.0/8", ipsec.SeverityProblem},
		{"bad_subnet", "10.2.0.0/16", "10.2.0.0/33", ipsec.SeverityWarning},
		{"protoport_differs", "rightid=@east", "rightid=@east\n\trightprotoport=tcp/80", ipsec.SeverityFatal},
		{"auth_differs", "authby=secret", "authby=rsasig", ipsec.SeverityFatal},
		{"version_differs", "ikev2=insist", "ikev2=no", ipsec.SeverityFatal},
		{"type_differs", "authby=secret", "authby=secret\n\ttype=transport", ipsec.SeverityFatal},
		{"protocol_differs", "authby=secret", "authby=secret\n\tphase2=ah", ipsec.SeverityFatal},
		{"auth_differs", "authby=secret", "rightauth=psk\n\tleftauth=null", ipsec.SeverityFatal},
		{"pfs_differs", "authby=secret", "authby=secret\n\tpfs=no", ipsec.SeverityWarning},
		{"no_common_proposal", "modp2048", "modp4096", ipsec.SeverityFatal},
		{"no_common_proposal", "esp=aes256-sha256", "esp=aes256-sha512", ipsec.SeverityFatal},
		{"weak_algorithm", "esp=aes256-sha256", "esp=aes256-sha256,3des-md5", ipsec.SeverityWarning},
		{"not_loaded", "auto=add", "auto=ignore", ipsec.SeverityProblem},
		{"nobody_opens", "auto=start", "auto=add", ipsec.SeverityProblem},
		{"no_dpd", "dpddelay=10", "dpddelay=0", ipsec.SeverityWarning},
		{"duplicate_parameter", "leftid=@west", "leftid=@west\n\tleftid=@wild", ipsec.SeverityProblem},
		{"no_section", "authby=secret", "authby=secret\n\talso=elsewhere", ipsec.SeverityProblem},
		{"no_conn", other[strings.Index(other, "conn net"):], "conn other\n\tleft=%any\nconn third\n\tleft=%any\n", ipsec.SeverityFatal},
	} {
		t.Run(c.code+" "+strings.TrimSpace(c.new), func(t *testing.T) {
			first, second := sound, other
			if c.code == "nobody_opens" {
				first = strings.Replace(first, c.old, c.new, 1)
			} else {
				require.Contains(t, second, c.old)
				second = strings.Replace(second, c.old, c.new, 1)
			}
			r := mirror(first, second, conf.DialectLibreswan)
			found := r.Find(c.code)
			require.NotEmpty(t, found, "%s", r)
			assert.Equal(t, c.severity, found[0].Severity)
			assert.NotEmpty(t, found[0].Fix)
			assert.Contains(t, found[len(found)-1].Refs[len(found[len(found)-1].Refs)-1].File, ".conf")
		})
	}
}

func TestMirrorAddressesTellNATFromMistake(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		public     string
		want       []string
	}{
		{"the same", "192.0.2.1", "192.0.2.1", "", nil},
		{"two public ones", "192.0.2.1", "192.0.2.2", "", []string{"address_differs"}},
		{"two private ones", "10.9.0.1", "10.9.0.2", "", []string{"address_differs"}},
		{"two private ones, as declared", "10.9.0.1", "10.9.0.2", "10.9.0.2", []string{"nat"}},
		{"private here, public there", "10.9.0.1", "192.0.2.1", "", []string{"nat"}},
		{"as declared", "10.9.0.1", "192.0.2.1", "192.0.2.1", []string{"nat"}},
		{"not as declared", "10.9.0.1", "192.0.2.1", "192.0.2.3", []string{"address_differs"}},
		{"shared address space", "100.64.0.1", "192.0.2.1", "", []string{"nat"}},
		{"any", "192.0.2.1", "%any", "", nil},
		{"a name", "192.0.2.1", "gw.example.net", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := func(left string) string {
				return "conn c\n\tleft=" + left + "\n\tleftid=@l\n\tright=198.51.100.9\n\trightid=@r\n\tleftsubnet=10.1.0.0/16\n\trightsubnet=10.2.0.0/16\n" +
					"\tauto=start\n\tdpddelay=5\n"
			}
			a, err := conf.Parse("a", text(c.a), conf.DialectLibreswan)
			require.NoError(t, err)
			b, err := conf.Parse("b", strings.Replace(text(c.b), "auto=start", "auto=add", 1), conf.DialectLibreswan)
			require.NoError(t, err)
			end := ipsec.End{Conf: a}
			if c.public != "" {
				end.Public = netip.MustParseAddr(c.public)
			}
			assert.Equal(t, c.want, codes(ipsec.Mirror(end, ipsec.End{Conf: b})))
		})
	}
}

// Who recovers from a reboot of whom, measured with two daemons; see the
// research on outages: a killed answering end without DPD never came back.
func TestMirrorRecovery(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		dialect    conf.Dialect
		lost       int
	}{
		{"initiator and responder with DPD restart", "auto=start\n dpdaction=restart\n dpddelay=2s", "auto=add\n dpdaction=restart\n dpddelay=2s", conf.DialectStrongSwan, 0},
		{"initiator without DPD", "auto=start", "auto=add", conf.DialectStrongSwan, 1},
		{"both start, no DPD", "auto=start", "auto=start", conf.DialectStrongSwan, 0},
		{"DPD delay alone does nothing in strongSwan", "auto=start\n dpddelay=2s", "auto=add", conf.DialectStrongSwan, 1},
		{"DPD delay alone is enough in libreswan", "auto=start\n dpddelay=2", "auto=add", conf.DialectLibreswan, 0},
		{"clearing is not reopening", "auto=add\n dpdaction=clear\n dpddelay=2", "auto=add", conf.DialectLibreswan, 2},
		{"an action alone is enough in strongSwan", "auto=start\n dpdaction=restart", "auto=add", conf.DialectStrongSwan, 0},
		{"and where the dialect is not known", "auto=start\n dpdaction=restart", "auto=add", conf.DialectUnknown, 1},
		{"noticing alone reopens nothing", "auto=add\n dpddelay=2", "auto=add\n dpddelay=2", conf.DialectLibreswan, 2},
		{"traps open on demand", "auto=route", "auto=route", conf.DialectStrongSwan, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			parse := func(options string) ipsec.End {
				got, err := conf.Parse("x.conf", "conn c\n left=192.0.2.1\n right=192.0.2.2\n "+options+"\n", c.dialect)
				require.NoError(t, err)
				return ipsec.End{Conf: got}
			}
			assert.Len(t, ipsec.Mirror(parse(c.a), parse(c.b)).Find("no_recovery"), c.lost)
		})
	}
}

func TestMirrorWithoutSomethingToCompareCannotTell(t *testing.T) {
	a, b := blogEnds(nil)
	for name, r := range map[string]*ipsec.Report{
		"no configuration": ipsec.Mirror(a, ipsec.End{}),
		"nothing at all":   ipsec.Mirror(ipsec.End{}, ipsec.End{}),
		"the connection may be in an unread file": func() *ipsec.Report {
			inc, err := conf.Parse("inc.conf", "include /etc/ipsec.d/*.conf\n", conf.DialectOpenswan)
			require.NoError(t, err)
			return ipsec.Mirror(ipsec.End{Conf: inc, Conn: "tunnel"}, b)
		}(),
	} {
		assert.Equal(t, ipsec.Unknown, r.Verdict, "%s: %s", name, r)
		assert.NotEmpty(t, r.Gaps(), name)
		assert.NotContains(t, r.String(), "nothing more", name)
	}
}

func TestRenderedPairsMirror(t *testing.T) {
	for _, d := range append(conf.Dialects(), conf.DialectUnknown) {
		for _, e := range conf.Dialects() {
			tunnel := blogTunnel(d)
			tunnel.B.Dialect = e
			tunnel.Initiator = ipsec.SideB
			var ends [2]ipsec.End
			var secrets [2]string
			for i, s := range []ipsec.Side{ipsec.SideA, ipsec.SideB} {
				files, err := tunnel.Render(s)
				require.NoError(t, err)
				dir := t.TempDir()
				root, err := os.OpenRoot(dir)
				require.NoError(t, err)
				require.NoError(t, files.WriteTo(root))
				dialect := []conf.Dialect{d, e}[i]
				name, key := "etc/ipsec.conf", "etc/ipsec.secrets"
				if dialect == conf.DialectSwanctl {
					name, key = "etc/swanctl/conf.d/tunnel.conf", "etc/swanctl/conf.d/tunnel-key.conf"
				}
				c, err := conf.Read(root.FS(), name, dialect)
				require.NoError(t, err)
				text, err := root.ReadFile(key)
				require.NoError(t, err)
				require.NoError(t, root.Close())
				ends[i] = ipsec.End{Conf: c, Public: []netip.Addr{tunnel.A.Public, tunnel.B.Public}[i]}
				secrets[i] = string(text)
			}
			ends[0].Keys = ipsec.CompareKeys(ends[0], ends[1], secrets[0], secrets[1])
			require.NotNil(t, ends[0].Keys)
			if d == conf.DialectSwanctl || e == conf.DialectSwanctl {
				ends[0].Keys = nil // the secrets of swanctl.conf are not read
			}
			r := ipsec.Mirror(ends[0], ends[1])
			assert.Equal(t, ipsec.Sound, r.Verdict, "%s to %s\n%s", d, e, r)
		}
	}
}
