package ipsec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// openingEnd is one end of a pair that two strongSwan daemons bring up and keep;
// the other waits.
const openingEnd = `config setup

conn site
	keyexchange=ikev2
	ike=aes256-sha256-modp2048!
	esp=aes256-sha256-modp2048!
	dpddelay=10s
	dpdaction=restart
	closeaction=restart
	keyingtries=%forever
	left=192.0.2.10
	leftid=@west
	leftsubnet=10.1.0.0/16
	right=198.51.100.20
	rightid=@east
	rightsubnet=10.2.0.0/16
	authby=secret
	type=tunnel
	auto=start
`

func waitingEnd(text string) string {
	return strings.NewReplacer("auto=start", "auto=add", "dpdaction=restart", "dpdaction=clear", "closeaction=restart", "closeaction=none").Replace(text)
}

func mirrorTexts(t *testing.T, a, b string, d conf.Dialect) *ipsec.Report {
	t.Helper()
	ca, err := conf.Parse("a.conf", a, d)
	require.NoError(t, err)
	cb, err := conf.Parse("b.conf", b, d)
	require.NoError(t, err)
	return ipsec.Mirror(ipsec.End{Conf: ca}, ipsec.End{Conf: cb})
}

// What two daemons did with each change of one line was seen live, or stands in
// the source that the comment names.
func TestMirrorSaysWhatTheDaemonsDo(t *testing.T) {
	type change struct {
		name, old, new string
		both           bool // the change is made at both ends
		verdict        ipsec.Verdict
		codes          string
	}
	for _, c := range []change{
		{"nothing", "auto=start", "auto=start", false, ipsec.Sound, ""},
		{"AEAD against CBC", "ike=aes256-sha256-modp2048!", "ike=aes256gcm16-prfsha256-modp2048!", false, ipsec.Broken, "no_common_proposal"},
		{"AEAD at both ends", "ike=aes256-sha256-modp2048!", "ike=aes256gcm16-prfsha256-modp2048!", true, ipsec.Sound, ""},
		{"PRF", "ike=aes256-sha256-modp2048!", "ike=aes256-sha256-prfsha384-modp2048!", false, ipsec.Broken, "no_common_proposal"},
		{"a proposal that strongSwan does not load", "ike=aes256-sha256-modp2048!", "ike=aes256gcm16-modp2048!", false, ipsec.Broken, "bad_proposal"},
		{"a word of libreswan", "esp=aes256-sha256-modp2048!", "esp=aes_gcm256!", false, ipsec.Broken, "bad_proposal"},
		{"a word that nobody knows", "esp=aes256-sha256-modp2048!", "esp=aes256-sha256-kyber9!", false, ipsec.Unknown, ""},
		{"PFS group", "esp=aes256-sha256-modp2048!", "esp=aes256-sha256-modp4096!", false, ipsec.Flawed, "rekey_refused"},
		{"PFS at one end", "esp=aes256-sha256-modp2048!", "esp=aes256-sha256!", false, ipsec.Flawed, "rekey_refused"},
		{"PFS at no end", "esp=aes256-sha256-modp2048!", "esp=aes256-sha256!", true, ipsec.Sound, ""},
		{"ESN", "esp=aes256-sha256-modp2048!", "esp=aes256-sha256-modp2048-esn!", false, ipsec.Broken, "no_common_proposal"},
		{"defaults at one end", "ike=aes256-sha256-modp2048!", "ike=3des-md5-modp1024", false, ipsec.Flawed, "weak_algorithm"},
		{"nobody can be dialled", "right=198.51.100.20", "right=%any", false, ipsec.Flawed, "cannot_dial"},
		{"IKEv1", "keyexchange=ikev2", "keyexchange=ikev1\n\tike=aes256-sha256-modp2048!", true, ipsec.Sound, ""},
		{"no reopening after DELETE", "closeaction=restart", "closeaction=none", false, ipsec.Flawed, "no_reopen"},
		{"one try", "keyingtries=%forever", "keyingtries=1", false, ipsec.Flawed, "gives_up"},
		{"the default of three tries", "\tkeyingtries=%forever\n", "", false, ipsec.Flawed, "gives_up"},
		{"no DPD", "\tdpddelay=10s\n\tdpdaction=restart\n", "", false, ipsec.Flawed, "no_recovery no_dpd"},
		{"peer inside its network", "rightsubnet=10.2.0.0/16", "rightsubnet=192.0.2.0/24", true, ipsec.Flawed, "subnet_covers_peer subnet_covers_peer"},
		{"a value that strongSwan does not take", "type=tunnel", "type=tunel", false, ipsec.Broken, "bad_value type_differs"},
		{"a parameter that nobody knows", "type=tunnel", "type=tunnel\n\tquantumness=yes", false, ipsec.Unknown, ""},
		{"a parameter of libreswan", "type=tunnel", "type=tunnel\n\tphase2alg=aes128-sha1", false, ipsec.Flawed, "other_daemons"},
		{"an include that was not followed", "config setup\n", "include /etc/ipsec.d/*.conf\nconfig setup\n", false, ipsec.Unknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, openingEnd, c.old)
			a, b := strings.Replace(openingEnd, c.old, c.new, 1), waitingEnd(openingEnd)
			if c.both {
				b = waitingEnd(a)
			}
			r := mirrorTexts(t, a, b, conf.DialectStrongSwan)
			assert.Equal(t, c.verdict, r.Verdict, "%s", r)
			assert.Equal(t, c.codes, strings.Join(codes(r), " "), "%s", r)
			if c.verdict == ipsec.Unknown {
				assert.Equal(t, opskit.Unknown, r.Level())
			}
		})
	}
	two := strings.NewReplacer("leftsubnet=10.1.0.0/16", "leftsubnet=10.1.0.0/16,10.3.0.0/16").Replace(openingEnd)
	assert.Equal(t, ipsec.Sound, mirrorTexts(t, two, waitingEnd(two), conf.DialectStrongSwan).Verdict)
	two = strings.Replace(two, "ikev2", "ikev1", 1)
	r := mirrorTexts(t, two, waitingEnd(two), conf.DialectStrongSwan)
	assert.Equal(t, []string{"one_network", "one_network"}, codes(r), "IKEv1 carries the first network only")
}

