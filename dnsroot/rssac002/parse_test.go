package rssac002_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
)

const volumeYAML = `---
service: x.root-servers.net
start-period: '2020-03-01T00:00:00Z'
end-period: '2020-03-01T23:59:59Z'
metric: traffic-volume
dns-udp-queries-received-ipv4: 1000
dns-udp-queries-received-ipv6: 100
dns-tcp-queries-received-ipv4: 10
dns-tcp-queries-received-ipv6: 1
`

func TestParseYAML(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want rssac002.Metric
	}{
		"version 2, quoted times": {volumeYAML, rssac002.Metric{
			Service: "x.root-servers.net", Name: "traffic-volume", Start: firstDay, End: firstDay.Add(24*time.Hour - time.Second),
			Values: map[string]uint64{
				"dns-udp-queries-received-ipv4": 1000, "dns-udp-queries-received-ipv6": 100,
				"dns-tcp-queries-received-ipv4": 10, "dns-tcp-queries-received-ipv6": 1,
			},
		}},
		"version 3, no quotes, rcodes not indented, trailing blank line": {
			"---\nversion: rssac002v3\nservice: C.root-servers.net.\nstart-period: 2020-03-01T00:00:00Z\nmetric: rcode-volume\nrcodes:\n0: 5\n3: 7\n\n",
			rssac002.Metric{
				Service: "c.root-servers.net", Version: "rssac002v3", Name: "rcode-volume", Start: firstDay,
				Values: map[string]uint64{"rcodes/0": 5, "rcodes/3": 7},
			},
		},
		"everything indented, keys in another order, CRLF": {
			"  metric: traffic-sizes\r\n  service: \"l.root-servers.net\"\r\n  start-period: \"2020-03-01T00:00:00Z\"\r\n  udp-request-sizes:\r\n    16-31: 3\r\n    288-: 1\r\n  tcp-request-sizes: {}\r\n",
			rssac002.Metric{
				Service: "l.root-servers.net", Name: "traffic-sizes", Start: firstDay,
				Values: map[string]uint64{"udp-request-sizes/16-31": 3, "udp-request-sizes/288-": 1},
			},
		},
		"null, NA and nothing are absent": {
			"service: a.root-servers.net\nstart-period: 2020-03-01T00:00:00Z\nmetric: unique-sources # of the day\nnum-sources-ipv4: null\nnum-sources-ipv6: NA\nnum-sources-ipv6-aggregate:\n",
			rssac002.Metric{Service: "a.root-servers.net", Name: "unique-sources", Start: firstDay, Values: map[string]uint64{}},
		},
		"a byte order mark, a directive, comments behind quotes and values": {
			"\ufeff%YAML 1.1\n--- # of the day\nservice: 'h.root-servers.net' # RSSAC001\nstart-period: \"2020-03-01T00:00:00Z\" # UTC\nmetric: unique-sources\nnum-sources-ipv4: 5 # counted\nnum-sources-ipv6: # not counted\n...\n",
			rssac002.Metric{Service: "h.root-servers.net", Name: "unique-sources", Start: firstDay, Values: map[string]uint64{"num-sources-ipv4": 5}},
		},
		"the largest count": {
			"service: a.root-servers.net\nstart-period: 2020-03-01T00:00:00Z\nmetric: unique-sources\nnum-sources-ipv4: 18446744073709551615\n",
			rssac002.Metric{
				Service: "a.root-servers.net", Name: "unique-sources", Start: firstDay,
				Values: map[string]uint64{"num-sources-ipv4": 18446744073709551615},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rssac002.ParseYAML(strings.NewReader(test.text))
			require.NoError(t, err)
			assert.Equal(t, []rssac002.Metric{test.want}, got)
		})
	}
}

