package ipsec_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		"check":     blogTunnel(conf.StrongSwan).Check(),
		"log":       ipsec.CheckLog("restart.log", restartLog),
		"state":     parse(t, "ipsec auto --status", serviceStatus+openswanAuto).State("tunnel"),
		"listeners": fakeListeners(t),
		"sysctls":   blogTunnel(conf.Libreswan).Sysctls("eth0"),
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
	assert.Equal(t, "what (why; need: need)", ipsec.Gap{What: "what", Why: "why", Need: "need"}.String())
	assert.Equal(t, "what (why)", ipsec.Gap{What: "what", Why: "why"}.String())
}

func TestForeignTextIsEscaped(t *testing.T) {
	evil := "conn tunnel\n\tleft=\x1b]0;x\x07\u202e\n\tright=192.0.2.1\n"
	c, err := conf.Parse("evil\x1b.conf", evil, conf.StrongSwan)
	require.NoError(t, err)
	r := ipsec.Mirror(ipsec.End{Name: "a\x1b", Conf: c}, ipsec.End{Conf: c})
	for _, bad := range []string{"\x1b", "\x07", "\u202e"} {
		assert.NotContains(t, r.String(), bad)
	}
	assert.Contains(t, r.String(), `\x1b`)
}

// text is what every enum of a result does.
type text interface {
	fmt.Stringer
	MarshalText() ([]byte, error)
}

func TestEnums(t *testing.T) {
	for name, c := range map[string]struct {
		of   func(uint8) text
		back func([]byte) (uint8, error)
		want []string
	}{
		"verdict": {
			func(n uint8) text { return ipsec.Verdict(n) },
			func(b []byte) (uint8, error) { var v ipsec.Verdict; err := v.UnmarshalText(b); return uint8(v), err },
			[]string{"unknown", "sound", "flawed", "broken"},
		},
		"severity": {
			func(n uint8) text { return ipsec.Severity(n) },
			func(b []byte) (uint8, error) { var v ipsec.Severity; err := v.UnmarshalText(b); return uint8(v), err },
			[]string{"unknown", "note", "warning", "problem", "fatal"},
		},
		"tunnel verdict": {
			func(n uint8) text { return ipsec.TunnelVerdict(n) },
			func(b []byte) (uint8, error) {
				var v ipsec.TunnelVerdict
				err := v.UnmarshalText(b)
				return uint8(v), err
			},
			[]string{"unknown", "stopped", "down", "ike_only", "partial", "up"},
		},
		"side": {
			func(n uint8) text { return ipsec.Side(n) },
			func(b []byte) (uint8, error) { var v ipsec.Side; err := v.UnmarshalText(b); return uint8(v), err },
			[]string{"a", "b"},
		},
	} {
		for n, want := range c.want {
			assert.Equal(t, want, c.of(uint8(n)).String())
			data, err := c.of(uint8(n)).MarshalText()
			require.NoError(t, err)
			assert.Equal(t, want, string(data))
			back, err := c.back(data)
			require.NoError(t, err)
			assert.Equal(t, uint8(n), back)
		}
		beyond := uint8(len(c.want))
		assert.Equal(t, fmt.Sprintf("%s(%d)", name, beyond), c.of(beyond).String())
		_, err := c.of(beyond).MarshalText()
		require.Error(t, err)
		_, err = c.back([]byte("nonsense"))
		require.Error(t, err)
	}
}

func TestErrorsAsJSON(t *testing.T) {
	for code, sentinel := range map[string]error{
		"weak_key": ipsec.ErrWeakKey, "key_text": ipsec.ErrKeyText, "tunnel": ipsec.ErrTunnel, "no_status": ipsec.ErrNoStatus,
		"link": ipsec.ErrLink, "syntax": conf.ErrSyntax, "no_section": conf.ErrNoSection, "unsupported": errors.ErrUnsupported,
		"permission": fs.ErrPermission, "not_exist": fs.ErrNotExist, "canceled": context.Canceled,
		"deadline_exceeded": context.DeadlineExceeded, "other": errors.New("something else"),
	} {
		e := &ipsec.Error{Op: "do", Target: "it", Err: fmt.Errorf("because: %w", sentinel)}
		data, err := json.Marshal(e)
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"code":%q,"message":%q}`, code, e.Error()), string(data))
		var back ipsec.Error
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, e.Error(), back.Error())
		if code != "other" {
			require.ErrorIs(t, &back, sentinel)
		}
		again, err := json.Marshal(&back)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(again))
	}
	assert.Equal(t, "do: x", (&ipsec.Error{Op: "do", Err: errors.New("x")}).Error())
	require.Error(t, json.Unmarshal([]byte(`[]`), &ipsec.Error{}))
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

func TestJudgeWithoutEvidenceCannotTell(t *testing.T) {
	r := (&ipsec.Report{Subject: "nothing", Verdict: ipsec.Sound}).Judge()
	assert.Equal(t, ipsec.Unknown, r.Verdict)
	assert.NotEmpty(t, r.Unseen)
}
