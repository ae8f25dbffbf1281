package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/traffic"
)

// saveEnd saves two looks at one end, whose counters gain that much.
func saveEnd(t *testing.T, name, in, out string, begin, end int, pings ...traffic.Pings) string {
	t.Helper()
	at := func(second int, in, out string) traffic.Look {
		text := strings.NewReplacer("840 bytes_i", in+" bytes_i", "840 bytes_o", out+" bytes_o").Replace(up)
		s, err := ipsec.ParseStatus("ipsec statusall", text)
		require.NoError(t, err)
		return traffic.Look{Time: time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC), Status: s}
	}
	e := traffic.End{Name: name, Before: at(begin, "840", "840"), After: at(end, in, out), Pings: pings}
	path := filepath.Join(t.TempDir(), name+".json")
	require.NoError(t, program.SaveEvidence(path, "ipsec_traffic", e.After.Time, traffic.Check(e)))
	return path
}

func TestTrafficOfTwoSavedEnds(t *testing.T) {
	sent := traffic.Pings{Size: 84, Sent: 5}
	west := saveEnd(t, "west", "840", "1260", 10, 20, sent)
	out, _ := tunnel(t, 1, "traffic", west, saveEnd(t, "east", "840", "840", 5, 25))
	assert.Contains(t, out, "not_arriving: looked twice at 2 ends")
	out, _ = tunnel(t, 1, "traffic", west, saveEnd(t, "east", "1260", "840", 5, 25))
	assert.Contains(t, out, "not_answered: ")
	out, _ = tunnel(t, 1, "traffic", west, saveEnd(t, "east", "840", "840", 25, 35))
	assert.Contains(t, out, "no_reply: ", "the other end was looked at later")
	out, _ = tunnel(t, 1, "traffic", west)
	assert.Contains(t, out, "no_reply: looked twice at 1 ends")
	dead := traffic.Look{Listeners: &ipsec.ListenerReport{Verdict: ipsec.Broken, Tables: []string{"net/udp"}}}
	path := filepath.Join(t.TempDir(), "dead.json")
	require.NoError(t, program.SaveEvidence(path, "ipsec_traffic", time.Now(), traffic.Check(traffic.End{Name: "east", Before: dead, After: dead})))
	out, _ = tunnel(t, 1, "traffic", west, path)
	assert.Contains(t, out, "peer_stopped: the daemon of east does not run")
	_, err := tunnel(t, 2, "traffic", filepath.Join(t.TempDir(), "none.json"))
	assert.Contains(t, err, "none.json")
}

func TestWhyOfLogs(t *testing.T) {
	const west = "charon: 05[ENC] generating IKE_SA_INIT request 0 [ SA KE No ]\ncharon: 05[IKE] received NO_PROPOSAL_CHOSEN notify error\n"
	const east = "charon: 07[ENC] parsed IKE_SA_INIT request 0 [ SA KE No ]\ncharon: 07[CFG] received proposals: IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048\n" +
		"charon: 07[CFG] configured proposals: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048\ncharon: 07[IKE] received proposals unacceptable\n"
	out, _ := tunnel(t, 1, "why", write(t, "west.log", west))
	assert.Contains(t, out, "one of ")
	out, _ = tunnel(t, 1, "why", write(t, "west.log", west), write(t, "east.log", east))
	assert.Contains(t, out, "ike_proposal: ")
	assert.Contains(t, out, "configured: ")
	_, err := tunnel(t, 2, "why")
	assert.Contains(t, err, "name the log")
}

func TestStatusTellsWhatIsNotLoaded(t *testing.T) {
	etc := write(t, "ipsec.conf", "conn tunnel\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauto=start\nconn other\n\tleft=192.0.2.1\n\tright=192.0.2.3\n\tauto=start\n")
	const listed = "Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):\nConnections:\n      tunnel:  192.0.2.1...192.0.2.2  IKEv2\n"
	out, _ := tunnel(t, 1, "status", "-etc", etc, write(t, "status.txt", listed+up))
	assert.Contains(t, out, "not_loaded: other")
	assert.NotContains(t, out, "not_loaded: tunnel")
	_, err := tunnel(t, 2, "status", "-etc", filepath.Join(t.TempDir(), "none.conf"), write(t, "status.txt", up))
	assert.Contains(t, err, "none.conf")
}
