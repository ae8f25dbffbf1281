package ipsec_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

var update = flag.Bool("update", false, "write the golden files")

// goldenResults is one of each result type.
func goldenResults(t *testing.T) map[string]any {
	t.Helper()
	a, b := blogEnds(nil)
	a.Public, b.Public = netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")
	a.Log = ipsec.CheckLog("restart.log", restartLog).Log
	const secrets = `10.0.61.63 172.31.16.163: PSK "bjimQ0jc"`
	a.Keys = ipsec.CompareKeys(a, b, secrets, secrets)
	return map[string]any{
		"mirror":    ipsec.Mirror(a, b),
		"check":     blogTunnel(conf.DialectStrongSwan).Check(),
		"log":       ipsec.CheckLog("restart.log", restartLog),
		"state":     parse(t, "ipsec auto --status", serviceStatus+openswanAuto).State("tunnel"),
		"listeners": fakeListeners(t),
		"sysctls":   blogTunnel(conf.DialectLibreswan).Sysctls("eth0"),
	}
}

// goldenEvidence is one of each type that is no verdict and is saved as it is.
func goldenEvidence(t *testing.T) map[string]any {
	t.Helper()
	a, b := blogEnds(nil)
	return map[string]any{
		"keymatch": ipsec.CompareKeys(a, b, `10.0.61.63 172.31.16.163: PSK "bjimQ0jc"`, "include /etc/ipsec.d/*.secrets\n"),
		"status":   parse(t, "ipsec auto --status", serviceStatus+openswanAuto),
	}
}

func TestGoldenJSON(t *testing.T) {
	all := goldenResults(t)
	maps.Copy(all, goldenEvidence(t))
	for name, v := range all {
		data, err := json.MarshalIndent(v, "", "\t")
		require.NoError(t, err, name)
		path := filepath.Join("testdata", name+".golden.json")
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, name)
		require.Equal(t, strings.Split(strings.TrimSuffix(string(want), "\n"), "\n"), strings.Split(string(data), "\n"), name)
		back := reflect.New(reflect.TypeOf(v))
		require.NoError(t, json.Unmarshal(data, back.Interface()), name)
		again, err := json.MarshalIndent(back.Elem().Interface(), "", "\t")
		require.NoError(t, err, name)
		assert.Equal(t, string(data), string(again), name)
		assert.NotContains(t, string(data), "bjimQ0jc")
	}
}

func TestEveryResultEndsWithWhatWasNotChecked(t *testing.T) {
	for name, v := range goldenResults(t) {
		text, ok := v.(fmt.Stringer)
		require.True(t, ok, name)
		lines := strings.Split(text.String(), "\n")
		if name != "sysctls" {
			assert.True(t, strings.HasPrefix(lines[len(lines)-1], "not checked: "), "%s: %s", name, text)
			assert.Regexp(t, `^[a-z_]+: `, lines[0], "the verdict comes first")
		}
	}
}

func TestForeignTextIsEscaped(t *testing.T) {
	evil := "conn tunnel\n\tleft=\x1b]0;x\x07\u202e\n\tright=192.0.2.1\n"
	c, err := conf.Parse("evil\x1b.conf", evil, conf.DialectStrongSwan)
	require.NoError(t, err)
	r := ipsec.Mirror(ipsec.End{Name: "a\x1b", Conf: c}, ipsec.End{Conf: c})
	for _, bad := range []string{"\x1b", "\x07", "\u202e"} {
		assert.NotContains(t, r.String(), bad)
	}
	assert.Contains(t, r.String(), `\x1b`)
}

func TestContract(t *testing.T) {
	a, b := blogEnds(nil)
	n1 := func(other string) *conf.Conf {
		const one = "\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauto=add\n"
		c, err := conf.Parse("two.conf", "conn n1"+one+"\tleftsubnet=10.1.0.0/16\nconn n2"+one+other, conf.DialectStrongSwan)
		require.NoError(t, err)
		return c
	}
	results := map[string]opskit.Result{
		"nothing":       ipsec.Mirror(ipsec.End{}, ipsec.End{}),
		"pairs":         ipsec.Mirror(ipsec.End{Conf: n1("\tleftsubnet=10.2.0.0/16\n")}, ipsec.End{Conf: n1("\tleftsubnet=10.3.0.0/16\n")}),
		"pair":          ipsec.Mirror(ipsec.End{Conf: n1("")}, ipsec.End{Conf: n1("")}).Pairs[0],
		"broken":        ipsec.Mirror(a, ipsec.End{Conf: n1("")}),
		"quiet log":     ipsec.CheckLog("quiet.log", "Starting\n"),
		"sound":         blogTunnel(conf.DialectLibreswan).Check(),
		"flawed":        ipsec.Mirror(a, b),
		"tunnel":        parse(t, "ipsec auto --status", openswanAuto).State("tunnel").Tunnels[0],
		"stopped":       parse(t, "ipsec auto --status", "whack: Pluto is not running").State("tunnel"),
		"only counted":  parse(t, "service ipsec status", serviceStatus).State("tunnel", "other"),
		"without known": parse(t, "service ipsec status", "IPsec running  - pluto pid: 3\n").State("tunnel"),
	}
	for name, r := range goldenResults(t) {
		if result, ok := r.(opskit.Result); ok {
			results[name] = result
		}
	}
	contract.Check(t, contract.Package{Prefix: "ipsec_", Results: results, Sentinels: []error{
		ipsec.ErrWeakKey, ipsec.ErrKeyText, ipsec.ErrTunnel, ipsec.ErrNoStatus, ipsec.ErrLink, conf.ErrSyntax, conf.ErrNoSection,
	}})
}

func TestPreflight(t *testing.T) {
	list := ipsec.Preflight(t.Context())
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
		if !c.OK {
			assert.NotEmpty(t, c.Why, c.Name)
		}
	}
	assert.Equal(t, []string{"parse", "sockets", "socket_owners", "write_files", "sysctls", "ipsec_command"}, names)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled := ipsec.Preflight(ctx)
	require.Len(t, cancelled, len(list))
	for i, c := range cancelled {
		assert.Equal(t, names[i], c.Name, "the same names in the same order")
	}
	assert.False(t, cancelled[1].OK)
}
