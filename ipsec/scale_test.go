package ipsec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
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

// So does the comparison of two files, whether the connections bear the same names at
// both ends or not.
func TestBarMirrorOfManyConnections(t *testing.T) {
	look := func(n int, other string) (*ipsec.Report, time.Duration) {
		text := func(name, auto string) string {
			var b strings.Builder
			b.WriteString("conn base\n\tkeyexchange=ikev2\n\tike=aes256-sha256-modp2048!\n\tesp=aes256-sha256!\n\tauthby=secret\n\tdpdaction=restart\n\tdpddelay=30s\n\tkeyingtries=%forever\n\tcloseaction=restart\n")
			for i := range n {
				fmt.Fprintf(&b, "conn %s%d\n\talso=base\n\tleft=192.0.2.1\n\tleftsubnet=10.1.0.0/16\n\tright=198.51.%d.%d\n\trightsubnet=172.%d.%d.0/24\n\tauto=%s\n", name, i, i/250, i%250+1, 16+i/250, i%250, auto)
			}
			return b.String()
		}
		begun := time.Now()
		r := mirrorTexts(t, text("c", "start"), text(other, "add"), conf.DialectStrongSwan)
		return r, time.Since(begun)
	}
	few := map[bool]int{true: 100, false: 1000}[lab.Bars() == lab.Small]
	for _, other := range []string{"c", "d"} {
		small, least := look(few, other)
		assert.Len(t, small.Pairs, few)
		assert.Equal(t, ipsec.Sound, small.Verdict, "%s", small.Pairs[0])
		if lab.Bars() == lab.Small {
			continue
		}
		var took time.Duration
		for range 3 { // a busy machine falsifies one look; what is quadratic fails all three
			many, long := look(10000, other)
			assert.Len(t, many.Pairs, 10000)
			if _, short := look(few, other); took == 0 || long < 12*short {
				took, least = long, short
			}
			if took < 12*least {
				break
			}
		}
		assert.True(t, lab.Race || took < 12*least, "%s: 1,000 took %s, 10,000 %s", other, least, took)
		lab.BarTiming(t, "mirror-many-connections-"+other, "10,000 in %s, 1,000 in %s", took, least)
	}
}