func TestParseYAMLNamesWhatIsWrong(t *testing.T) {
	head := "service: a.root-servers.net\nstart-period: 2020-03-01T00:00:00Z\nmetric: traffic-volume\n"
	for name, test := range map[string]struct {
		text, says string
		read       int
	}{
		"empty":            {"", "no RSSAC002 document", 0},
		"separators only":  {"---\n---\n", "no RSSAC002 document", 0},
		"no YAML":          {"<html>\n", "line 1", 0},
		"too large":        {head + "dns-udp-queries-received-ipv4: 18446744073709551616\n", "line 4: syntax: dns-udp-queries-received-ipv4: want a count", 1},
		"negative":         {head + "dns-udp-queries-received-ipv4: -1\n", "line 4", 1},
		"a fraction":       {head + "dns-udp-queries-received-ipv4: 1.5\n", "line 4", 1},
		"twice":            {head + "dns-udp-queries-received-ipv4: 1\ndns-udp-queries-received-ipv4: 2\n", "line 5", 1},
		"no service":       {"start-period: 2020-03-01T00:00:00Z\nmetric: traffic-volume\n", "no service", 0},
		"no metric":        {"service: a.root-servers.net\nstart-period: 2020-03-01T00:00:00Z\n", "no metric", 0},
		"no time":          {"service: a.root-servers.net\nmetric: traffic-volume\n", "no start-period", 0},
		"a day as time":    {"service: a.root-servers.net\nmetric: traffic-volume\nstart-period: yesterday\n", "line 3", 0},
		"a very long line": {head + strings.Repeat("x", 100000) + "\n", "line 4", 1},
		"second broken":    {head + "---\nmetric: x\n", "no service", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rssac002.ParseYAML(strings.NewReader(test.text))
			require.ErrorIs(t, err, dnsroot.ErrSyntax)
			assert.Contains(t, err.Error(), test.says)
			assert.Len(t, got, test.read)
		})
	}
}

func TestParseCSV(t *testing.T) {
	got, err := rssac002.ParseCSV(strings.NewReader("\ufeffdate, letter,udp6,udp4,note,tcp4\n2020-03-01,A,7,5,\"x, y\",NA\n2020-03-02,k,,0,,3\n"))
	require.NoError(t, err)
	assert.Equal(t, []rssac002.Figures{
		{Letter: 'a', Day: firstDay, UDP4: new(uint64(5)), UDP6: new(uint64(7))},
		{Letter: 'k', Day: firstDay.AddDate(0, 0, 1), UDP4: new(uint64(0)), TCP4: new(uint64(3))},
	}, got)
}

func TestParseCSVNamesWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		text, says string
		read       int
	}{
		"empty":           {"", "EOF", 0},
		"another table":   {"a,b\n1,2\n", "names no letter, date and figures", 0},
		"letter z":        {"letter,date,udp4\nz,2020-03-01,1\na,2020-03-01,1\n", "line 2", 1},
		"a wrong date":    {"letter,date,udp4\na,01.03.2020,1\n", "line 2: syntax: date", 0},
		"a wrong count":   {"letter,date,udp4\na,2020-03-01,-1\n", "line 2: syntax: udp4", 1},
		"a field too few": {"letter,date,udp4\na,2020-03-01\nb,2020-03-01,4\n", "line 2: 2 fields", 1},
		"a quote inside":  {"letter,date,udp4\na\"b,2020-03-01,1\n", "line 2", 0},
		"a bare quote":    {"letter,date,udp4\na,2020-03-01,\"1\nb,2020-03-01,4\n", "line", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rssac002.ParseCSV(strings.NewReader(test.text))
			require.ErrorIs(t, err, dnsroot.ErrSyntax)
			assert.Contains(t, err.Error(), test.says)
			assert.Len(t, got, test.read)
		})
	}
}

func TestReadDir(t *testing.T) {
	dir := fstest.MapFS{
		"2020/03/a.yaml": {Data: []byte(strings.Replace(volumeYAML, "x.root", "a.root", 1))},
		"2020/03/x.yml":  {Data: []byte(volumeYAML)}, // a service that is no letter
		"sources.CSV":    {Data: []byte("letter,date,ipv4\na,2020-03-01,77\n")},
		"notes.csv":      {Data: []byte("what,when\n1,2\n")},
		"README":         {Data: []byte("not read")},
	}
	s, err := rssac002.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, s.Figures, 1)
	f := s.Figures[0]
	assert.Equal(t, uint64(1000), *f.UDP4)
	assert.Equal(t, uint64(77), *f.IPv4)
	require.Len(t, s.Unseen, 1)
	assert.Equal(t, "notes.csv", s.Unseen[0].What)

	dir["bad.yaml"] = &fstest.MapFile{Data: []byte("\x00\xff")}
	s, err = rssac002.ReadDir(dir)
	require.ErrorIs(t, err, dnsroot.ErrSyntax)
	assert.Contains(t, err.Error(), "bad.yaml")
	assert.Len(t, s.Figures, 1, "what could be read is there")

	_, err = rssac002.ReadDir(fstest.MapFS{"README": {}})
	assert.ErrorIs(t, err, dnsroot.ErrSyntax)
	_, err = rssac002.ReadDir(noDir{})
	assert.ErrorIs(t, err, fs.ErrPermission)
}

type noDir struct{}

