package explain_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/explain"
)

// The pieces of which the daemons' logs are put together, as they were seen live.
const (
	charonInit = `13[IKE] initiating IKE_SA tunnel[1] to 192.0.2.2
13[ENC] generating IKE_SA_INIT request 0 [ SA KE No N(NATD_S_IP) ]
13[NET] sending packet: from 192.0.2.1[500] to 192.0.2.2[500] (464 bytes)
`
	charonAuth = charonInit + `15[ENC] parsed IKE_SA_INIT response 0 [ SA KE No N(NATD_S_IP) ]
15[IKE] authentication of '192.0.2.1' (myself) with pre-shared key
15[ENC] generating IKE_AUTH request 1 [ IDi AUTH SA TSi TSr ]
15[NET] sending packet: from 192.0.2.1[4500] to 192.0.2.2[4500] (288 bytes)
`
	charonAsked = `06[ENC] parsed IKE_SA_INIT request 0 [ SA KE No ]
06[IKE] 192.0.2.1 is initiating an IKE_SA
`
	charonAnswered = charonAsked + `06[ENC] generating IKE_SA_INIT response 0 [ SA KE No ]
09[ENC] parsed IKE_AUTH request 1 [ IDi AUTH SA TSi TSr ]
`
	plutoInit = `"tunnel" #1: initiating IKEv2 connection
"tunnel" #1: sent IKE_SA_INIT request to 192.0.2.2:500
`
	plutoAuth = plutoInit + `"tunnel" #1: sent IKE_AUTH request {cipher=AES_CBC_256 integ=HMAC_SHA2_256_128 prf=HMAC_SHA2_256 group=MODP2048}
`
	plutoAsked = `"tunnel" #1: proposal 1:IKE=AES_CBC_256 chosen from remote proposals 1:IKE:ENCR=AES_CBC_256;DH=MODP2048[first-match]
"tunnel" #1: sent IKE_SA_INIT reply {cipher=AES_CBC_256}
"tunnel" #1: processing decrypted IKE_AUTH request: SK{IDi,AUTH,SA,TSi,TSr}
`
	plutoMain = `"tunnel" #1: initiating IKEv1 Main Mode connection
"tunnel" #1: sent Main Mode request
`
	plutoQuick = plutoMain + `"tunnel" #1: sent Main Mode I2
"tunnel" #1: sent Main Mode I3
"tunnel" #1: IKE SA established {auth=PRESHARED_KEY}
"tunnel" #2: initiating Quick Mode IKEv1+PSK+ENCRYPT+TUNNEL {using isakmp#1}
"tunnel" #2: sent Quick Mode request
`
	retransmits = `14[IKE] retransmit 1 of request with message ID 0
14[IKE] giving up after 3 retransmits
`
)

