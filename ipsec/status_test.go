package ipsec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
)

// What Openswan 2.6 prints for one connection with two IPsec SAs.
const openswanAuto = `000 using kernel interface: netkey
000 "tunnel": 172.31.0.0/16===172.31.16.163<172.31.16.163>[+S=C]...198.51.100.2<198.51.100.2>[10.0.61.63,+S=C]===10.0.0.0/16; erouted; eroute owner: #4
000 "tunnel":     myip=unset; hisip=unset;
000 #4: "tunnel":4500 STATE_QUICK_R2 (IPsec SA established); EVENT_SA_REPLACE in 27800s; newest IPSEC; eroute owner; isakmp#3; idle; import:admin initiate
000 #4: "tunnel" esp.8261d38d@198.51.100.2 esp.71e9743c@172.31.16.163 tun.0@198.51.100.2 tun.0@172.31.16.163 ref=0 refhim=4294901761
000 #3: "tunnel":4500 STATE_MAIN_R3 (sent MR3, ISAKMP SA established); EVENT_SA_REPLACE in 2600s; newest ISAKMP; lastdpd=-1s(seq in:0 out:0); idle; import:admin initiate
000 #2: "tunnel":4500 STATE_QUICK_I2 (sent QI2, IPsec SA established); EVENT_SA_REPLACE in 27000s; isakmp#1; idle; import:admin initiate
000 #1: "tunnel":4500 STATE_MAIN_I4 (ISAKMP SA established); EVENT_SA_REPLACE in 1800s; lastdpd=-1s(seq in:0 out:0); idle; import:admin initiate
`

const charonStatus = `Routed Connections:
      office{9}:  ROUTED, TUNNEL, reqid 4
      office{9}:   10.1.0.0/16 === 10.9.0.0/16
Security Associations (2 up, 1 connecting):
    roadwarrior[5]: ESTABLISHED 3 minutes ago, 192.0.2.1[gw.example.net]...203.0.113.7[C=CH, O=x, CN=carol]
    roadwarrior{7}:  INSTALLED, TUNNEL, reqid 2, ESP in UDP SPIs: c1a2b3c4_i c5d6e7f8_o
    roadwarrior{7}:   10.1.0.0/16 === 10.3.0.1/32
    roadwarrior[6]: ESTABLISHED 1 second ago, 192.0.2.1[gw.example.net]...203.0.113.8[dave@example.net]
    roadwarrior{8}:  INSTALLED, TUNNEL, reqid 3, ESP SPIs: c1a2b3c5_i c5d6e7f9_o
    roadwarrior{8}:   10.1.0.0/16 === 10.3.0.2/32
         branch[9]: CONNECTING, 192.0.2.1[%any]...198.51.100.77[%any]
`

func parse(t *testing.T, source, text string) *ipsec.Status {
	t.Helper()
	s, err := ipsec.ParseStatus(source, text)
	require.NoError(t, err)
	return s
}

func TestTwoTunnelsUpIsOneTunnelWithTwoSAs(t *testing.T) {
	s := parse(t, "service ipsec status", serviceStatus)
	assert.Equal(t, 2, *s.Counted)
	assert.Equal(t, 17635, s.PID)
	assert.True(t, *s.Running)
	st := s.State()
	assert.Equal(t, ipsec.LinkUnknown, st.Verdict, "a count names no tunnel")
	assert.NotEmpty(t, st.Gaps())

	st = s.State("tunnel")
	assert.Equal(t, ipsec.LinkUp, st.Verdict)
	require.Len(t, st.Tunnels, 1)
	assert.Equal(t, 2, st.Tunnels[0].Child)
	assert.Equal(t, "duplicate_sa", st.Findings[0].Code)
	assert.Equal(t, "counts_sas", st.Findings[1].Code)
	assert.Contains(t, st.String(), "this is one tunnel with 2 SAs")

	// The same from the detailed status, alone and joined with the short one.
	for _, text := range []string{openswanAuto, serviceStatus + openswanAuto} {
		s = parse(t, "ipsec auto --status", text)
		assert.Empty(t, s.Unseen)
		st = s.State()
		assert.Equal(t, ipsec.LinkUp, st.Verdict)
		require.Len(t, st.Tunnels, 1)
		assert.Equal(t, 2, st.Tunnels[0].Child)
		assert.Equal(t, 2, st.Tunnels[0].IKE)
		assert.Equal(t, 3, s.Child[0].IKE)
	}
	assert.Equal(t, ipsec.LinkUnknown, parse(t, "x", serviceStatus).State("tunnel", "other").Verdict, "which of two is up cannot be told")
}