func (noDir) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// A period of part of a day, or of several, is not a day's figure.
func TestOtherPeriodsAreNoDays(t *testing.T) {
	for _, edit := range [][2]string{
		{"2020-03-01T23:59:59Z", "2020-03-01T11:59:59Z"},
		{"2020-03-01T23:59:59Z", "2020-03-07T23:59:59Z"},
		{"2020-03-01T00:00:00Z", "2020-03-01T00:05:00Z"},
	} {
		text := strings.Replace(strings.Replace(volumeYAML, "x.root", "a.root", 1), edit[0], edit[1], 1)
		_, err := rssac002.ReadDir(fstest.MapFS{"a.yaml": {Data: []byte(text)}})
		assert.ErrorIs(t, err, dnsroot.ErrSyntax, edit[1])
	}
}

// What is left out is told, not just missing.
func TestOtherPeriodsAreTold(t *testing.T) {
	text := strings.Replace(volumeYAML, "x.root", "a.root", 1)
	s, err := rssac002.ReadDir(fstest.MapFS{
		"a.yaml": {Data: []byte(text)},
		"b.yaml": {Data: []byte(strings.Replace(text, "2020-03-01T23:59:59Z", "2020-03-07T23:59:59Z", 1))},
	})
	require.NoError(t, err)
	assert.Len(t, s.Figures, 1)
	assert.Equal(t, []opskit.Gap{{What: "traffic-volume of a from 2020-03-01T00:00:00Z (b.yaml)", Why: "its period is not one UTC day"}}, s.Unseen)
}

func TestServicesAndTimesAsOperatorsWriteThem(t *testing.T) {
	for _, service := range []string{"b.root-servers.org", "B.Root-Servers.NET.", "b.root-servers.net"} {
		for _, day := range []string{
			"2020-03-01", "2020-03-01T00:00:00Z", "2020-03-01t00:00:00z", "2020-03-01 00:00:00", "2020-03-01 00:00:00.000000000 Z",
			"2020-03-01 00:00:00+00:00", "2020-03-01T00:00:00", "2020-03-01T01:00:00+01:00",
		} {
			text := "service: " + service + "\nstart-period: " + day + "\nmetric: unique-sources\nnum-sources-ipv4: 9\n"
			s, err := rssac002.ReadDir(fstest.MapFS{"b.yaml": {Data: []byte(text)}})
			require.NoError(t, err, text)
			require.Len(t, s.Figures, 1, text)
			assert.Equal(t, dnsroot.Letter('b'), s.Figures[0].Letter, text)
			assert.Equal(t, firstDay, s.Figures[0].Day, text)
		}
	}
	for _, service := range []string{"b", "b.example.org", "bb.root-servers.org", "root-servers.org"} {
		text := "service: " + service + "\nstart-period: 2020-03-01\nmetric: unique-sources\nnum-sources-ipv4: 9\n"
		_, err := rssac002.ReadDir(fstest.MapFS{"b.yaml": {Data: []byte(text)}})
		require.ErrorIs(t, err, dnsroot.ErrSyntax, text)
	}
}

func FuzzParseYAML(f *testing.F) {
	f.Add([]byte(volumeYAML))
	f.Add([]byte("---\nversion: rssac002v3\nservice: c.root-servers.net\nstart-period: 2017-04-27T00:00:00Z\nmetric: rcode-volume\nrcodes:\n0: 1\n  1: 2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		metrics, err := rssac002.ParseYAML(bytes.NewReader(data))
		assert.True(t, err != nil || len(metrics) > 0)
		for _, m := range metrics {
			assert.NotEmpty(t, m.Service)
			assert.False(t, m.Start.IsZero())
		}
		if s, err := rssac002.ReadDir(fstest.MapFS{"a.yaml": {Data: data}}); err == nil {
			assert.NotEmpty(t, rssac002.Findings(s).String())
		}
	})
}

func FuzzParseCSV(f *testing.F) {
	f.Add([]byte("letter,date,udp4,tcp4,udp6,tcp6\na,2015-11-01,3,2,1,0\nb,2015-11-01,NA,,1,0\n"))
	f.Add([]byte("letter,date,ipv4,ipv6,ipv6_64\nk,2015-11-01,3,2,1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		figures, _ := rssac002.ParseCSV(bytes.NewReader(data))
		s := &rssac002.Statistics{}
		s.Add(figures...)
		r := rssac002.Findings(s)
		for _, d := range r.Days {
			assert.Len(t, d.Letters, 13)
		}
		for _, c := range r.String() {
			assert.True(t, c == '\n' || (c >= ' ' && c < 0x7f), "character %q", c)
		}
	})
}
