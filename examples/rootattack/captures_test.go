package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
)

// flood is two captures of a flood of one name: its first and its second half.
func flood(t *testing.T) (files []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	begin := time.Date(2015, time.November, 30, 6, 50, 0, 0, time.UTC)
	server := netip.MustParseAddrPort("198.41.0.4:53")
	for half := range 2 {
		file := capturetest.NewPCAP(1)
		for second := range 90 {
			at := begin.Add(time.Duration(half*90+second) * time.Second)
			for i := range 20 {
				src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), 4242)
				file.Frame(at, capturetest.Ethernet(capturetest.Packet{Src: src, Dst: server, Payload: capturetest.Question(1, fmt.Sprintf("h%d.example", i), 1)}.IP()))
			}
			for range 100 {
				if s := half*90 + second; s >= 60 && s < 120 {
					n := r.Uint32()
					src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), 4242)
					file.Frame(at, capturetest.Ethernet(capturetest.Packet{Src: src, Dst: server, Payload: capturetest.Question(1, "www.336901.com", 1)}.IP()))
				}
			}
		}
		name := filepath.Join(t.TempDir(), fmt.Sprintf("%d.pcap", half))
		require.NoError(t, os.WriteFile(name, file.Bytes(), 0o600))
		files = append(files, name)
	}
	return files
}

func TestCapturesAreReadWholeOrInParts(t *testing.T) {
	files := flood(t)
	code, whole, errs := call(t, files...)
	require.Equal(t, 1, code, errs)
	assert.Contains(t, whole, "traffic: attack: ")
	assert.Contains(t, whole, "from 2015-11-30T06:51:00Z (within 1s) to 2015-11-30T06:52:00Z (within 1s): a flood of queries from sources that were made up, for one name, www.336901.com.")
	assert.Contains(t, whole, "next: none: sources look spoofed")

	var parts []string
	for _, name := range files {
		_, _, errs = call(t, "-save", name+".part", name)
		require.Empty(t, errs)
		parts = append(parts, name+".part")
	}
	code, merged, errs := call(t, append([]string{"-merge"}, parts...)...)
	assert.Equal(t, 1, code, errs)
	assert.Equal(t, whole, merged)

	_, out, _ := call(t, append([]string{"-json"}, files...)...)
	var r traffic.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, traffic.Attack, r.Verdict)

	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files[0], text[:len(text)-5], 0o600))
	code, out, errs = call(t, files[0])
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "the capture ends in a packet")
	assert.Contains(t, out, "not checked: ")
}

func TestUsageOfCaptures(t *testing.T) {
	files := flood(t)
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("no capture"), 0o600))
	for _, args := range [][]string{
		{text},
		{"-merge", text},
		{"-merge"},
		{filepath.Join(t.TempDir(), "none")},
		{"-since", text, files[0]},
		{"-from", text, files[0]},
		{"-rssac002", t.TempDir(), files[0]},
	} {
		code, out, errs := call(t, args...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, out, args)
		assert.NotEmpty(t, errs, args)
	}
}
