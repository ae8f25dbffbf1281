package ipsec_test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec"
)

// The kernel prints addresses in its own byte order; these are of a little
// endian one, as all that this is tested on.
const udpTable = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  100: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 900 2 0000000000000000 0
  101: 3F3D000A:1194 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 901 2 0000000000000000 0
  102: 0100007F:1194 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 902 2 0000000000000000 0
  103: 3F3D000A:01F4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 903 2 0000000000000000 0
`

const udp6Table = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  200: 00000000000000000000000001000000:01F4 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 904 2 0000000000000000 0
`

func fakeProc() fstest.MapFS {
	link := func(target string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
	}
	return fstest.MapFS{
		"net/udp":    {Data: []byte(udpTable)},
		"net/udp6":   {Data: []byte(udp6Table)},
		"2372/comm":  {Data: []byte("pluto\n")},
		"2372/fd/7":  link("socket:[901]"),
		"2372/fd/8":  link("socket:[902]"),
		"2372/fd/9":  link("socket:[903]"),
		"2372/fd/10": link("socket:[904]"),
		"589/comm":   {Data: []byte("dhclient\n")},
		"589/fd/3":   link("socket:[900]"),
		"self/comm":  {Data: []byte("x")},
	}
}

func fakeListeners(t *testing.T) *ipsec.ListenerReport {
	t.Helper()
	r, err := ipsec.Listeners(t.Context(), fakeProc())
	require.NoError(t, err)
	return r
}

func TestListeners(t *testing.T) {
	r := fakeListeners(t)
	assert.Equal(t, ipsec.Sound, r.Verdict)
	assert.Empty(t, r.Gaps())
	require.Len(t, r.Listeners, 4, "not the DHCP client's")
	assert.Equal(t, netip.MustParseAddrPort("10.0.61.63:500"), r.Listeners[0].Local)
	assert.Equal(t, netip.MustParseAddrPort("[::1]:500"), r.Listeners[1].Local)
	assert.Equal(t, uint32(1000), r.Listeners[1].UID)
	for _, l := range r.Listeners {
		assert.Equal(t, []ipsec.Holder{{PID: 2372, Comm: "pluto"}}, l.Processes)
	}
}

func TestListenersVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(fstest.MapFS)
		want ipsec.Verdict
		gaps int
	}{
		"only one port": {func(p fstest.MapFS) {
			p["net/udp"].Data = []byte(strings.ReplaceAll(udpTable, "3F3D000A:01F4", "3F3D000A:0045"))
		}, ipsec.Flawed, 0},
		"none": {func(p fstest.MapFS) {
			p["net/udp"].Data, p["net/udp6"].Data = []byte(udpTable[:90]+"\n"), []byte(udp6Table[:90]+"\n")
		}, ipsec.Broken, 0},
		"only on loopback": {func(p fstest.MapFS) { p["net/udp"].Data = []byte(udpTable[:90] + "\n") }, ipsec.Broken, 0},
		"connected to one peer": {func(p fstest.MapFS) {
			p["net/udp"].Data = []byte(strings.ReplaceAll(udpTable, "01F4 00000000:0000", "01F4 0100007F:01F4"))
		}, ipsec.Flawed, 0},
		"a table cut off":         {func(p fstest.MapFS) { p["net/udp"] = &fstest.MapFile{} }, ipsec.Unknown, 1},
		"a broken line":           {func(p fstest.MapFS) { p["net/udp"].Data = append(p["net/udp"].Data, " 9: zz:01F4 x\n"...) }, ipsec.Sound, 1},
		"no IPv6 in the kernel":   {func(p fstest.MapFS) { delete(p, "net/udp6") }, ipsec.Sound, 1},
		"holder not to be seen":   {func(p fstest.MapFS) { delete(p, "2372/fd/7"); delete(p, "2372/fd/8") }, ipsec.Sound, 1},
		"a name full of controls": {func(p fstest.MapFS) { p["2372/comm"].Data = []byte("\x1b[2J\n") }, ipsec.Sound, 0},
	} {
		t.Run(name, func(t *testing.T) {
			proc := fakeProc()
			c.edit(proc)
			r, err := ipsec.Listeners(t.Context(), proc)
			require.NoError(t, err)
			assert.Equal(t, c.want, r.Verdict, "%s", r)
			assert.Len(t, r.Gaps(), c.gaps, "%v", r.Gaps())
			assert.NotContains(t, r.String(), "\x1b")
		})
	}
}

// noPermission is a /proc whose other processes are closed, as an ordinary
// user finds it.
type noPermission struct{ fstest.MapFS }

func (n noPermission) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "2372/fd" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return n.MapFS.ReadDir(name)
}

func TestListenersWithoutPrivilegeSaySo(t *testing.T) {
	r, err := ipsec.Listeners(t.Context(), noPermission{fakeProc()})
	require.NoError(t, err)
	assert.Equal(t, ipsec.Sound, r.Verdict)
	require.Len(t, r.Gaps(), 1)
	assert.Contains(t, r.Gaps()[0].What, "which process holds 4 of the sockets")
	assert.Contains(t, r.Gaps()[0].Why, "descriptors of 1 processes")
}

func TestListenersErrors(t *testing.T) {
	r, err := ipsec.Listeners(t.Context(), fstest.MapFS{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, ipsec.Unknown, r.Verdict)
	assert.NotEmpty(t, r.Gaps())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err = ipsec.Listeners(ctx, fakeProc())
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, r.Listeners, 4, "what was read is returned")
	r, err = ipsec.Listeners(t.Context(), nil)
	if errors.Is(err, errors.ErrUnsupported) {
		assert.Equal(t, ipsec.Unknown, r.Verdict)
		assert.NotEmpty(t, r.Gaps())
		return
	}
	require.NoError(t, err)
}

func FuzzListeners(f *testing.F) {
	f.Add(udpTable, udp6Table)
	f.Add("", "")
	f.Add("  1: 3F3D000A:01F4 0 07 0 0 0 0 99999999999 0 18446744073709551616\n", "x")
	f.Fuzz(func(t *testing.T, udp, udp6 string) {
		proc := fakeProc()
		proc["net/udp"], proc["net/udp6"] = &fstest.MapFile{Data: []byte(udp)}, &fstest.MapFile{Data: []byte(udp6)}
		r, err := ipsec.Listeners(t.Context(), proc)
		require.NoError(t, err)
		for _, l := range r.Listeners {
			require.Contains(t, []uint16{500, 4500}, l.Local.Port())
		}
		_ = r.String()
	})
}
