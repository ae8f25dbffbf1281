package ipsec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// What swanctl of strongSwan 5.9.8 printed of one live tunnel, whose connection is
// branch and whose child is offices.
const (
	listSAs = `branch: #1, ESTABLISHED, IKEv2, b305a75728afc223_i* 517791d7fadb7944_r
  local  'west' @ 192.0.2.1[4500]
  remote 'east' @ 192.0.2.2[4500]
  AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048
  established 3s ago, rekeying in 13301s
  offices: #1, reqid 1, INSTALLED, TUNNEL-in-UDP, ESP:AES_GCM_16-256
    installed 3s ago, rekeying in 3491s, expires in 3957s
    in  75c01daa,    252 bytes,     3 packets,     0s ago
    out 793fe546,    252 bytes,     3 packets,     0s ago
    local  10.1.0.0/16
    remote 10.2.0.0/16
`
	listSAsRaw = `list-sa event {branch {uniqueid=1 version=2 state=ESTABLISHED local-host=192.0.2.1 local-port=4500 local-id=west remote-host=192.0.2.2 remote-port=4500 remote-id=east initiator=yes initiator-spi=b305a75728afc223 responder-spi=517791d7fadb7944 nat-remote=yes nat-any=yes encr-alg=AES_CBC encr-keysize=256 integ-alg=HMAC_SHA2_256_128 prf-alg=PRF_HMAC_SHA2_256 dh-group=MODP_2048 established=3 rekey-time=13301 child-sas {offices-1 {name=offices uniqueid=1 reqid=1 state=INSTALLED mode=TUNNEL protocol=ESP encap=yes spi-in=75c01daa spi-out=793fe546 encr-alg=AES_GCM_16 encr-keysize=256 bytes-in=252 packets-in=3 use-in=0 bytes-out=252 packets-out=3 use-out=0 rekey-time=3491 life-time=3957 install-time=3 local-ts=[10.1.0.0/16] remote-ts=[10.2.0.0/16]}}}}
list-sas reply {}
`
	listConns = `branch: IKEv2, no reauthentication, rekeying every 14400s, dpd delay 10s
  local:  192.0.2.1
  remote: 192.0.2.2
  local pre-shared key authentication:
    id: west
  remote pre-shared key authentication:
    id: east
  offices: TUNNEL, rekeying every 3600s, dpd action is start
    local:  10.1.0.0/16
    remote: 10.2.0.0/16
`
	listConnsRaw = `list-conn event {branch {local_addrs=[192.0.2.1] remote_addrs=[192.0.2.2] version=IKEv2 reauth_time=0 rekey_time=14400 unique=UNIQUE_NO dpd_delay=10 local-1 {id=west class=pre-shared key groups=[] cert_policy=[] certs=[] cacerts=[]} remote-1 {id=east class=pre-shared key groups=[] cert_policy=[] certs=[] cacerts=[]} children {offices {mode=TUNNEL rekey_time=3600 rekey_bytes=0 rekey_packets=0 dpd_action=start close_action=start local-ts=[10.1.0.0/16] remote-ts=[10.2.0.0/16]}}}}
list-conns reply {}
`
)

func TestSwanctlTextAndRawAreOneState(t *testing.T) {
	text := parse(t, "swanctl", listConns+listSAs)
	raw := parse(t, "swanctl", listConnsRaw+listSAsRaw)
	for i := range raw.IKE {
		raw.IKE[i].Line = text.IKE[i].Line
	}
	for i := range raw.Child {
		raw.Child[i].Line = text.Child[i].Line
	}
	assert.Equal(t, text, raw)
	for _, conns := range [][]string{nil, {"branch"}, {"offices"}} {
		st := text.State(conns...)
		assert.Equal(t, ipsec.LinkUp, st.Verdict, "%s", st)
		require.Len(t, st.Tunnels, 1)
		assert.Equal(t, opskit.OK, st.Level())
	}
	assert.Equal(t, ipsec.LinkNotLoaded, text.State("other").Verdict)
	assert.Equal(t, ipsec.LinkDown, parse(t, "swanctl --list-conns and --list-sas", listConns).State("offices").Verdict)
	assert.Equal(t, ipsec.LinkDown, parse(t, "swanctl --list-sas", "").State("offices").Verdict, "an empty list is an answer")
	assert.Equal(t, ipsec.LinkDown, parse(t, "swanctl --list-sas --raw", "list-sas reply {}\n").State("offices").Verdict)
	silent := strings.Replace(listSAs, "3 packets,     0s ago\n    out", "3 packets,     11s ago\n    out", 1)
	assert.Equal(t, ipsec.LinkOneWay, parse(t, "swanctl --list-sas", silent).State().Verdict, "nothing came in for 11 s")
	odd := strings.Replace(listSAs, "offices: #1, reqid 1, INSTALLED,", "offices: #1, INSTALLED in a new way,", 1)
	assert.NotContains(t, []ipsec.Link{ipsec.LinkDown, ipsec.LinkIKEOnly}, parse(t, "swanctl --list-sas", odd).State().Verdict, "a line that was not read")
	cut := parse(t, "swanctl --list-sas --raw", listSAsRaw[:300]+"\n")
	assert.Equal(t, ipsec.LinkUnknown, cut.State("offices").Verdict)
	connecting := "branch: #2, CONNECTING, IKEv2, b305a75728afc223_i* 0000000000000000_r\n  local  '%any' @ 192.0.2.1[500]\n  remote '%any' @ 192.0.2.2[500]\n"
	st := parse(t, "swanctl", listConns+connecting).State()
	assert.Equal(t, ipsec.LinkConnecting, st.Verdict)
	assert.Contains(t, st.String(), "has never answered")
}