func TestStatusOfTheService(t *testing.T) {
	for text, want := range map[string]ipsec.Link{
		"IPsec stopped\n": ipsec.LinkStopped,
		"whack: Pluto is not running (no \"/run/pluto/pluto.ctl\")\n":         ipsec.LinkStopped,
		"IPsec running  - pluto pid: 11655\npluto pid 11655\nNo tunnels up\n": ipsec.LinkDown,
		"IPsec running  - pluto pid: 11655\npluto pid 11655\n":                ipsec.LinkUnknown,
		"IPsec running  - pluto pid: 1\n1 tunnels up\nsome eroutes exist\n":   ipsec.LinkUp,
	} {
		assert.Equal(t, want, parse(t, "service ipsec status", text).State("tunnel").Verdict, "%q", text)
	}
}

func TestCharonStatus(t *testing.T) {
	s := parse(t, "ipsec status", charonStatus)
	assert.Equal(t, "strongswan", s.Daemon)
	assert.Empty(t, s.Unseen)
	require.Len(t, s.IKE, 3)
	assert.Equal(t, "C=CH, O=x, CN=carol", s.IKE[0].PeerID)
	assert.False(t, s.IKE[2].Established)
	require.Len(t, s.Child, 2)
	assert.True(t, *s.Child[0].InUDP)
	assert.False(t, *s.Child[1].InUDP)
	assert.Equal(t, 6, s.Child[1].IKE)
	st := s.State()
	assert.Equal(t, ipsec.LinkPartial, st.Verdict, "%s", st)
	require.Len(t, st.Findings, 1, "two peers of one connection are no duplicates")
	assert.Equal(t, "trapped", st.Findings[0].Code)
	assert.Equal(t, ipsec.SeverityNote, st.Findings[0].Severity)
	assert.Equal(t, []string{"office"}, s.Trapped)
	for i, want := range []ipsec.TunnelState{
		{Conn: "office", Verdict: ipsec.LinkDown},
		{Conn: "roadwarrior", Verdict: ipsec.LinkUp, IKE: 2, Child: 2},
		{Conn: "branch", Verdict: ipsec.LinkConnecting},
	} {
		st.Tunnels[i].Undecided = nil
		assert.Equal(t, want, st.Tunnels[i])
	}
	assert.Equal(t, ipsec.LinkDown, parse(t, "ipsec status", "Security Associations (0 up, 0 connecting):\n  none\n").State().Verdict)
}

// charon's "up" counts IKE SAs that are being deleted, too: the list is whole.
func TestCharonCountsWhatLeaves(t *testing.T) {
	s := parse(t, "ipsec status", `Security Associations (2 up, 1 connecting):
      tunnel[1]: DELETING, 192.0.2.1[192.0.2.1]...198.51.100.7[198.51.100.7]
      tunnel[2]: REKEYING, 192.0.2.1[192.0.2.1]...198.51.100.7[198.51.100.7]
      tunnel[3]: CONNECTING, 192.0.2.1[%any]...198.51.100.7[%any]
`)
	assert.Empty(t, s.Unseen)
	st := s.State("tunnel")
	assert.Equal(t, ipsec.LinkIKEOnly, st.Verdict, "%s", st)
	assert.Equal(t, 1, st.Tunnels[0].IKE, "the one that can be used")
}

