package ipsec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
)

// Ten times the connections take about ten times the time: nothing is looked for in
// a list of all.
func TestBarStateOfManyConnections(t *testing.T) {
	look := func(n int) (*ipsec.State, time.Duration) {
		var b strings.Builder
		b.WriteString("Connections:\n")
		for i := range n {
			fmt.Fprintf(&b, "      c%d:  192.0.2.1...192.0.2.2  IKEv2\n      n%d:   child:  10.1.0.0/16 === 10.2.0.0/16 TUNNEL\n", i, i)
		}
		fmt.Fprintf(&b, "Security Associations (%d up, 0 connecting):\n", n)
		for i := range n {
			fmt.Fprintf(&b, "      c%[1]d[%[2]d]: ESTABLISHED 3 seconds ago, 192.0.2.1[a]...192.0.2.2[b]\n      n%[1]d{%[2]d}:  INSTALLED, TUNNEL, reqid 1, ESP SPIs: 21222324_i 31323334_o\n"+
				"      n%[1]d{%[2]d}:  AES_CBC_256, 168 bytes_i (2 pkts, 0s ago), 168 bytes_o (2 pkts, 0s ago)\n      n%[1]d{%[2]d}:   10.1.0.0/16 === 10.2.0.0/16\n", i, i+1)
		}
		begun := time.Now()
		s := parse(t, "ipsec statusall", b.String())
		st := s.State()
		return st, time.Since(begun)
	}
	small, least := look(1000)
	assert.Equal(t, ipsec.LinkUp, small.Verdict)
	assert.Len(t, small.Tunnels, 1000)
	if lab.Bars() == lab.Small {
		lab.Bar(t, "many-connections", "")
		return
	}
	many, took := look(10000)
	assert.Equal(t, ipsec.LinkUp, many.Verdict)
	assert.True(t, lab.Race || took < 12*least, "1,000 took %s, 10,000 %s", least, took)
	lab.BarTiming(t, "many-connections", "10,000 in %s, 1,000 in %s", took, least)
}
