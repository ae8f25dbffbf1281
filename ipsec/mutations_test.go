package ipsec_test

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

//go:embed testdata/mutations.txt
var mutationsText string

// mutation is one change of a pair that comes up, and what the daemons make of it.
type mutation struct {
	dialect             conf.Dialect
	changes, right, why string
}

func mutations(t *testing.T) (all []mutation) {
	t.Helper()
	for line := range strings.Lines(mutationsText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), " | ")
		require.Len(t, f, 4, line)
		all = append(all, mutation{conf.Dialect(f[0]), f[1], strings.TrimSpace(f[2]), f[3]})
	}
	return all
}

const libreswanBase = `config setup
	protostack=xfrm

conn site
	ikev2=insist
	left=192.0.2.10
	leftid=@west
	leftsubnet=10.1.0.0/16
	right=198.51.100.20
	rightid=@east
	rightsubnet=10.2.0.0/16
	authby=secret
	dpddelay=10
	dpdtimeout=60
	dpdaction=restart
	auto=start
`

// texts are the files of both ends.
func (m mutation) texts(t *testing.T) (a, b string) {
	t.Helper()
	switch m.dialect {
	case conf.DialectStrongSwan:
		a = openingEnd
	case conf.DialectSwanctl:
		a = swanctlWest
	case conf.DialectLibreswan:
		a = libreswanBase
	case conf.DialectOpenswan:
		a = strings.NewReplacer("protostack=xfrm", "protostack=netkey", "\tikev2=insist\n", "").Replace(libreswanBase)
	}
	b = waitingEnd(a)
	if m.dialect == conf.DialectSwanctl {
		b = swanctlEast()
	}
	for change := range strings.SplitSeq(m.changes, " ;; ") {
		ends, set, ok := strings.Cut(strings.TrimSpace(change), " ")
		require.True(t, ok, change)
		for _, end := range ends {
			text := &a
			if end == 'b' {
				text = &b
			}
			if m.dialect == conf.DialectSwanctl {
				*text = setSwanctl(*text, strings.TrimSpace(set))
			} else {
				*text = setConn(*text, strings.TrimSpace(set))
			}
		}
	}
	return a, b
}

// setConn changes, adds or, with a leading '-', removes a parameter of an ipsec.conf.
func setConn(text, set string) string {
	name, value, _ := strings.Cut(strings.TrimPrefix(set, "-"), "=")
	lines := strings.SplitAfter(text, "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "\t"+name+"=") })
	if at >= 0 {
		lines = slices.Delete(lines, at, at+1)
	}
	if strings.HasPrefix(set, "-") {
		return strings.Join(lines, "")
	}
	at = max(at, slices.Index(lines, "conn site\n")+1)
	return strings.Join(slices.Insert(lines, at, fmt.Sprintf("\t%s=%s\n", name, value)), "")
}

// setSwanctl does so with a setting of the connection, of its local or remote
// section, or of its child; the value - removes.
func setSwanctl(text, set string) string {
	path, value, _ := strings.Cut(set, "=")
	section, name, below := strings.Cut(path, ".")
	if !below {
		section, name = "branch", path
	}
	if section == "child" {
		section = "offices"
	}
	lines := strings.SplitAfter(text, "\n")
	open := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == section+" {" })
	for i := open + 1; i < len(lines); i++ {
		if key, _, ok := strings.Cut(lines[i], "="); ok && strings.TrimSpace(key) == name {
			lines = slices.Delete(lines, i, i+1)
			break
		}
		if strings.Contains(lines[i], "}") || (section == "branch" && strings.Contains(lines[i], "{")) {
			break
		}
	}
	if strings.TrimSpace(value) != "-" {
		lines = slices.Insert(lines, open+1, name+" = "+value+"\n")
	}
	return strings.Join(lines, "")
}

// Mirror's verdict on each change is what the daemons make of it: never sound where
// they do not come up, never broken where they do.
func TestBarMutations(t *testing.T) {
	count, unknown := map[conf.Dialect]int{}, map[conf.Dialect]int{}
	for _, m := range mutations(t) {
		a, b := m.texts(t)
		r := parseAndMirror(t, a, b, m.dialect)
		count[m.dialect]++
		if r.Verdict == ipsec.Unknown {
			unknown[m.dialect]++
		}
		ok := true
		switch m.right {
		case "up":
			ok = r.Verdict != ipsec.Broken
		case "sound":
			ok = r.Verdict == ipsec.Sound
		case "refused":
			ok = r.Verdict != ipsec.Sound
		case "odd":
			ok = r.Verdict != ipsec.Sound && r.Verdict != ipsec.Broken
		case "dead":
			ok = r.Verdict == ipsec.Broken
		default:
			t.Fatal(m.right)
		}
		assert.True(t, ok, "%s %s: %s (%s)\n%s", m.dialect, m.changes, m.right, m.why, r)
	}
	var out []string
	for _, d := range conf.Dialects() {
		out = append(out, fmt.Sprintf("%s %d (%d unknown)", d, count[d], unknown[d]))
	}
	lab.Bar(t, "mutations", "%s", strings.Join(out, ", "))
}

// parseAndMirror compares what could be read of the two files.
func parseAndMirror(t *testing.T, a, b string, d conf.Dialect) *ipsec.Report {
	ca, err := conf.Parse("a.conf", a, d)
	if err != nil {
		t.Log(err)
	}
	cb, err := conf.Parse("b.conf", b, d)
	if err != nil {
		t.Log(err)
	}
	return ipsec.Mirror(ipsec.End{Conf: ca}, ipsec.End{Conf: cb})
}
