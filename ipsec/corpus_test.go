package ipsec_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, v))
}

func established(list []ipsec.SA) int {
	n := 0
	for _, sa := range list {
		if sa.Established {
			n++
		}
	}
	return n
}

// The daemon's own totals are cut off before parsing, so that what is compared
// with them was counted from the lines.
func TestCorpusLibreswanStatus(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "libreswan-status")
	var want map[string]struct{ Loaded, Ike_total, Ipsec_total int }
	readJSON(t, filepath.Join(dir, "EXPECTED.json"), &want)
	require.NotEmpty(t, want)
	footer := regexp.MustCompile(`(?m)^(000 )?(Total IPsec connections|IKE SAs|IPsec SAs):.*\n`)
	for name, w := range want {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Regexp(t, footer, string(text), name)
		s, err := ipsec.ParseStatus("ipsec status", footer.ReplaceAllString(string(text), ""))
		require.NoError(t, err, name)
		assert.Len(t, s.Conns, w.Loaded, name)
		assert.Len(t, s.IKE, w.Ike_total, name)
		assert.Len(t, s.Child, w.Ipsec_total, name)
		assert.Empty(t, s.Unseen, name)

		whole, err := ipsec.ParseStatus("ipsec status", string(text))
		require.NoError(t, err, name)
		assert.Empty(t, whole.Unseen, "the footer disagrees with the lines: %s", name)
	}
	t.Logf("%d outputs", len(want))
}

func TestCorpusLibreswanShowstates(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "libreswan-showstates")
	var want map[string]struct{ Distinct_serials, Established_child, Established_ike int }
	readJSON(t, filepath.Join(dir, "EXPECTED.json"), &want)
	require.NotEmpty(t, want)
	for name, w := range want {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		s, err := ipsec.ParseStatus("ipsec showstates", string(text))
		require.NoError(t, err, name)
		assert.Equal(t, w.Established_ike, established(s.IKE), "IKE of %s", name)
		assert.Equal(t, w.Established_child, established(s.Child), "child of %s", name)
		assert.Equal(t, w.Distinct_serials, len(s.IKE)+len(s.Child), "states of %s", name)
		assert.Empty(t, s.Unseen, name)
	}
	t.Logf("%d outputs", len(want))
}

func TestCorpusLibreswanTrafficstatus(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "libreswan-trafficstatus")
	var want map[string]struct {
		Lines     int
		In_bytes  uint64
		Out_bytes uint64
	}
	readJSON(t, filepath.Join(dir, "EXPECTED.json"), &want)
	require.NotEmpty(t, want)
	for name, w := range want {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		s, err := ipsec.ParseStatus("ipsec trafficstatus", string(text))
		require.NoError(t, err, name)
		assert.Len(t, s.Child, w.Lines, name)
		var in, out uint64
		for _, sa := range s.Child {
			in, out = in+*sa.InBytes, out+*sa.OutBytes
		}
		assert.Equal(t, [2]uint64{w.In_bytes, w.Out_bytes}, [2]uint64{in, out}, name)
		assert.Empty(t, s.Unseen, name)
		if w.Lines == 0 {
			assert.Equal(t, ipsec.LinkDown, s.State().Verdict, name)
		} else {
			assert.Contains(t, []ipsec.Link{ipsec.LinkUp, ipsec.LinkOneWay}, s.State().Verdict, name)
		}
	}
	t.Logf("%d outputs", len(want))
}