func TestOneLogIsASetAndBothAreOneStep(t *testing.T) {
	causes := func(list ...explain.Cause) []explain.Cause { return list }
	for _, c := range []struct {
		name       string
		west, east string
		one        []explain.Cause // of west's log alone
		both       explain.Cause
	}{
		{"charon, wrong key", charonAuth + "14[IKE] received AUTHENTICATION_FAILED notify error", charonAnswered + "10[IKE] tried 1 shared key for '192.0.2.2' - '192.0.2.1', but MAC mismatched", causes("identity", "keys_differ", "no_key"), "keys_differ"},
		{"charon, no key there", charonAuth + "14[IKE] received AUTHENTICATION_FAILED notify error", charonAnswered + "10[IKE] no shared key found for '192.0.2.2' - '192.0.2.1'", causes("identity", "keys_differ", "no_key"), "no_key"},
		{"charon, another identity", charonAuth + "14[IKE] received AUTHENTICATION_FAILED notify error", charonAnswered + "10[CFG] no matching peer config found", causes("identity", "keys_differ", "no_key"), "identity"},
		{"charon, by certificate", strings.Replace(charonAuth, "pre-shared key", "RSA signature successful", 1) + "14[IKE] received AUTHENTICATION_FAILED notify error", charonAnswered + "10[CFG] no issuer certificate found for \"C=CH\"", causes("certificate", "identity"), "certificate"},
		{"charon, selectors", charonAuth + "02[IKE] received TS_UNACCEPTABLE notify, no CHILD_SA built", charonAnswered + "04[IKE] traffic selectors 10.0.0.0/16 === 172.31.0.0/16 unacceptable", causes("kernel", "traffic_selectors"), "traffic_selectors"},
		{"charon, the same line for the kernel's refusal", charonAuth + "02[IKE] received TS_UNACCEPTABLE notify, no CHILD_SA built", charonAnswered + "14[IKE] unable to install IPsec policies (SPD) in kernel", causes("kernel", "traffic_selectors"), "kernel"},
		{"charon, ESP proposal", charonAuth + "02[IKE] received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built", charonAnswered + "04[IKE] no acceptable proposal found", causes("esp_proposal", "kernel"), "esp_proposal"},
		{"charon, IKE proposal", charonInit + "13[IKE] received NO_PROPOSAL_CHOSEN notify error", charonAsked + "06[IKE] received proposals unacceptable", causes("ike_proposal", "no_connection"), "ike_proposal"},
		{"charon, not loaded", charonInit + "13[IKE] received NO_PROPOSAL_CHOSEN notify error", "02[ENC] parsed IKE_SA_INIT request 0 [ SA ]\n02[IKE] no IKE config found for 192.0.2.2...192.0.2.1, sending NO_PROPOSAL_CHOSEN", causes("ike_proposal", "no_connection"), "no_connection"},
		{"charon, no answer", charonInit + retransmits, "00[DMN] Starting IKE charon daemon", causes("peer_down", "peer_policy", "udp_500"), "udp_500"},
		{"charon, dropped there without a word", charonInit + retransmits, charonAsked, causes("peer_down", "peer_policy", "udp_500"), "peer_policy"},
		{"charon, 4500 dropped", charonAuth + retransmits, charonAsked + "06[ENC] generating IKE_SA_INIT response 0 [ SA ]", causes("udp_4500"), "udp_4500"},
		{"charon, fragments lost", strings.Replace(charonAuth, "(288 bytes)", "(1744 bytes)", 1) + retransmits, charonAsked + "06[ENC] generating IKE_SA_INIT response 0 [ SA ]", causes("fragments", "udp_4500"), "fragments"},
		{"charon, nobody to call", "13[IKE] unable to resolve %any, initiate aborted", "", causes("unresolved"), "unresolved"},
		{"pluto, wrong key", plutoAuth + `"tunnel" #1: IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED`, plutoAsked + `"tunnel" #2: authentication failed: computed hash does not match hash received from peer ID_IPV4_ADDR '192.0.2.1'`, causes("certificate", "identity", "keys_differ", "no_key"), "keys_differ"},
		{"pluto, no key", plutoInit + `"tunnel" #1: authentication failed: no PSK found for '192.0.2.1'`, "", causes("no_key"), "no_key"},
		{"pluto, identity", plutoAuth + `"tunnel" #1: IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED`, plutoAsked + `"tunnel" #1: Peer ID '192.0.2.1' mismatched on first found connection and no better connection found`, causes("certificate", "identity", "keys_differ", "no_key"), "identity"},
		{"pluto, selectors", plutoAuth + `"tunnel" #2: IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE`, plutoAsked + `"tunnel" #2: No IKEv2 connection found with compatible Traffic Selectors`, causes("kernel", "traffic_selectors"), "traffic_selectors"},
		{"pluto, the same line for the kernel's refusal", plutoAuth + `"tunnel" #2: IKE_AUTH response rejected Child SA with TS_UNACCEPTABLE`, plutoAsked + `ERROR: "tunnel" #2: netlink response for Add SA esp.20ca422b@192.0.2.1: Protocol not supported (errno 93)`, causes("kernel", "traffic_selectors"), "kernel"},
		{"pluto, ESP proposal", plutoAuth + `"tunnel" #2: IKE_AUTH response rejected Child SA with NO_PROPOSAL_CHOSEN`, plutoAsked + `"tunnel" #2: no local proposal matches remote proposals 1:ESP:ENCR=AES_CBC_256`, causes("esp_proposal", "kernel"), "esp_proposal"},
		{"pluto, IKE proposal", plutoInit + `"tunnel" #1: dropping unexpected IKE_SA_INIT message containing NO_PROPOSAL_CHOSEN notification; message payloads: N` + "\n" + `"tunnel" #1: STATE_V2_PARENT_I1: retransmission; will wait 1 seconds for response`, `"tunnel" #1: no local proposal matches remote proposals 1:IKE:ENCR=AES_CBC_256`, causes("ike_proposal", "no_connection"), "ike_proposal"},
		{"pluto, not loaded", plutoInit + `"tunnel" #1: dropping unexpected IKE_SA_INIT message containing NO_PROPOSAL_CHOSEN notification; message payloads: N`, `packet from 192.0.2.1:500: ISAKMP_v2_IKE_SA_INIT message received on 192.0.2.2:500 but no suitable connection found with IKEv2 policy`, causes("ike_proposal", "no_connection"), "no_connection"},
		{"pluto, no answer", plutoInit + `"tunnel" #1: STATE_V2_PARENT_I1: 6 second timeout exceeded after 4 retransmits.  No response`, "pluto: listening", causes("peer_down", "peer_policy", "udp_500"), "udp_500"},
		{"pluto, IKEv1, wrong key", plutoMain + "\"tunnel\" #1: sent Main Mode I2\n\"tunnel\" #1: sent Main Mode I3\n\"tunnel\" #1: STATE_MAIN_I3: retransmission; will wait 4 seconds", "\"tunnel\" #1: responding to Main Mode\n\"tunnel\" #1: probable authentication failure (mismatch of preshared secrets?): malformed payload in packet", causes("fragments", "udp_4500", "keys_differ"), "keys_differ"},
		{"pluto, IKEv1, IKE proposal", plutoMain + `"tunnel" #1: ignoring informational payload NO_PROPOSAL_CHOSEN, msgid=00000000, length=12`, "\"tunnel\" #1: responding to Main Mode\n\"tunnel\" #1: Oakley Transform [AES_CBC (256), HMAC_SHA2_256, MODP2048] refused\n\"tunnel\" #1: no acceptable Oakley Transform", causes("ike_proposal", "no_connection"), "ike_proposal"},
		{"pluto, IKEv1, ESP proposal", plutoQuick + `"tunnel" #1: ignoring informational payload NO_PROPOSAL_CHOSEN, msgid=00000000, length=12`, "\"tunnel\" #1: responding to Main Mode\n\"tunnel\" #2: no acceptable Proposal in IPsec SA", causes("esp_proposal", "kernel"), "esp_proposal"},
		{"pluto, IKEv1, selectors", plutoQuick + `"tunnel" #1: ignoring informational payload INVALID_ID_INFORMATION, msgid=00000000, length=12`, `"tunnel" #1: cannot respond to IPsec SA request because no connection is known for 10.2.0.0/16`, causes("traffic_selectors"), "traffic_selectors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			west, east := explain.ReadLog("west", c.west), explain.ReadLog("east", c.east)
			one, both := explain.Why(west), explain.Why(west, east)
			assert.Equal(t, explain.Failed, one.Verdict, "%s", one)
			assert.Equal(t, c.one, one.Causes, "%s", one)
			assert.Equal(t, len(c.one) > 1, len(one.Gaps()) > 0, "a set says what would decide")
			assert.Equal(t, []explain.Cause{c.both}, both.Causes, "%s", both)
			assert.Empty(t, both.Gaps())
		})
	}
}

