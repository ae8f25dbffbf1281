package rssac002

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
)

// Metric is one published document: one metric of one service on one day.
type Metric struct {
	Service string    `json:"service"`           // such as "a.root-servers.net"
	Version string    `json:"version,omitempty"` // of RSSAC002 that the file follows
	Name    string    `json:"metric"`            // such as "traffic-volume"
	Start   time.Time `json:"start"`             // of the period, UTC
	End     time.Time `json:"end,omitzero"`      // version 2 only

	// Values are the numbers by key, such as "dns-udp-queries-received-ipv4";
	// those of a group are "udp-request-sizes/16-31" and "rcodes/3". What is
	// published as empty, null or NA is absent.
	Values map[string]uint64 `json:"values,omitempty"`
}

// The metrics that figures come from.
const (
	trafficVolume = "traffic-volume"
	uniqueSources = "unique-sources"
	trafficSizes  = "traffic-sizes"
)

// maxDocuments bounds what one file may hold.
const maxDocuments = 10000

// ParseYAML reads the documents of a YAML file of RSSAC002, versions 2 to 5. It
// reads the fixed shape that RSSAC002 prescribes and the oddities that
// published files have (times in the forms of YAML, with and without quotes,
// rcodes not indented, whole documents indented, blank lines, comments, a byte
// order mark, services under root-servers.org) and is no YAML parser beyond
// that. It returns what it could read together with an error that names every
// line it could not; that error matches [dnsroot.ErrSyntax].
func ParseYAML(r io.Reader) ([]Metric, error) {
	var metrics []Metric
	var problems []error
	var m *Metric
	group, number := "", 0
	finish := func() {
		if m == nil {
			return
		}
		if err := m.check(); err != nil {
			problems = append(problems, fmt.Errorf("document ending at line %d: %w", number, err))
		} else {
			metrics = append(metrics, *m)
		}
		m, group = nil, ""
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() && len(problems) < 20 && len(metrics) < maxDocuments {
		number++
		text := lines.Text()
		if number == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		line := strings.TrimSpace(text)
		switch {
		case unquote(line) == "---" || unquote(line) == "...":
			finish()
			continue
		case line == "" || line[0] == '#' || strings.HasPrefix(line, "%YAML"):
			continue
		}
		key, value, found := strings.Cut(line, ":")
		if !found {
			problems = append(problems, fmt.Errorf("%w: line %d: want \"key: value\", have %q", dnsroot.ErrSyntax, number, cut(line)))
			continue
		}
		if m == nil {
			m = &Metric{Values: map[string]uint64{}}
		}
		var err error
		group, err = m.set(group, unquote(key), unquote(value))
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", number, err))
		}
	}
	finish()
	if err := lines.Err(); err != nil {
		problems = append(problems, fmt.Errorf("%w: line %d: %w", dnsroot.ErrSyntax, number+1, err))
	}
	if len(metrics) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%w: no RSSAC002 document in it", dnsroot.ErrSyntax))
	}
	if len(problems) > 0 {
		return metrics, &opskit.Error{Op: "parse RSSAC002 YAML", Err: oneLine{problems}}
	}
	return metrics, nil
}

func cut(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// unquote returns a scalar without its quotes and without a comment behind it.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			if rest := strings.TrimSpace(s[end+2:]); rest == "" || rest[0] == '#' {
				return s[1 : end+1]
			}
		}
		return s
	}
	if s == "" || s[0] == '#' {
		return ""
	}
	if before, _, comment := strings.Cut(s, " #"); comment {
		return strings.TrimSpace(before)
	}
	return s
}