const swanctlWest = `connections {
   branch {
      version = 2
      local_addrs = 192.0.2.1
      remote_addrs = 192.0.2.2
      proposals = aes256-sha256-modp2048
      dpd_delay = 10s
      keyingtries = 0
      local { 
         auth = psk
         id = west
      }
      remote {
         auth = psk
         id = east
      }
      children {
         offices {
            local_ts = 10.1.0.0/16
            remote_ts = 10.2.0.0/16
            esp_proposals = aes256gcm16
            start_action = start
            dpd_action = restart
            close_action = start
         }
      }
   }
}
secrets {
   ike-1 {
      secret = "SENTINELkey0123456789abcdef"
   }
}
`

func swanctlEast() string {
	return strings.NewReplacer("192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1", "west", "east", "east", "west", "10.1.0", "10.2.0", "10.2.0", "10.1.0",
		"start_action = start\n", "\n", "dpd_action = restart", "", "close_action = start", "").Replace(swanctlWest)
}

// The pair came up live; each change is one that two daemons refused, or that
// swanctl.conf(5) says does the same.
func TestMirrorOfSwanctl(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		verdict        ipsec.Verdict
		code           string
	}{
		{"as it is", "branch {", "branch {", ipsec.Sound, ""},
		{"another name for the connection", "branch {", "other {", ipsec.Sound, ""},
		{"another name for the child", "offices {", "houses {", ipsec.Sound, ""},
		{"the defaults of IKE", "proposals = aes256-sha256-modp2048", "proposals = default", ipsec.Sound, ""},
		{"cipher", "aes256-sha256-modp2048", "aes128-sha256-modp2048", ipsec.Broken, "no_common_proposal"},
		{"AEAD", "esp_proposals = aes256gcm16", "esp_proposals = aes256-sha256", ipsec.Broken, "no_common_proposal"},
		{"identity", "id = east", "id = west2", ipsec.Broken, "id_differs"},
		{"version", "version = 2", "version = 1", ipsec.Broken, "version_differs"},
		{"selectors", "remote_ts = 10.2.0.0/16", "remote_ts = 10.9.0.0/16", ipsec.Broken, "subnets_differ"},
		{"selectors of the gateway alone", "local_ts = 10.1.0.0/16", "local_ts = dynamic", ipsec.Broken, "subnets_differ"},
		{"words in capitals", "aes256-sha256-modp2048", "AES256-SHA256-MODP2048", ipsec.Broken, "bad_proposal"},
		{"a list within one proposal", "aes256-sha256-modp2048", "aes128-aes256-sha256-sha512-modp2048-ecp256", ipsec.Sound, ""},
		{"a PRF is mandatory", "aes256-sha256-modp2048", "aes256gcm16-modp2048", ipsec.Broken, "bad_proposal"},
		{"BEET falls back", "start_action = start", "start_action = start\n            mode = beet", ipsec.Flawed, "type_differs"},
		{"transport", "start_action = start", "start_action = start\n            mode = transport", ipsec.Broken, "type_differs"},
		{"a start that there is not", "start_action = start", "start_action = begin", ipsec.Broken, "bad_value"},
		{"a typed identity", "id = west", "id = fqdn:west", ipsec.Sound, ""},
		{"an identity of another type", "id = west", "id = email:west", ipsec.Broken, "id_differs"},
		{"the peer may be anybody", "id = east", "id = %any", ipsec.Sound, ""},
		{"nobody to dial", "remote_addrs = 192.0.2.2", "remote_addrs = %any", ipsec.Flawed, "cannot_dial"},
		{"both versions", "version = 2", "version = 0", ipsec.Sound, ""},
		{"both ESN", "aes256gcm16", "aes256gcm16-esn-noesn", ipsec.Sound, ""},
		{"ESN", "aes256gcm16", "aes256gcm16-esn", ipsec.Broken, "no_common_proposal"},
		{"a group for the rekey only", "aes256gcm16", "aes256gcm16-modp2048", ipsec.Flawed, "rekey_refused"},
		{"signatures", "auth = psk", "auth = pubkey", ipsec.Broken, "auth_differs"},
		{"narrowed", "remote_ts = 10.2.0.0/16", "remote_ts = 10.2.0.0/17", ipsec.Flawed, "subnets_differ"},
		{"a setting that is misspelled", "proposals = aes256", "propsals = aes256", ipsec.Broken, "misspelled_parameter"},
		{"a setting that nobody knows", "version = 2", "version = 2\n      quantum = yes", ipsec.Unknown, ""},
		{"no reopening", "close_action = start", "close_action = none", ipsec.Flawed, "no_reopen"},
		{"one try, the default", "      keyingtries = 0\n", "", ipsec.Flawed, "gives_up"},
		{"no DPD", "      dpd_delay = 10s\n", "", ipsec.Flawed, "no_recovery"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, swanctlWest, c.old)
			r := mirrorTexts(t, strings.Replace(swanctlWest, c.old, c.new, 1), swanctlEast(), conf.DialectUnknown)
			assert.Equal(t, c.verdict, r.Verdict, "%s", r)
			if c.code != "" {
				assert.NotEmpty(t, r.Find(c.code), "%s", r)
			}
		})
	}
}