func TestTheLastAttemptCounts(t *testing.T) {
	up := "06[IKE] CHILD_SA tunnel{1} established with SPIs 2d898fd0_i fb7cc049_o and TS 172.31.0.0/16 === 10.0.0.0/16\n"
	refused := charonAuth + "14[IKE] received AUTHENTICATION_FAILED notify error\n"
	verdict := func(text string) explain.Verdict { return explain.Why(explain.ReadLog("west", text)).Verdict }
	assert.Equal(t, explain.Established, verdict(refused+charonAuth+up))
	assert.Equal(t, explain.Failed, verdict(charonAuth+up+refused))
	assert.Equal(t, explain.Failed, verdict(refused+charonInit), "an attempt that is still under way does not count")
	assert.Equal(t, explain.Lost, verdict(charonAuth+up+retransmits))
	assert.Equal(t, explain.Unknown, verdict(charonInit), "nothing is known of it yet")
	assert.Equal(t, explain.Unknown, verdict("kernel: eth0: link up\n"))
	assert.Equal(t, explain.Unknown, explain.Why().Verdict)
	log := explain.ReadLog("west", refused)
	assert.Equal(t, explain.Unknown, explain.Why(log, log, log).Verdict)
}

func TestARefusalThatNoRuleKnowsIsNotGuessedAt(t *testing.T) {
	answer := explain.Why(explain.ReadLog("west", charonInit+"13[IKE] received FROBNICATED notify error"))
	assert.Equal(t, explain.Failed, answer.Verdict)
	assert.Empty(t, answer.Causes)
	assert.Contains(t, answer.String(), "FROBNICATED")
	assert.NotContains(t, answer.String(), "nothing more")
}