// An SA for less than the connection names leaves the rest in clear, or nowhere.
func TestNarrowedSA(t *testing.T) {
	const head = `Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):
Connections:
      tunnel:  192.0.2.1...198.51.100.7  IKEv2, dpddelay=10s
      tunnel:   local:  [192.0.2.1] uses pre-shared key authentication
      tunnel:   child:  CHILD TUNNEL, dpdaction=restart
Security Associations (1 up, 0 connecting):
      tunnel[1]: ESTABLISHED 5 minutes ago, 192.0.2.1[192.0.2.1]...198.51.100.7[198.51.100.7]
      tunnel{1}:  INSTALLED, TUNNEL, reqid 1, ESP in UDP SPIs: c1a2b3c4_i c5d6e7f8_o
      tunnel{1}:  AES_CBC_128/HMAC_SHA2_256_128, 840 bytes_i (10 pkts, 1s ago), 840 bytes_o (10 pkts, 1s ago), rekeying in 40 minutes
      tunnel{1}:   INSTALLED
`
	for rule, c := range map[string]struct{ wanted, installed, left string }{
		"all of it":               {"10.1.0.0/16 === 10.2.0.0/16", "10.1.0.0/16 === 10.2.0.0/16", ""},
		"in another order":        {"10.1.0.0/16 10.3.0.0/16 === 10.2.0.0/16", "10.3.0.0/16 10.1.0.0/16 === 10.2.0.0/16", ""},
		"a part of one":           {"10.1.0.0/16 === 10.2.0.0/16", "10.1.4.0/24 === 10.2.0.0/16", "local 10.1.0.0/16"},
		"one of two":              {"10.1.0.0/16 === 10.2.0.0/16 10.4.0.0/16", "10.1.0.0/16 === 10.2.0.0/16", "remote 10.4.0.0/16"},
		"one protocol":            {"10.1.0.0/16 === 10.2.0.0/16", "10.1.0.0/16[tcp] === 10.2.0.0/16[tcp]", "local 10.1.0.0/16, remote 10.2.0.0/16"},
		"what is given at run":    {"dynamic === 10.2.0.0/16", "192.0.2.1/32 === 10.2.0.0/16", ""},
		"beside what is given so": {"dynamic === 10.2.0.0/16", "192.0.2.1/32 === 10.2.4.0/24", "remote 10.2.0.0/16"},
	} {
		t.Run(rule, func(t *testing.T) {
			st := parse(t, "ipsec statusall", strings.NewReplacer("CHILD", c.wanted, "   INSTALLED", "   "+c.installed).Replace(head)).State()
			assert.Equal(t, ipsec.LinkUp, st.Verdict)
			assert.Empty(t, st.Gaps())
			if c.left == "" {
				assert.Empty(t, st.Findings)
				return
			}
			require.Len(t, st.Findings, 1, "%s", st)
			assert.Equal(t, "narrowed", st.Findings[0].Code)
			assert.Contains(t, st.Findings[0].Message, ": "+c.left+" is not carried whole")
		})
	}
}

// An established SA is no proof that packets take it.
func TestEstablishedIsNotUsed(t *testing.T) {
	for text, why := range map[string]string{
		openswanAuto: "the output shows no counters",
		"000 #2: \"tunnel\", type=ESP, add_time=1, inBytes=0, outBytes=0, id='198.51.100.2'\n": "no byte has gone through yet",
		serviceStatus: "the output shows no counters",
	} {
		st := parse(t, "status", text).State("tunnel")
		assert.Equal(t, ipsec.LinkUp, st.Verdict, text)
		assert.Contains(t, st.String(), "whether packets take tunnel ("+why)
	}
}

// libreswan loads a connection once for each pair of networks; one pair that is
// down must not hide behind the others.
func TestPairsOfNetworksAreJudgedOneByOne(t *testing.T) {
	const text = `000 using kernel interface: xfrm
000 "site/1x1": 10.1.0.0/16===192.0.2.1...198.51.100.7===10.8.0.0/16; erouted; eroute owner: #2
000 "site/1x2": 10.1.0.0/16===192.0.2.1...198.51.100.7===10.9.0.0/16; prospective erouted; eroute owner: #0
000 Total IPsec connections: loaded 2, active 1
000 #1: "site/1x1":500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); REKEY in 27000s; newest; idle;
000 #2: "site/1x1":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); REKEY in 27000s; newest; eroute owner; IKE SA #1; idle;
000 #2: "site/1x1" esp.a@198.51.100.7 esp.b@192.0.2.1 Traffic: ESPin=84B ESPout=84B ESPmax=2^63B
`
	s := parse(t, "ipsec status", text)
	assert.Equal(t, []string{"site/1x2"}, s.Trapped)
	for _, st := range []*ipsec.State{s.State(), s.State("site")} {
		assert.Equal(t, ipsec.LinkPartial, st.Verdict, "%s", st)
		require.Len(t, st.Tunnels, 2)
		assert.Equal(t, "site/1x1", st.Tunnels[0].Conn)
		assert.Equal(t, ipsec.LinkUp, st.Tunnels[0].Verdict)
		assert.Equal(t, ipsec.LinkDown, st.Tunnels[1].Verdict)
		assert.Equal(t, st.Level(), st.Judge())
	}
	assert.Equal(t, ipsec.LinkPartial, s.State("site", "other").Verdict)
	assert.Len(t, s.State("sit").Tunnels, 1, "a name is not the beginning of another")
}