func TestMirrorComparesAllConnections(t *testing.T) {
	const a = `conn base
	keyexchange=ikev2
	left=192.0.2.1
	leftsubnet=10.1.0.0/16
	right=192.0.2.2
	ike=aes256-sha256-modp2048!
	esp=aes256-sha256-modp2048!
	authby=secret
	dpdaction=restart
	dpddelay=30s
	keyingtries=%forever
	closeaction=restart
conn n1
	also=base
	rightsubnet=10.2.0.0/16
	auto=start
conn n2
	also=base
	rightsubnet=10.3.0.0/16
	auto=start
`
	b := strings.NewReplacer("rightsubnet=10.3", "rightsubnet=10.33").Replace(waitingEnd(a))
	r := mirrorTexts(t, a, b, conf.DialectStrongSwan)
	require.Len(t, r.Pairs, 2, "base is a template")
	assert.Equal(t, ipsec.Sound, r.Pairs[0].Verdict, "%s", r)
	assert.Equal(t, "conn n2", r.Pairs[1].Subject)
	assert.Equal(t, ipsec.Broken, r.Pairs[1].Verdict)
	assert.Equal(t, ipsec.Broken, r.Verdict)
	ca, err := conf.Parse("a.conf", a, conf.DialectStrongSwan)
	require.NoError(t, err)
	assert.Equal(t, []string{"n1", "n2"}, ca.TunnelNames())
}

// The dialect is seen in what only one family has; where nothing shows it, a
// finding of one family alone names it and breaks nothing.
func TestMirrorOfAnUnknownDialect(t *testing.T) {
	bare := strings.NewReplacer("ike=aes256-sha256-modp2048!\n", "\n", "esp=aes256-sha256-modp2048!\n", "\n", "\tcloseaction=restart\n", "", "dpddelay=10s", "dpddelay=10").Replace(openingEnd)
	wide := strings.Replace(waitingEnd(bare), "10.2.0.0/16", "10.2.0.0/15", 1)
	r := mirrorTexts(t, bare, wide, conf.DialectUnknown)
	require.Len(t, r.Find("subnets_differ"), 1)
	assert.Equal(t, ipsec.SeverityWarning, r.Find("subnets_differ")[0].Severity, "strongSwan narrows")
	assert.NotEqual(t, ipsec.Broken, r.Verdict)
	assert.Contains(t, r.String(), "fatal if this is libreswan")
	for text, want := range map[string]conf.Dialect{
		openingEnd: conf.DialectStrongSwan, bare: conf.DialectUnknown,
		"conn c\n\tikev2=insist\n": conf.DialectLibreswan, "conn c\n\tike=aes;modp2048\n": conf.DialectLibreswan,
		"config setup\n\tprotostack=netkey\n": conf.DialectLibreswan, "conn c\n\tleftfirewall=yes\n": conf.DialectStrongSwan,
	} {
		c, err := conf.Parse("x.conf", text, conf.DialectUnknown)
		require.NoError(t, err)
		assert.Equal(t, want, c.Dialect, text)
	}
}

func TestLibreswanRefusesWhatItDoesNotKnow(t *testing.T) {
	const file = "config setup\n\tprotostack=xfrm\nconn c\n\tikev2=insist\n\tleft=192.0.2.1\n\tleftid=@l\n\tright=192.0.2.2\n\trightid=@r\n" +
		"\tauthby=secret\n\tdpddelay=10\n\tdpdtimeout=60\n\tdpdaction=restart\n\tauto=start\n"
	sound := mirrorTexts(t, file, strings.Replace(file, "auto=start", "auto=add", 1), conf.DialectLibreswan)
	assert.Equal(t, ipsec.Sound, sound.Verdict, "%s", sound)
	for _, line := range []string{"closeaction=restart", "auto=trap", "type=beet", "dpdaction=none", "ike=aes256gcm16-prfsha256-x25519"} {
		bad := strings.Replace(file, "\tauto=start", "\t"+line+"\n\tauto=start", 1)
		if name, _, _ := strings.Cut(line, "="); name == "auto" || name == "dpdaction" {
			bad = strings.Replace(file, "\t"+name+"="+map[string]string{"auto": "start", "dpdaction": "restart"}[name], "\t"+line, 1)
		}
		assert.Equal(t, ipsec.Broken, mirrorTexts(t, bad, strings.Replace(file, "auto=start", "auto=add", 1), conf.DialectLibreswan).Verdict, line)
	}
}