func TestWhatRefusedIsShownBesideWhatIsConfigured(t *testing.T) {
	answer := explain.Why(explain.ReadLog("east", charonAsked+"06[CFG] received proposals: IKE:AES_CBC_256/MODP_2048, IKE:AES_CBC_128/MODP_2048\n06[CFG] configured proposals: IKE:AES_CBC_128/MODP_1024\n06[IKE] received proposals unacceptable"))
	assert.Equal(t, "IKE:AES_CBC_256/MODP_2048, IKE:AES_CBC_128/MODP_2048", answer.Offered)
	assert.Equal(t, "IKE:AES_CBC_128/MODP_1024", answer.Configured)
}

func TestWhatDoesNotTryAgainIsSaid(t *testing.T) {
	charon := explain.Why(explain.ReadLog("west", charonAuth+"14[IKE] received AUTHENTICATION_FAILED notify error"))
	assert.Contains(t, charon.Next[0], "ipsec up tunnel")
	pluto := explain.Why(explain.ReadLog("west", plutoAuth+"\"tunnel\" #1: IKE SA authentication request rejected by peer: AUTHENTICATION_FAILED\n\"tunnel\" #1: deleting IKE SA but connection is supposed to remain up; schedule EVENT_REVIVE_CONNS"))
	assert.Empty(t, pluto.Next, "it tries again by itself")
}