func TestCharonTemplates(t *testing.T) {
	s := parse(t, "ipsec statusall", `Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):
Connections:
          rw:  192.0.2.1...%any  IKEv2, dpddelay=30s
          rw:   local:  [gw] uses public key authentication
          rw:   child:  10.1.0.0/16 === dynamic TUNNEL, dpdaction=clear
         rwb:   child:  10.2.0.0/16 === dynamic TUNNEL, dpdaction=clear
      branch:  192.0.2.1...198.51.100.7  IKEv2
      branch:   child:  10.1.0.0/16 === 10.7.0.0/16 TUNNEL
Security Associations (0 up, 0 connecting):
  none
`)
	assert.Equal(t, []string{"rw", "rwb", "branch"}, s.Conns)
	assert.Equal(t, []string{"rw", "rwb"}, s.Templates)
	assert.Equal(t, "5.9.8", s.Version)
	assert.Equal(t, []ipsec.TunnelState{{Conn: "branch", Verdict: ipsec.LinkDown}}, s.State().Tunnels)
}

func TestLibreswanFormsOfOneState(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		ike, child int
		verdict    ipsec.Link
	}{
		"5, IKEv2":                 {`#1: "c":500 established IKE SA; newest; idle;` + "\n" + `#2: "c":500 established Child SA; newest; eroute owner; IKE SA #1; idle;`, 1, 1, ipsec.LinkUp},
		"5, IKEv1":                 {`#1: "c":500 ISAKMP SA established; idle;` + "\n" + `#2: "c":500 IPsec SA established; ISAKMP SA #1; idle;`, 1, 1, ipsec.LinkUp},
		"4":                        {`000 #1: "c":500 STATE_V2_ESTABLISHED_IKE_SA (established IKE SA); idle;` + "\n" + `000 #2: "c":500 STATE_V2_ESTABLISHED_CHILD_SA (established Child SA); IKE SA #1; idle;`, 1, 1, ipsec.LinkUp},
		"3":                        {`000 #1: "c":4500 STATE_PARENT_I3 (PARENT SA established); idle;` + "\n" + `000 #2: "c":4500 STATE_V2_IPSEC_I (IPsec SA established); isakmp#1; idle;`, 1, 1, ipsec.LinkUp},
		"IKE alone":                {`#1: "c":500 established IKE SA; newest; idle;`, 1, 0, ipsec.LinkIKEOnly},
		"half open":                {`#1: "c":500 sent IKE_SA_INIT response, waiting for IKE_AUTH request; DISCARD in 190s; idle;`, 0, 0, ipsec.LinkConnecting},
		"an instance, an IPv6 one": {`#2: "c"[1] 2001:db8:1:2::23:500 established Child SA; IKE SA #1; idle;`, 0, 1, ipsec.LinkUp},
		"over TCP":                 {`#2: "c":4500(tcp) established Child SA; IKE SA #1; idle;`, 0, 1, ipsec.LinkUp},
		"rekeying the IKE SA":      {`#1: "c":500 established IKE SA; idle;` + "\n" + `#3: "c":500 sent CREATE_CHILD_SA request to rekey IKE SA; idle;`, 1, 0, ipsec.LinkIKEOnly},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, "ipsec showstates", c.text+"\n")
			assert.Empty(t, s.Unseen)
			assert.Equal(t, c.ike, established(s.IKE), "IKE")
			assert.Equal(t, c.child, established(s.Child), "child")
			assert.Equal(t, c.verdict, s.State().Verdict)
		})
	}
}

func TestTrafficStatus(t *testing.T) {
	s := parse(t, "ipsec trafficstatus", `006 #2: "tunnel/1x2"[1] 192.0.2.7, username=it's, type=ESP, add_time=1700000000, inBytes=0, outBytes=4096, maxBytes=2^63B, id='C=CA, O="a, b", inBytes=7', lease=10.0.0.1/32
#4: "other", type=ESP, add_time=1700000000, inBytes=18446744073709551615, outBytes=1, maxBytes=2^63B, id='@east'
`)
	assert.Empty(t, s.Unseen)
	require.Len(t, s.Child, 2)
	assert.Equal(t, `C=CA, O="a, b", inBytes=7`, s.Child[0].PeerID)
	assert.Equal(t, "[1] 192.0.2.7", s.Child[0].Instance)
	assert.Equal(t, uint64(1<<64-1), *s.Child[1].InBytes)
	st := s.State("tunnel", "other", "third")
	assert.Equal(t, ipsec.LinkPartial, st.Verdict)
	assert.Equal(t, ipsec.LinkOneWay, st.Tunnels[0].Verdict, "tunnel/1x2 is one of tunnel's")
	assert.Equal(t, ipsec.LinkDown, st.Tunnels[2].Verdict)
	assert.Equal(t, "one_way", st.Findings[0].Code)
	assert.Contains(t, st.String(), "IKE SAs and connections without an SA")
	assert.Equal(t, ipsec.LinkDown, parse(t, "ipsec whack --trafficstatus", "").State().Verdict, "an empty list is an answer")
}

func TestStatusThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"", "\n\n", "bash: ipsec: command not found\n", "Command 'ipsec' \x1b[1mnot\n"} {
		s, err := ipsec.ParseStatus("ipsec status", text)
		require.ErrorIs(t, err, ipsec.ErrNoStatus, "%q", text)
		assert.NotContains(t, err.Error(), "\x1b")
		assert.Equal(t, ipsec.LinkUnknown, s.State("tunnel").Verdict, "%q", text)
	}
	for _, text := range []string{
		"#2: \"c\n",
		"#99999999999999999999999: \"c\":500 established IKE SA;\n",
		"#2: \"c\", type=ESP, add_time=1, outBytes=1\n",
		"Security Associations (1 up, 0 connecting):\n  tunnel[1]: FLYING, 192.0.2.1[a]...192.0.2.2[b]\n",
		"IKE SAs: total(3), half-open(0)\n#1: \"c\":500 established IKE SA; idle;\n",
	} {
		s := parse(t, "ipsec status", text)
		assert.NotEmpty(t, s.Unseen, "%q", text)
		assert.NotContains(t, s.State().String(), "nothing more")
	}
}

func TestTrafficUnits(t *testing.T) {
	for text, want := range map[string]uint64{"84B": 84, "2KB": 2048, "3MB": 3 << 20, "1GB": 1 << 30} {
		s := parse(t, "ipsec status", "#1: \"c\":500 established Child SA; IKE SA #9; idle;\n#1: \"c\" esp.1@192.0.2.1 esp.2@192.0.2.2 Traffic: ESPin="+text+" ESPout=0B ESPmax=2^63B \n")
		assert.Equal(t, want, *s.Child[0].InBytes, text)
		assert.Equal(t, uint64(0), *s.Child[0].OutBytes)
		assert.Equal(t, 9, s.Child[0].IKE)
	}
}

func TestOneWayIsJudgedOverAllSAs(t *testing.T) {
	const two = `#2: "c", type=ESP, add_time=1, inBytes=%s, outBytes=0, maxBytes=2^63B, id='@x'
#3: "c", type=ESP, add_time=1, inBytes=0, outBytes=168, maxBytes=2^63B, id='@x'
`
	for in, want := range map[string][]string{"84": {"duplicate_sa"}, "0": {"duplicate_sa", "one_way"}} {
		var got []string
		for _, f := range parse(t, "ipsec trafficstatus", strings.Replace(two, "%s", in, 1)).State().Findings {
			got = append(got, f.Code)
		}
		assert.Equal(t, want, got)
	}
}

func TestStateVerdictsOfSeveral(t *testing.T) {
	text := "#1: \"a\":500 established IKE SA; idle;\n#2: \"a\":500 established Child SA; IKE SA #1; idle;\n#3: \"b\":500 established Child SA; IKE SA #1; idle;\n"
	st := parse(t, "ipsec showstates", text).State("a", "b")
	assert.Equal(t, ipsec.LinkUp, st.Verdict)
	assert.Equal(t, 1, st.Tunnels[1].IKE, "b is carried by the IKE SA that has a's name")
	assert.Equal(t, ipsec.LinkPartial, parse(t, "ipsec showstates", text).State("a", "b", "c").Verdict)
	assert.Equal(t, opskit.Unknown, new(ipsec.State).Judge())
}

func FuzzParseStatus(f *testing.F) {
	f.Add("ipsec auto --status", openswanAuto)
	f.Add("service ipsec status", serviceStatus)
	f.Add("swanctl", listConns+listSAs)
	f.Add("swanctl --raw", listConnsRaw+listSAsRaw)
	f.Add("ipsec status", charonStatus)
	f.Add("ipsec trafficstatus", `#2: "c"[1] 192.0.2.7, type=ESP, add_time=1, inBytes=0, outBytes=4096, maxBytes=2^63B, id='@x'`)
	f.Add("ipsec status", `#2: "c" esp.1@a Traffic: ESPin=1KB ESPout=99999999999999999999B`)
	f.Fuzz(func(t *testing.T, source, text string) {
		s, err := ipsec.ParseStatus(source, text)
		if err != nil {
			require.ErrorIs(t, err, ipsec.ErrNoStatus)
		}
		st := s.State("tunnel")
		for _, r := range strings.TrimSuffix(st.String(), "\n") {
			require.True(t, r == '\n' || r >= ' ', "control character in the text")
		}
		_ = s.State()
	})
}