// A pair that established must have no fatal finding; what of the failed ones
// is found is a figure, since many fail by certificates and keys that no
// configuration shows.
func TestBarMirrorOnLibreswanPairs(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "libreswan-confpairs")
	var want map[string]struct{ Conn, Outcome string }
	readJSON(t, filepath.Join(dir, "EXPECTED.json"), &want)
	require.NotEmpty(t, want)
	ok, failed, found := 0, 0, 0
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w := want[name]
		var ends [2]ipsec.End
		for i, side := range []string{"west", "east"} {
			c, err := conf.Read(os.DirFS(filepath.Join(dir, name)), side+".conf", conf.DialectLibreswan)
			require.NoError(t, err, name)
			ends[i] = ipsec.End{Name: side, Conf: c, Conn: w.Conn}
		}
		var secrets [2]string
		for i, side := range []string{"west", "east"} {
			text, err := os.ReadFile(filepath.Join(dir, name, side+".secrets"))
			if err == nil {
				secrets[i] = string(text)
			}
		}
		if secrets[0] != "" && secrets[1] != "" {
			ends[0].Keys = ipsec.CompareKeys(ends[0], ends[1], secrets[0], secrets[1])
		}
		r := ipsec.Mirror(ends[0], ends[1])
		fatal := r.Verdict == ipsec.Broken
		switch w.Outcome {
		case "established":
			ok++
			assert.False(t, fatal, "%s established, yet\n%s", name, r)
		default:
			failed++
			if fatal {
				found++
			} else {
				t.Logf("failed, not seen: %s", name)
			}
		}
	}
	lab.Bar(t, "mirror-pairs", "%d established pairs without a fatal finding, %d of %d failed pairs explained", ok, found, failed)
}

// Every ipsec.conf and swanctl.conf of strongSwan's own tests parses, and pairs that
// its tests expect to come up have no fatal finding.
func TestCorpusStrongSwanPairs(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "strongswan-tests")
	for kind, d := range map[string]conf.Dialect{"ipsec.conf": conf.DialectStrongSwan, "swanctl.conf": conf.DialectSwanctl} {
		files, err := filepath.Glob(filepath.Join(dir, "*", "*."+kind))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		pairs, unread := 0, 0
		for _, file := range files {
			directory, base := filepath.Split(file)
			c, err := conf.Read(os.DirFS(directory), base, d)
			require.NoError(t, err, file)
			assert.NotEmpty(t, c.ConnNames(), file)
			if base != "moon."+kind || strings.Contains(filepath.Base(filepath.Clean(directory)), "fail") {
				continue
			}
			sun, err := conf.Read(os.DirFS(directory), "sun."+kind, d)
			if err != nil {
				continue // no second end
			}
			pairs++
			r := ipsec.Mirror(ipsec.End{Name: "moon", Conf: c}, ipsec.End{Name: "sun", Conf: sun})
			assert.NotEqual(t, ipsec.SeverityFatal, r.Worst(), "%s\n%s", directory, r)
			if r.Verdict == ipsec.Unknown {
				unread++
				t.Log(filepath.Base(filepath.Clean(directory)), r.Gaps())
			}
		}
		t.Logf("%s: %d files, %d pairs, %d unknown", kind, len(files), pairs, unread)
	}
}

func TestCorpusLabCaptures(t *testing.T) {
	dir := lab.Corpus(t, "ipsec", "lab-captures")
	text, err := os.ReadFile(filepath.Join(dir, "ss_statusall_W.txt"))
	require.NoError(t, err)
	s, err := ipsec.ParseStatus("ipsec statusall", string(text))
	require.NoError(t, err)
	st := s.State()
	assert.Equal(t, ipsec.LinkUp, st.Verdict)
	require.Len(t, st.Tunnels, 1, "two SAs of one connection are one tunnel")
	assert.Equal(t, 2, st.Tunnels[0].Child)
	assert.Equal(t, "duplicate_sa", st.Findings[0].Code)

	text, err = os.ReadFile(filepath.Join(dir, "lsw_status_LA_afterup.txt"))
	require.NoError(t, err)
	s, err = ipsec.ParseStatus("ipsec auto --status", string(text))
	require.NoError(t, err)
	assert.Equal(t, ipsec.LinkIKEOnly, s.State().Verdict, "an IKE SA without a Child SA is no tunnel")
	assert.Equal(t, "4.10", s.Version)
	assert.Empty(t, s.Unseen)
}
