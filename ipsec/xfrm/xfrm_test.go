package xfrm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/xfrm"
)

const kernelText = `src 192.0.2.1 dst 192.0.2.2
	proto esp spi 0xc1d2e3f4 reqid 1 mode tunnel
	replay-window 0 flag af-unspec
	auth-trunc hmac(sha256) 0x5e47195e1ce9 128
	enc cbc(aes) 0x5e47195e1ca9
	encap type espinudp sport 4500 dport 4500 addr 0.0.0.0
	dir out
src 192.0.2.2 dst 192.0.2.1
	proto esp spi 0xa1b2c3d4 reqid 1 mode tunnel
	replay-window 0
src 10.1.0.0/16 dst 10.2.0.0/16
	dir out priority 375423 ptype main
	tmpl src 192.0.2.1 dst 192.0.2.2
		proto esp spi 0xc1d2e3f4 reqid 1 mode tunnel
src 10.9.0.0/16 dst 10.2.0.0/16
	dir out action block priority 1 ptype main
src 0.0.0.0/0 dst 0.0.0.0/0
	socket in priority 0 ptype main
`

func TestNoKeyIsKept(t *testing.T) {
	k, err := xfrm.Parse(kernelText + "\tnew-thing 0x5e47195e1c\n")
	require.NoError(t, err)
	require.Len(t, k.States, 2)
	assert.Equal(t, xfrm.State{Src: "192.0.2.1", Dst: "192.0.2.2", Protocol: "esp", SPI: "0xc1d2e3f4", Mode: "tunnel", Dir: "out", Algorithms: []string{"hmac(sha256)", "cbc(aes)"}, InUDP: true, Line: 1}, k.States[0])
	assert.Empty(t, k.States[1].Algorithms, "a larval SA")
	require.Len(t, k.Policies, 3)
	assert.Equal(t, "tunnel", k.Policies[0].Templates[0].Mode)
	assert.True(t, k.Policies[1].Block)
	assert.Equal(t, "socket in", k.Policies[2].Dir)
	assert.Len(t, k.Unseen, 1)
	assert.NotContains(t, k.String(), "5e47195e1c")
	for _, other := range []string{"Status of IKE charon daemon\n", "10.0.0.1[any] 10.0.0.2[any] 255(reserved)\n"} {
		_, err = xfrm.Parse(other)
		require.ErrorIs(t, err, ipsec.ErrNoStatus)
	}
}

func TestCorpus(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "libreswan-xfrm")
	var want map[string]struct{ Blocks, Entries, Esp, Tunnel_tmpl int }
	data, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))
	require.NotEmpty(t, want)
	for name, w := range want {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		k, err := xfrm.Parse(string(text))
		if w.Entries == 0 && err != nil {
			continue // of another kernel
		}
		require.NoError(t, err, name)
		assert.Empty(t, k.Unseen, name)
		blocks, esp, tunnels := 0, 0, 0
		count := func(s xfrm.State) {
			if s.Protocol == "esp" {
				esp++
			}
			if s.Mode == "tunnel" {
				tunnels++
			}
		}
		for _, s := range k.States {
			count(s)
		}
		for _, p := range k.Policies {
			if p.Block {
				blocks++
			}
			for _, s := range p.Templates {
				count(s)
			}
		}
		if strings.Contains(name, ".state.") {
			assert.Equal(t, w.Esp, esp, name)
		}
		assert.Equal(t, []int{w.Entries, w.Blocks}, []int{len(k.States) + len(k.Policies), blocks}, name)
		assert.Equal(t, w.Tunnel_tmpl, tunnels, name)
	}
	t.Logf("%d outputs", len(want))
}

func FuzzParse(f *testing.F) {
	f.Add(kernelText)
	f.Fuzz(func(t *testing.T, text string) {
		k, _ := xfrm.Parse(text)
		_ = k.String()
	})
}