// Whichever argument a file with keys is given as, no key comes out.
func TestNoKeyComesOutWhateverAFileIsGivenAs(t *testing.T) {
	const sentinel = "SENTINELkey0123456789abcdef"
	for name, text := range map[string]string{
		"ipsec.secrets":      "192.0.2.1 192.0.2.2 : PSK \"" + sentinel + "\"\n",
		"without selectors":  ": PSK " + sentinel + "\n",
		"continued":          "@west @east :\n\tPSK\n\t\"" + sentinel + "\"\n",
		"indented":           "  : XAUTH \"" + sentinel + "\"\n",
		"below a connection": "conn a\n\tleft=192.0.2.1\n192.0.2.1 : PSK \"" + sentinel + "\"\n",
		"swanctl.conf":       swanctlWest,
		"its secrets":        "ike-1 {\n  id = x\n  secret = " + sentinel + "\n}\n",
	} {
		for _, d := range append(conf.Dialects(), conf.DialectUnknown) {
			c, err := conf.Parse("x", text, d)
			r := ipsec.Mirror(ipsec.End{Conf: c}, ipsec.End{Conf: c})
			saved, jsonErr := json.Marshal(r)
			require.NoError(t, jsonErr)
			status, statusErr := ipsec.ParseStatus("x", text)
			log := ipsec.CheckLog("x", text)
			out := fmt.Sprint(err, r, string(saved), statusErr, status.State(), log)
			assert.NotContains(t, out, sentinel, "%s as %s", name, d)
			assert.NotContains(t, out, sentinel[:12], "%s as %s", name, d)
		}
	}
}

func TestSwanctlTemplatesAndIncludes(t *testing.T) {
	const text = `# comment
base { version = 2
  remote { id = east } }
connections {
  a : base { local_addrs = 192.0.2.1 # own
    remote_addrs = 192.0.2.2
    children { net { remote_ts = 10.2.0.0/16 }
      other : connections.a.children.net { remote_ts = 10.3.0.0/16 } } }
  include missing/*.conf
  b : nothing.there { children { net { } } }
}
`
	c, err := conf.Parse("swanctl.conf", text, conf.DialectUnknown)
	require.NoError(t, err)
	assert.Equal(t, conf.DialectSwanctl, c.Dialect)
	assert.Equal(t, []string{"net", "other", "b/net"}, c.TunnelNames())
	other, err := c.Conn("other")
	require.NoError(t, err)
	for name, want := range map[string]string{"left": "192.0.2.1", "rightid": "east", "rightsubnet": "10.3.0.0/16", "keyexchange": "ikev2", "auto": "add"} {
		p, _ := other.Get(name)
		assert.Equal(t, want, p.Value, name)
	}
	_, err = c.Conn("b/net")
	require.ErrorIs(t, err, conf.ErrNoSection, "the template is not there")
	assert.Len(t, c.Missing, 1)
	for _, bad := range []string{"connections {\n a {\n", "connections {\n a b\n }\n", "connections { } }\n"} {
		_, err := conf.Parse("x", bad, conf.DialectSwanctl)
		require.ErrorIs(t, err, conf.ErrSyntax, bad)
	}
}

// The blog's own stanzas, with the no-break spaces that its page has.
func TestPastedStanzasAreReadAsTheyWereMeant(t *testing.T) {
	for name, stanza := range map[string]string{"west": westStanza, "east": eastStanza} {
		pasted := strings.ReplaceAll(strings.ReplaceAll(stanza, "\t", "\u00a0\u00a0\u00a0 "), "    ", "\u00a0\u00a0\u00a0 ")
		clean, err := conf.Parse(name, stanza, conf.DialectOpenswan)
		require.NoError(t, err)
		c, err := conf.Parse(name, pasted, conf.DialectOpenswan)
		require.NoError(t, err)
		assert.Equal(t, clean.Sections, c.Sections)
		require.Len(t, c.Pasted, 1)
		assert.Contains(t, c.Pasted[0], "no-break")
		assert.Contains(t, ipsec.Mirror(ipsec.End{Conf: c}, ipsec.End{Conf: clean}).String(), c.Pasted[0])
	}
}