// moment reads a time in the forms that YAML knows; without a zone it is UTC,
// as all times of RSSAC002 are.
func moment(value string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00",
		"2006-01-02T15:04:05", time.DateTime, time.DateOnly,
	} {
		if at, err := time.Parse(layout, strings.ToUpper(value)); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// set takes one line and returns the group that the next ones may belong to.
func (m *Metric) set(group, key, value string) (string, error) {
	switch key {
	case "service":
		m.Service = strings.ToLower(strings.TrimSuffix(value, "."))
		return "", nil
	case "version":
		m.Version = value
		return "", nil
	case "metric":
		m.Name = value
		return "", nil
	case "start-period", "end-period":
		at, ok := moment(value)
		if !ok {
			return "", fmt.Errorf("%w: %s: want a time such as 2015-11-30T00:00:00Z, have %q", dnsroot.ErrSyntax, key, cut(value))
		}
		if key == "start-period" {
			m.Start = at.UTC()
		} else {
			m.End = at.UTC()
		}
		return "", nil
	}
	if value == "" && key != "" && key[0] >= 'a' && key[0] <= 'z' {
		return key, nil // "rcodes:", "udp-request-sizes:"
	}
	name := key
	switch {
	case key == "" || len(key) > 64:
		return group, fmt.Errorf("%w: no key", dnsroot.ErrSyntax)
	case key[0] < '0' || key[0] > '9':
		group = ""
	case group != "":
		name = group + "/" + key
	default:
		name = "rcodes/" + key // rssm writes them without a group
	}
	switch value {
	case "", "{}", "~", "null", "NA", "N/A":
		return group, nil
	}
	n, err := count(name, value)
	if err != nil {
		return group, err
	}
	if _, twice := m.Values[name]; twice {
		return group, fmt.Errorf("%w: %s stands there twice", dnsroot.ErrSyntax, name)
	}
	m.Values[name] = n
	return group, nil
}

func (m *Metric) check() error {
	switch {
	case m.Service == "":
		return fmt.Errorf("%w: no service", dnsroot.ErrSyntax)
	case m.Name == "":
		return fmt.Errorf("%w: no metric", dnsroot.ErrSyntax)
	case m.Start.IsZero():
		return fmt.Errorf("%w: no start-period", dnsroot.ErrSyntax)
	}
	return nil
}

// letter returns whose metric it is. Operators name their service under
// root-servers.net, and some under root-servers.org.
func (m *Metric) letter() (dnsroot.Letter, bool) {
	name, found := strings.CutSuffix(m.Service, ".root-servers.org")
	if !found {
		name, found = strings.CutSuffix(m.Service, ".root-servers.net")
	}
	l, err := dnsroot.ParseLetter(name)
	return l, found && err == nil && len(name) == 1
}

// figures returns what the metric says of a letter's day. ok is false for
// another service or metric, or a period that is not one UTC day.
func (m *Metric) figures() (f Figures, ok bool) {
	l, ok := m.letter()
	if !ok || !m.Start.Equal(day(m.Start)) {
		return Figures{}, false
	}
	if !m.End.IsZero() && (m.End.Before(m.Start.Add(23*time.Hour)) || m.End.After(m.Start.Add(24*time.Hour))) {
		return Figures{}, false
	}
	f = Figures{Letter: l, Day: m.Start}
	get := func(key string) *uint64 {
		if n, ok := m.Values[key]; ok {
			return &n
		}
		return nil
	}
	switch m.Name {
	case trafficVolume:
		f.UDP4, f.TCP4 = get("dns-udp-queries-received-ipv4"), get("dns-tcp-queries-received-ipv4")
		f.UDP6, f.TCP6 = get("dns-udp-queries-received-ipv6"), get("dns-tcp-queries-received-ipv6")
	case uniqueSources:
		f.IPv4, f.IPv6, f.IPv6Aggregate = get("num-sources-ipv4"), get("num-sources-ipv6"), get("num-sources-ipv6-aggregate")
	case trafficSizes:
		f.UDPRequestSizes = map[string]uint64{}
		for name, n := range m.Values {
			if bin, ok := strings.CutPrefix(name, "udp-request-sizes/"); ok {
				f.UDPRequestSizes[bin] = n
			}
		}
	default:
		return Figures{}, false
	}
	return f, true
}
