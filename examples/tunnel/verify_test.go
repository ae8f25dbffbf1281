package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/capture/capturetest"
)

const described = `{"name": "tunnel",
 "a": {"name": "west", "addr": "198.51.100.1", "subnets": ["172.31.0.0/16"], "dialect": "strongswan"},
 "b": {"name": "east", "addr": "198.51.100.2", "subnets": ["10.0.0.0/16"], "dialect": "strongswan"}}`

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	tunnel, file, saved := filepath.Join(dir, "tunnel.json"), filepath.Join(dir, "wan.pcap"), filepath.Join(dir, "saved")
	require.NoError(t, os.WriteFile(tunnel, []byte(described), 0o600))
	begin := time.Date(2015, time.November, 25, 22, 52, 38, 0, time.UTC)
	west, east := netip.MustParseAddrPort("198.51.100.1:4500"), netip.MustParseAddrPort("198.51.100.2:4500")
	encrypted := make([]byte, 132)
	encrypted[0], encrypted[7] = 1, 1
	wan := capturetest.NewPCAP(1)
	wan.Frame(begin, capturetest.Ethernet(capturetest.Packet{Src: west, Dst: east, Payload: encrypted}.IP()))
	wan.Frame(begin, capturetest.Ethernet(capturetest.Packet{Src: east, Dst: west, Payload: encrypted}.IP()))
	require.NoError(t, os.WriteFile(file, wan.Bytes(), 0o600))

	code, out, errs := call(t, "verify", tunnel, file)
	assert.Equal(t, 2, code, errs)
	assert.Contains(t, out, "not checked: packets in clear that a filter left out")
	code, out, _ = call(t, "verify", "-whole", "-save", saved, tunnel, file)
	assert.Equal(t, 0, code, out)
	assert.True(t, strings.HasPrefix(out, "encrypted: 0 packets in clear between the tunnel's networks, 2 of ESP\n"), out)

	wan = capturetest.NewPCAP(1)
	wan.Frame(begin, capturetest.Ethernet(capturetest.Packet{Src: west, Dst: east, Payload: encrypted}.IP()))
	wan.Frame(begin.Add(time.Second), capturetest.Ethernet(capturetest.Packet{Src: netip.MustParseAddrPort("172.31.17.235:5"), Dst: netip.MustParseAddrPort("10.0.207.203:80")}.IP()))
	require.NoError(t, os.WriteFile(file, wan.Bytes(), 0o600))
	code, out, _ = call(t, "verify", "-since", saved, tunnel, file)
	assert.Equal(t, 1, code, out)
	assert.True(t, strings.HasPrefix(out, "leaked: 1 packets in clear"), out)
	assert.Contains(t, out, "next: ip route add blackhole")
	assert.Contains(t, out, "in clear")
	code, again, _ := call(t, "verify", "-from", saved)
	assert.Equal(t, 0, code, again)
	for _, args := range [][]string{{"verify"}, {"verify", tunnel}, {"verify", tunnel, tunnel}, {"verify", "-from", saved, tunnel, file}} {
		code, _, errs := call(t, args...)
		assert.Equal(t, 2, code, args)
		assert.NotEmpty(t, errs, args)
	}
}

func TestWatch(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	var b strings.Builder
	for seq := range 20 {
		if seq < 5 || seq > 9 {
			fmt.Fprintf(&b, "[%d.000000] 64 bytes from 10.0.207.203: icmp_seq=%d ttl=62 time=10.0 ms\n", 1448866200+seq, seq+1)
		}
	}
	require.NoError(t, os.WriteFile(log, []byte(b.String()), 0o600))
	code, out, errs := call(t, "watch", "-log", log)
	assert.Equal(t, 1, code, errs)
	assert.Contains(t, out, "interrupted: 1 outages in 20 probes, 5 lost\n  probes 6 to 10 (5 lost): between 4s and 6s")
	code, out, errs = call(t, "watch", "-i", "20ms", "-for", "200ms", "127.0.0.1")
	if code != 2 { // without leave to send ICMP it cannot tell
		assert.Equal(t, 0, code, out+errs)
		assert.True(t, strings.HasPrefix(out, "steady: 0 outages"), out)
	}
	for _, args := range [][]string{{"watch"}, {"watch", "no address"}, {"watch", "-log", log, "127.0.0.1"}, {"watch", "-log", log + "x"}} {
		code, _, errs := call(t, args...)
		assert.Equal(t, 2, code, args)
		assert.NotEmpty(t, errs, args)
	}
}