func TestEveryFormOfALogIsReadAlike(t *testing.T) {
	text := charonAuth + "14[IKE] received AUTHENTICATION_FAILED notify error\n"
	want := explain.ReadLog("west", text)
	forms := map[string]func(line string) string{
		"syslog": func(line string) string { return "Dec  1 12:00:00 gw charon: " + line },
		"journalctl": func(line string) string {
			return "Dec 01 12:00:00 gw charon-systemd[812]: " + line
		},
		"journal": func(line string) string { return `{"SYSLOG_IDENTIFIER":"charon","MESSAGE":` + quoted(line) + `}` },
		"journal, bytes": func(line string) string {
			return `{"MESSAGE":` + strings.ReplaceAll(fmt.Sprint([]byte(line)), " ", ",") + `}`
		},
		"CR LF":             func(line string) string { return line + "\r" },
		"others in between": func(line string) string { return line + "\nkernel: noise" },
	}
	for name, form := range forms {
		var lines []string
		for line := range strings.Lines(text) {
			lines = append(lines, form(strings.TrimSuffix(line, "\n")))
		}
		got := explain.ReadLog("west", strings.Join(lines, "\n"))
		assert.Len(t, got.Lines, len(want.Lines), name)
		assert.Equal(t, explain.Why(want).Causes, explain.Why(got).Causes, name)
		assert.Equal(t, want.Lines[0].Text, got.Lines[0].Text, name)
	}
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func TestPackageKeepsTheContract(t *testing.T) {
	refused := explain.ReadLog("west", charonAuth+"14[IKE] received AUTHENTICATION_FAILED notify error")
	up := explain.ReadLog("east", "09[IKE] CHILD_SA tunnel{1} established with SPIs a_i b_o and TS x === y")
	contract.Check(t, contract.Package{Prefix: "ipsec_", Results: map[string]opskit.Result{
		"set": explain.Why(refused), "one": explain.Why(refused, explain.ReadLog("east", charonAnswered+"10[CFG] no matching peer config found")),
		"up": explain.Why(up), "unknown": explain.Why(explain.ReadLog("west", charonInit)), "lost": explain.Why(explain.ReadLog("west", charonAuth+"06[IKE] CHILD_SA tunnel{1} established with SPIs a\n"+retransmits)),
	}})
}

// What one end of libreswan's own tests saw: the step, or that the peer refused
// and has the reason; never a failure where the tunnel came up.
func TestBarConsolesOfLibreswan(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "libreswan-confpairs")
	text, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
	require.NoError(t, err)
	var expected map[string]struct {
		Outcome string   `json:"outcome"`
		Tokens  []string `json:"fail_tokens"`
	}
	require.NoError(t, json.Unmarshal(text, &expected))
	count, failed := map[explain.Verdict]int{}, 0
	for name, want := range expected {
		console, err := os.ReadFile(filepath.Join(dir, name, "up.txt"))
		require.NoError(t, err)
		answer := explain.Why(explain.ReadLog("west", string(console)))
		count[answer.Verdict]++
		if want.Outcome == "established" {
			assert.NotEqual(t, explain.Failed, answer.Verdict, "%s: %s\n%s", name, answer, console)
			continue
		}
		failed++
		assert.NotEqual(t, explain.Established, answer.Verdict, "%s: %s\n%s", name, answer, console)
		if slices.Contains(want.Tokens, "AUTHENTICATION_FAILED") && answer.Verdict == explain.Failed {
			assert.Equal(t, "authentication", answer.Step, "%s: %s\n%s", name, answer, console)
		}
	}
	lab.Bar(t, "explain-consoles", "%d established, %d failed (of %d), %d cannot tell", count[explain.Established], count[explain.Failed], failed, count[explain.Unknown])
}

func FuzzReadLog(f *testing.F) {
	f.Add(charonAuth + retransmits)
	f.Add(plutoQuick + `{"MESSAGE":[49,50]}` + "\n" + `{"MESSAGE":"13[IKE] received X notify error"}`)
	f.Fuzz(func(t *testing.T, text string) {
		answer := explain.Why(explain.ReadLog("west", text), explain.ReadLog("east", charonAsked))
		level := answer.Level()
		assert.Equal(t, level, answer.Judge())
		assert.False(t, level == opskit.Unknown && len(answer.Gaps()) == 0)
		for line := range strings.Lines(answer.String()) {
			line = strings.TrimSuffix(line, "\n")
			assert.Equal(t, opskit.Escape(line), line)
		}
	})
}

func ExampleWhy() {
	west := explain.ReadLog("west", charonAuth+"14[IKE] received AUTHENTICATION_FAILED notify error")
	east := explain.ReadLog("east", charonAnswered+"10[IKE] tried 1 shared key for '192.0.2.2' - '192.0.2.1', but MAC mismatched")
	fmt.Println(explain.Why(west).Causes)
	fmt.Println(explain.Why(west, east))
	// Output:
	// [identity keys_differ no_key]
	// failed: at authentication
	//   keys_differ: the pre-shared keys of the two ends differ
	//     next: make the secret the same at both ends, then ipsec rereadsecrets or swanctl --load-creds
	//   east:5: tried 1 shared key for '192.0.2.2' - '192.0.2.1', but MAC mismatched
	//   then: on west, which does not try again by itself: ipsec up tunnel, or swanctl --initiate --ike tunnel
	// not checked: nothing more
}
