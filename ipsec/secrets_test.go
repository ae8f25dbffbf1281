package ipsec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

func TestCompareKeys(t *testing.T) {
	const strong, other = "9Xo2aMSVn1pDz0Wf3yHq7LkTbUcR5eJg", "Wf3yHq7LkTbUcR5eJg9Xo2aMSVn1pDz0"
	const ids = "10.0.61.63 172.31.16.163"
	for _, c := range []struct {
		name, a, b string
		same       *bool
		missing    []string
		weak       bool
	}{
		{"the blog's", ids + `: PSK "bjimQ0jc"`, `172.31.16.163 10.0.61.63: PSK "bjimQ0jc"`, new(true), nil, true},
		{"the same", ids + ` : PSK "` + strong + `"`, ids + ` : psk "` + strong + `" # note`, new(true), nil, false},
		{"different", ids + ` : PSK "` + strong + `"`, ids + ` : PSK "` + other + `"`, new(false), nil, false},
		{"trailing white space", ids + " : PSK \"" + strong + "\"  \r\n", ids + "\t:\tPSK\t\"" + strong + "\"\n", new(true), nil, false},
		{"continued on the next line", ids + " :\n\tPSK \"" + strong + "\"", ids + " : PSK '" + strong + "'", new(true), nil, false},
		{"the exact line wins", ": PSK \"" + other + "\"\n" + ids + " : PSK \"" + strong + "\"\n%any : PSK \"" + other + "\"\n", ": PSK \"" + strong + "\"", new(true), nil, false},
		{"somebody else's only", "192.0.2.7 192.0.2.8 : PSK \"" + strong + "\"", ids + " : PSK \"" + strong + "\"", nil, []string{"eu-west-1"}, false},
		{"no file", "", "# nothing\n", nil, []string{"eu-west-1", "us-east-1"}, false},
		{"a key of another kind", ": RSA key.pem\n" + ids + " : XAUTH \"x\"", ids + " : PSK \"" + strong + "\"", nil, []string{"eu-west-1"}, false},
		{"hexadecimal and base64", ids + " : PSK 0x3958326f414d53566e317044", ids + " : PSK 0sOVgyb0FNU1ZuMXBE", new(true), nil, true},
		{"one selector is less than two", ids + " : PSK \"" + strong + "\"\n172.31.16.163 : PSK \"" + other + "\"", "172.31.16.163 : PSK \"" + other + "\"\n" + ids + " : PSK \"" + strong + "\"", new(true), nil, false},
		{"an empty selector", "\"\" : PSK \"x\"\n" + ids + " : PSK \"" + strong + "\"", ids + " : PSK \"" + strong + "\"", new(true), nil, false},
		{"an open quote", ids + " : PSK \"" + strong, ids + " : PSK \"" + strong + "\"", nil, []string{"eu-west-1"}, false},
		{"an IPv6 selector", "2001:db8::1 : PSK \"" + other + "\"\n" + ids + ":PSK \"x\"\n" + ids + " : PSK \"" + strong + "\"", ids + " : PSK \"" + strong + "\"", new(true), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := blogEnds(nil)
			k := ipsec.CompareKeys(a, b, c.a, c.b)
			require.NotNil(t, k)
			assert.Equal(t, c.same, k.Same)
			assert.Equal(t, c.missing, k.Missing)
			assert.Equal(t, c.weak, k.Weakness != "")
			data, err := json.Marshal(k)
			require.NoError(t, err)
			assert.NotContains(t, string(data), strong)
			a.Keys = k
			r := ipsec.Mirror(a, b)
			assert.Len(t, r.Find("no_key"), len(c.missing))
			assert.Equal(t, c.same != nil && !*c.same, len(r.Find("key_differs")) == 1)
			assert.Equal(t, c.weak, len(r.Find("weak_key")) == 1)
		})
	}
	a, b := blogEnds(nil)
	// What Debian installs: the key is in another file, which is not missing.
	const included = "# managed elsewhere\ninclude /etc/ipsec.d/*.secrets\n"
	k := ipsec.CompareKeys(a, b, included, ids+" : PSK \""+strong+"\"")
	require.NotNil(t, k)
	assert.Nil(t, k.Same)
	assert.Empty(t, k.Missing)
	assert.Equal(t, []string{"eu-west-1"}, k.Unread)
	a.Keys = k
	r := ipsec.Mirror(a, b)
	assert.Empty(t, r.Find("no_key"))
	assert.Contains(t, r.String(), "eu-west-1: the pre-shared key of these two identities")
	k = ipsec.CompareKeys(a, b, included+ids+" : PSK \""+strong+"\"", ids+" : PSK \""+strong+"\"")
	assert.Equal(t, new(true), k.Same, "one that is there is there")
	assert.Empty(t, k.Unread)

	assert.Nil(t, ipsec.CompareKeys(a, ipsec.End{}, "", ""))
	byCert, err := conf.Parse("x", "conn tunnel\n\tleft=192.0.2.1\n\tleftcert=a.pem\n\tright=192.0.2.2\n", conf.DialectLibreswan)
	require.NoError(t, err)
	assert.Nil(t, ipsec.CompareKeys(a, ipsec.End{Conf: byCert}, "", ""), "whose key it is cannot be told")
}

func FuzzMirror(f *testing.F) {
	f.Add(westStanza, eastStanza, uint8(2), `a b : PSK "x"`)
	f.Add("conn a\n\tleft=%any\n\tright=192.0.2.1\n\tike=aes-sha1;modp1024\n\tesp=3des!\n\tleftsubnet=10/8,x\n", "conn a\n\tleftid=@[x]\n\tleftsubnets={10.0.0.0/255.0.0.0}", uint8(3), ":")
	f.Fuzz(func(t *testing.T, west, east string, d uint8, secrets string) {
		var ends [2]ipsec.End
		for i, text := range []string{west, east} {
			c, _ := conf.Parse("f", text, conf.Dialect(d%4)) // what could be read is compared
			ends[i] = ipsec.End{Conf: c}
		}
		ends[0].Keys = ipsec.CompareKeys(ends[0], ends[1], secrets, secrets)
		r := ipsec.Mirror(ends[0], ends[1])
		again := ipsec.Mirror(ends[0], ends[1])
		require.Equal(t, r.String(), again.String(), "the same evidence, the same report")
		for _, f := range r.Findings {
			require.NotEqual(t, ipsec.SeverityUnknown, f.Severity)
			require.NotEmpty(t, f.Code)
		}
	})
}

func FuzzCheckLog(f *testing.F) {
	f.Add("restart.log", restartLog)
	f.Add("", "No KLIPS support found while requested\r\n\x1b[2J")
	f.Fuzz(func(t *testing.T, name, text string) {
		r := ipsec.CheckLog(name, text)
		assert.Equal(t, strings.Contains(text, "No KLIPS support found while requested"), r.Verdict != ipsec.Unknown, "%q", text)
		assert.Equal(t, r.Level(), r.Judge())
		assert.NotContains(t, r.String(), "\x1b")
	})
}
