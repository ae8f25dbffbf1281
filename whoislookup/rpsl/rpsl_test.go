package rpsl_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

const dump = "% a comment\n\n" +
	"inetnum:        192.0.2.0 - 192.0.2.255\r\n" +
	"netname:        EXAMPLE-NET\r\n" +
	"descr:          First line\r\n" +
	"                second: line\r\n" +
	"+third line\r\n" +
	"# inside\r\n" +
	"country:\r\n" +
	"\r\n\r\n" +
	"aut-num: AS64496\n"

func ExampleObjects() {
	for object := range rpsl.Objects([]byte(dump)) {
		fmt.Printf("line %d: %s %s\n", object.Line, object.Class(), object.Get("netname"))
	}
	// Output:
	// line 3: inetnum EXAMPLE-NET
	// line 12: aut-num
}

func ExampleScanner() {
	text := []byte("a. [Network Number]   192.0.2.0/24\nDomain.......: example.ax\n")
	s := rpsl.NewScanner(text)
	for s.Next() {
		l := s.Line()
		fmt.Printf("%d %s=%s\n", l.Number, l.Name.Of(text), l.Value.Of(text))
	}
	// Output:
	// 1 Network Number=192.0.2.0/24
	// 2 Domain=example.ax
}

func TestLineForms(t *testing.T) {
	for _, c := range []struct {
		rule, text, name, value string
		kind                    rpsl.Kind
		indent                  int
	}{
		{"label and value", "owner:  Gigared S.A. ", "owner", "Gigared S.A.", rpsl.KindAttribute, 0},
		{"no blank after the colon", "network:IP-Network:192.0.2.0/28", "network", "IP-Network:192.0.2.0/28", rpsl.KindAttribute, 0},
		{"dots before the colon are filling", "Status........: ok", "Status", "ok", rpsl.KindAttribute, 0},
		{"bracketed label", "[Status]  Active", "Status", "Active", rpsl.KindAttribute, 0},
		{"lettered bracketed label", "m. [Abuse]", "Abuse", "", rpsl.KindAttribute, 0},
		{"indented label", "   Registrar: X", "Registrar", "X", rpsl.KindAttribute, 3},
		{"an address of a page is no label", "http://example.net/", "", "", rpsl.KindText, 0},
		{"comment", "% text: with colon", "", "", rpsl.KindComment, 0},
		{"nothing before the colon", ": x", "", "", rpsl.KindText, 0},
		{"empty brackets", "[]", "", "", rpsl.KindText, 0},
		{"only blanks", " \t\r", "", "", rpsl.KindBlank, 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			data := []byte(c.text + "\n")
			s := rpsl.NewScanner(data)
			require.True(t, s.Next())
			l := s.Line()
			assert.Equal(t, c.kind, l.Kind)
			assert.Equal(t, c.name, string(l.Name.Of(data)))
			assert.Equal(t, c.value, string(l.Value.Of(data)))
			assert.Equal(t, c.indent, l.Indent)
			assert.False(t, s.Next())
		})
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	data := []byte("\xef\xbb\xbfdomain: x")
	s := rpsl.NewScanner(data)
	require.True(t, s.Next())
	assert.Equal(t, "domain", string(s.Line().Name.Of(data)))
}

func TestContinuationLinesKeepTheName(t *testing.T) {
	var got []string
	for o := range rpsl.Objects([]byte(dump)) {
		for a := range o.Attributes() {
			got = append(got, fmt.Sprintf("%d %s=%s %v", a.Line, a.Name, a.Value, a.Continued))
		}
	}
	assert.Equal(t, []string{
		"3 inetnum=192.0.2.0 - 192.0.2.255 false", "4 netname=EXAMPLE-NET false",
		"5 descr=First line false", "6 descr=second: line true", "7 descr=third line true",
		"9 country= false", "12 aut-num=AS64496 false",
	}, got)
}

func TestReadEqualsObjects(t *testing.T) {
	want := collect(t, dump)
	var got []string
	for o, err := range rpsl.Read(iotest.OneByteReader(strings.NewReader(dump)), 0) {
		require.NoError(t, err)
		got = append(got, fmt.Sprintf("%d %q", o.Line, o.Text))
	}
	assert.Equal(t, want, got)
}

func collect(t testing.TB, text string) (out []string) {
	t.Helper()
	for o := range rpsl.Objects([]byte(text)) {
		out = append(out, fmt.Sprintf("%d %q", o.Line, o.Text))
	}
	return out
}

func TestReadRefusesAnEndlessObject(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("a: b\n\n"), bytes.NewReader(bytes.Repeat([]byte("x: y\n"), 1000)))
	var objects int
	var last error
	for o, err := range rpsl.Read(endless, 100) {
		if err != nil {
			last = err
			continue
		}
		objects++
		assert.Equal(t, "a: b", string(o.Text))
	}
	assert.Equal(t, 1, objects)
	require.ErrorIs(t, last, rpsl.ErrTooLong)
}

func TestReadReportsTheReadError(t *testing.T) {
	broken := errors.New("broken pipe")
	var last error
	n := 0
	for _, err := range rpsl.Read(io.MultiReader(strings.NewReader("a: b\n"), iotest.ErrReader(broken)), 0) {
		last = err
		n++
	}
	assert.Equal(t, 2, n, "what was read comes before the error")
	require.ErrorIs(t, last, broken)
}

func TestLeavingTheRangeStops(t *testing.T) {
	for range rpsl.Read(strings.NewReader(dump), 0) {
		break
	}
	n := 0
	for o := range rpsl.Objects([]byte(dump)) {
		for range o.Attributes() {
			n++
			break
		}
		break
	}
	assert.Equal(t, 1, n)
}

func TestScannerAllocatesNothing(t *testing.T) {
	data := []byte(dump)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s := rpsl.NewScanner(data)
		for s.Next() {
			_ = s.Line()
		}
	}))
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte(dump))
	f.Add([]byte("\xef\xbb\xbf[ JPNIC ]\r\r\na. [Network Number] 192.0.2.0/24"))
	f.Add([]byte("NetRange: 192.0.2.0 - 192.0.2.255\nCIDR: 192.0.2.0/24\n\nOrgName: X\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := rpsl.NewScanner(data)
		lines, end := 0, 0
		for s.Next() {
			l := s.Line()
			lines++
			for _, p := range []rpsl.Span{l.Body, l.Name, l.Value} {
				if p.From > p.To || p.To > len(data) {
					t.Fatalf("line %d: %+v outside of %d bytes", l.Number, p, len(data))
				}
			}
			if l.Number != lines || l.Body.From < end {
				t.Fatalf("line %d starts before %d", l.Number, end)
			}
			end = l.Body.To
		}
		if n := bytes.Count(data, []byte("\n")); lines > n+1 {
			t.Fatalf("%d lines out of %d", lines, n+1)
		}
		for o := range rpsl.Objects(data) {
			for a := range o.Attributes() {
				if a.Line < o.Line || a.Line > lines {
					t.Fatalf("attribute in line %d of %d", a.Line, lines)
				}
			}
		}
	})
}
