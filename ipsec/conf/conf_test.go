package conf_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// params renders what one connection resolves to.
func params(t *testing.T, c *conf.Conf, name string, keys ...string) string {
	t.Helper()
	conn, err := c.Conn(name)
	require.NoError(t, err)
	var b strings.Builder
	for _, k := range keys {
		p, ok := conn.Get(k)
		if !ok {
			fmt.Fprintf(&b, "%s unset; ", k)
			continue
		}
		fmt.Fprintf(&b, "%s=%s:%d; ", k, p.Value, p.Line)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestRulesOfBothSyntaxes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		dialect    conf.Dialect
		want       string // of leftid and rightid
	}{
		{"white space around =", "conn a\n\tleftid = @x\n  rightid= @y \n", conf.DialectLibreswan, "leftid=@x:2; rightid=@y:3"},
		{"empty lines inside a section", "conn a\n\n\tleftid=@x\n\n\trightid=@y\n", conf.DialectLibreswan, "leftid=@x:3; rightid=@y:5"},
		{"a comment in the first column", "conn a\n#c\n\tleftid=@x\n", conf.DialectLibreswan, "leftid=@x:3; rightid unset"},
		{"a comment behind white space", "conn a # c\n\tleftid=@x # c\n", conf.DialectLibreswan, "leftid=@x:2; rightid unset"},
		{"no comment inside a word", "conn a\n\tleftid=@x#y\n", conf.DialectLibreswan, "leftid=@x#y:2; rightid unset"},
		{"quotes", "conn a\n\tleftid=\"C=CA, O=x\" # c\n", conf.DialectLibreswan, "leftid=C=CA, O=x:2; rightid unset"},
		{"braces", "conn a\n\tleftid={a , b}\n", conf.DialectLibreswan, "leftid=a , b:2; rightid unset"},
		{"names without regard to case", "conn a\n\tLeftID=@x\n", conf.DialectLibreswan, "leftid=@x:2; rightid unset"},
		{"empty is the default", "conn a\n\tleftid=\n", conf.DialectLibreswan, "leftid unset; rightid unset"},
		{"line ends of DOS", "conn a\r\n\tleftid=@x\r\n", conf.DialectLibreswan, "leftid=@x:2; rightid unset"},
		{"no line end at the end", "conn a\n\tleftid=@x", conf.DialectLibreswan, "leftid=@x:2; rightid unset"},
		{"a version line", "version 2.0\n\nconn a\n\tleftid=@x\n", conf.DialectLibreswan, "leftid=@x:4; rightid unset"},
		{"a version line, first in its section", "conn a\n\tleftid=@x\nconfig setup\n\tleftid=no\n", conf.DialectLibreswan, "leftid=@x:2; rightid unset"},
		{"the rest of x-comment", "conn a\n\tx-comment=all \"of # it\n\tleftid=@x\n", conf.DialectLibreswan, "leftid=@x:3; rightid unset"},
		{"%default fills in", "conn %default\n\tleftid=@d\n\trightid=@d\nconn a\n\tleftid=@x\n", conf.DialectLibreswan, "leftid=@x:5; rightid=@d:3"},
		{"%default may come last", "conn a\n\tleftid=@x\nconn %default\n\trightid=@d\n", conf.DialectLibreswan, "leftid=@x:2; rightid=@d:4"},
		{"also before %default", "conn %default\n\tleftid=@d\nconn b\n\tleftid=@b\nconn a\n\talso=b\n", conf.DialectLibreswan, "leftid=@b:4; rightid unset"},
		{"own before also", "conn b\n\tleftid=@b\nconn a\n\talso=b\n\tleftid=@x\n", conf.DialectLibreswan, "leftid=@x:5; rightid unset"},
		{"also of a later section, nested", "conn a\n\talso=b\nconn b\n\talso=c\n\tleftid=@b\nconn c\n\trightid=@c\n", conf.DialectLibreswan, "leftid=@b:5; rightid=@c:7"},
		{"the first also counts in libreswan", "conn b\n\tleftid=@b\nconn c\n\tleftid=@c\nconn a\n\talso=b\n\talso=c\n", conf.DialectLibreswan, "leftid=@b:2; rightid unset"},
		{"the last also counts in strongSwan", "conn b\n\tleftid=@b\nconn c\n\tleftid=@c\nconn a\n\talso=b\n\talso=c\n", conf.DialectStrongSwan, "leftid=@c:4; rightid unset"},
		{"a circle of also", "conn a\n\talso=b\n\tleftid=@x\nconn b\n\talso=a\n\trightid=@b\n", conf.DialectLibreswan, "leftid=@x:3; rightid=@b:6"},
		{"alsoflip exchanges the sides", "conn b\n\tleftid=@b\nconn a\n\talsoflip=b\n", conf.DialectOpenswan, "leftid unset; rightid=@b:2"},
		{"strongSwan joins words", "conn a\n\tleftid=two   words # c\n", conf.DialectStrongSwan, "leftid=two words:2; rightid unset"},
		{"strongSwan ends a word at #", "conn a\n\tleftid=@x#c\n", conf.DialectStrongSwan, "leftid=@x:2; rightid unset"},
		{"strongSwan's key IDs begin with @#", "conn a\n\tleftid=@#0a0b\n", conf.DialectStrongSwan, "leftid=@#0a0b:2; rightid unset"},
		{"strongSwan's escapes", "conn a\n\tleftid=\"a\\\"b\\tc\"\n\trightid=@y\n", conf.DialectStrongSwan, "leftid=a\"b\tc:2; rightid=@y:3"},
		{"strongSwan's strings span lines", "conn a\n\tleftid=\"a\\\nb\nc\"\n\trightid=@y\n", conf.DialectStrongSwan, "leftid=ab\nc:2; rightid=@y:5"},
		{"strongSwan takes the later of two", "conn a\n\tleftid=@x\n\tleftid=@y\n", conf.DialectStrongSwan, "leftid=@y:3; rightid unset"},
		{"strongSwan merges sections", "conn a\n\tleftid=@x\nca z\n\tcacert=x\nconn a\n\trightid=@y\n", conf.DialectStrongSwan, "leftid=@x:2; rightid=@y:6"},
		{"strongSwan's empty value clears", "conn %default\n\tleftid=@d\nconn a\n\tleftid=\n", conf.DialectStrongSwan, "leftid unset; rightid unset"},
		{"either syntax, libreswan's first", "conn a\n\tleftid=@x#y\n", conf.DialectUnknown, "leftid=@x#y:2; rightid unset"},
		{"either syntax, strongSwan's then", "conn a\n\tleftid=two words\n", conf.DialectUnknown, "leftid=two words:2; rightid unset"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := conf.Parse("t.conf", c.text, c.dialect)
			require.NoError(t, err)
			assert.Equal(t, c.want, params(t, got, "a", "leftid", "rightid"))
		})
	}
}

func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		name, text, field, read string
		line                    int
		dialects                string
	}{
		{"no section", "\tleft=1.2.3.4\n", "", "left=1.2.3.4", 1, "both"},
		{"in the first column", "conn a\n\tleft=%any\nright=1.2.3.4\n", "right", "right=1.2.3.4", 3, "both"},
		{"garbage", "garbage\n", "garbage", "garbage", 1, "both"},
		{"no name", "conn\n\tleft=%any\n", "conn", "conn", 1, "both"},
		{"two names", "conn a b\n", "conn", "conn a b", 1, "both"},
		{"no value", "conn a\n\tleftid @x\n", "leftid", "leftid @x", 2, "both"},
		{"no equals", "conn a\n\tleftid\n", "leftid", "leftid", 2, "both"},
		{"open quote", "conn a\n\tleftid=\"open\n", "leftid", "leftid=\"open", 2, "swan"},
		{"open brace", "conn a\n\tleftsubnets={a,b\n", "leftsubnets", "leftsubnets={a,b", 2, "swan"},
		{"words without quotes", "conn a\n\tleftid=two words\n", "leftid", "words", 2, "swan"},
		{"a quote inside", "conn a\n\tleftid=tw\"o\n", "leftid", "leftid=tw\"o", 2, "swan"},
		{"a ca section", "ca x\n\tcacert=y\n", "ca", "ca x", 1, "swan"},
		{"config what", "config other\n", "config", "config other", 1, "both"},
		{"equals inside", "conn a\n\tleftid=C=CH, O=x\n", "leftid", "leftid=C=CH, O=x", 2, "strong"},
		{"include of two", "include a b\n", "include", "include a b", 1, "swan"},
	} {
		for _, d := range []conf.Dialect{conf.DialectLibreswan, conf.DialectStrongSwan} {
			if c.dialects == "swan" && d == conf.DialectStrongSwan || c.dialects == "strong" && d == conf.DialectLibreswan {
				continue
			}
			t.Run(c.name+" "+d.String(), func(t *testing.T) {
				const good = "conn good\n\tleft=192.0.2.1\n"
				text, line, at := good+c.text, c.line+2, "2"
				if c.name == "no section" {
					text, line, at = c.text+good, c.line, "3"
				}
				got, err := conf.Parse("t.conf", text, d)
				require.ErrorIs(t, err, conf.ErrSyntax)
				var e *conf.SyntaxError
				require.ErrorAs(t, err, &e)
				assert.Equal(t, "t.conf", e.File)
				assert.Equal(t, line, e.Line)
				assert.Equal(t, c.field, e.Field)
				assert.Equal(t, c.read, e.Read)
				assert.NotEmpty(t, e.Problem)
				assert.Contains(t, err.Error(), fmt.Sprintf("t.conf:%d: ", line))
				assert.Equal(t, "left=192.0.2.1:"+at, params(t, got, "good", "left"), "what can be read is returned")
			})
		}
	}
}

func TestEveryErrorIsReported(t *testing.T) {
	_, err := conf.Parse("t.conf", "garbage\nconn a\n\tb\n\tc\n", conf.DialectLibreswan)
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	assert.Len(t, joined.Unwrap(), 3)
}

func TestInclude(t *testing.T) {
	fsys := fstest.MapFS{
		"etc/ipsec.conf":       {Data: []byte("config setup\n\tprotostack=netkey\ninclude /etc/ipsec.d/*.conf\ninclude more/one.conf\ninclude /etc/gone.conf\ninclude /etc/none.d/*.conf\ninclude /etc/notes/*.conf\n")},
		"etc/ipsec.d/.c.conf":  {Data: []byte("half written")},
		"etc/ipsec.d/b.conf":   {Data: []byte("conn b\n\tleft=%any\n")},
		"etc/ipsec.d/a.conf":   {Data: []byte("conn a\n\tleft=%any\n")},
		"etc/more/one.conf":    {Data: []byte("include two.conf\nconn one\n\tleft=%any\n")},
		"etc/more/two.conf":    {Data: []byte("conn two\n\tbad\n")},
		"etc/loop.conf":        {Data: []byte("include loop.conf\n")},
		"etc/notes/ignore.txt": {Data: []byte("x")},
	}
	c, err := conf.Read(fsys, "etc/ipsec.conf", conf.DialectLibreswan)
	var e *conf.SyntaxError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "etc/more/two.conf", e.File)
	assert.Equal(t, []string{"a", "b", "two", "one"}, c.ConnNames())
	assert.Equal(t, []string{"etc/ipsec.conf", "etc/ipsec.d/a.conf", "etc/ipsec.d/b.conf", "etc/more/one.conf", "etc/more/two.conf"}, c.Files)
	require.Len(t, c.Missing, 2, "a pattern without a match is normal, in a directory that is there")
	assert.Equal(t, conf.Include{Pattern: "/etc/none.d/*.conf", File: "etc/ipsec.conf", Line: 6, Why: "no such directory"}, c.Missing[1])
	assert.Equal(t, conf.Include{Pattern: "/etc/gone.conf", File: "etc/ipsec.conf", Line: 5, Why: "no such file"}, c.Missing[0])
	require.True(t, c.HasSetup())
	assert.Equal(t, "netkey", c.Setup()[0].Value)

	c, _ = conf.Read(fsys, "/etc/ipsec.conf", conf.DialectLibreswan)
	assert.Equal(t, []string{"/etc/ipsec.conf", "/etc/ipsec.d/a.conf", "/etc/ipsec.d/b.conf", "/etc/more/one.conf", "/etc/more/two.conf"}, c.Files)

	_, err = conf.Read(fsys, "etc/loop.conf", conf.DialectStrongSwan)
	require.ErrorIs(t, err, conf.ErrSyntax, "a file that includes itself ends")
	_, err = conf.Read(fsys, "etc/nothing.conf", conf.DialectLibreswan)
	require.ErrorIs(t, err, os.ErrNotExist)
	c, err = conf.Parse("x", "include /etc/ipsec.d/*.conf\n", conf.DialectStrongSwan)
	require.NoError(t, err)
	assert.Len(t, c.Missing, 1)
	assert.False(t, c.HasSetup())
}

func TestMessagesHoldNoControls(t *testing.T) {
	_, err := conf.Parse("a\x1b[2J.conf", "garb\x1bage\nconn a\n\talso=\x1bx\n", conf.DialectLibreswan)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\x1b")
	c, err := conf.Parse("a\x1b.conf", "conn a\n\talso=\x1bx\n", conf.DialectLibreswan)
	require.NoError(t, err)
	_, err = c.Conn("a")
	require.ErrorIs(t, err, conf.ErrNoSection)
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestConnErrors(t *testing.T) {
	c, err := conf.Parse("t.conf", "conn a\n\talso=gone\n\tleftid=@x\n\tleftid=@y\n", conf.DialectLibreswan)
	require.NoError(t, err)
	conn, err := c.Conn("a")
	require.ErrorIs(t, err, conf.ErrNoSection)
	require.ErrorContains(t, err, "t.conf:2: also=gone")
	require.Len(t, conn.Duplicates, 1)
	assert.Equal(t, 4, conn.Duplicates[0].Line)
	assert.Equal(t, 1, conn.Params())
	conn, err = c.Conn("none")
	require.ErrorIs(t, err, conf.ErrNoSection)
	assert.Nil(t, conn)
}

// "appended, as if they had been written as part of it", ipsec.conf(5) says of
// also=, and so libreswan takes none of them twice.
func TestInheritedDuplicates(t *testing.T) {
	for text, lines := range map[string][]int{
		"conn a\n\talso=b\n\tleftid=@x\nconn b\n\tleftid=@b\n":                                         {5},
		"conn a\n\talso=b\n\talso=c\nconn b\n\tleftid=@b\nconn c\n\tleftid=@c\n":                       {7},
		"conn a\n\talso=b\nconn b\n\talso=c\n\tleftid=@b\nconn c\n\tleftid=@c\n":                       {7},
		"conn a\n\talso=b\n\talso=c\nconn b\n\tleftid=@b\nconn c\n\tleftid=@b\n":                       nil,
		"conn %default\n\tleftid=@d\nconn a\n\tleftid=@x\n":                                            nil,
		"conn a\n\talso=b\n\tleftid=@x\nconn b\n\tleftid=\n":                                           nil,
		"conn a\n\talso=b\n\tleftid=@x\n\tauto=add\nconn b\n\tleftid=@b\n\tauto=start\n\trightid=@r\n": {6, 7},
	} {
		for _, d := range []conf.Dialect{conf.DialectLibreswan, conf.DialectOpenswan, conf.DialectStrongSwan, conf.DialectUnknown} {
			c, err := conf.Parse("t.conf", text, d)
			require.NoError(t, err)
			conn, err := c.Conn("a")
			require.NoError(t, err)
			var at []int
			for _, p := range conn.Duplicates {
				at = append(at, p.Line)
			}
			slices.Sort(at)
			if d == conf.DialectStrongSwan || d == conf.DialectUnknown {
				assert.Empty(t, at, "strongSwan overrides")
				continue
			}
			assert.Equal(t, lines, at, text)
		}
	}
}

func TestAllParameters(t *testing.T) {
	c, err := conf.Parse("t.conf", "conn %default\n\tauto=add\n\tright=\nconn a\n\tleft=192.0.2.1\n", conf.DialectLibreswan)
	require.NoError(t, err)
	conn, err := c.Conn("a")
	require.NoError(t, err)
	var names []string
	for p := range conn.All() {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"auto", "left"}, names, "by name, with what is inherited and without what is empty")
	for range conn.All() {
		break
	}
}

func TestJSON(t *testing.T) {
	c, err := conf.Parse("t.conf", "conn a\n\tleft=%any\ninclude x\n", conf.DialectLibreswan)
	require.NoError(t, err)
	data, err := json.Marshal(c)
	require.NoError(t, err)
	var back conf.Conf
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, c, &back)
}

// libreswan's own reader is asked whether it takes a text, and what it takes
// from it. Where it takes a value with one quote in it, this package does not:
// the manual forbids it.
func TestAgreesWithAddconn(t *testing.T) {
	lab.Need(t, "program:addconn")
	addconn, err := lab.Program("addconn")
	require.NoError(t, err)
	const ends = "\tleft=192.0.2.1\n\tright=192.0.2.2\n"
	for _, text := range []string{
		"conn a\n" + ends,
		"conn a\n" + ends + "\n\n\tleftid=@x\n",
		"conn a\n" + ends + "\tleftid=@x # comment\n",
		"conn a\n" + ends + "\tleftid=@x#y\n",
		"conn a\n" + ends + "\tleftid=\"C=CA, O=x\"\n",
		"conn a\n" + ends + "\tleftid=two words\n",
		"conn a\n" + ends + "# comment\n\tleftid=@z\n",
		"conn a\n" + ends + "\tleftid=\n",
		"conn a\n" + ends + "\tleftsubnets={10.0.0.0/8 , 11.0.0.0/8}\n",
		"conn a\n" + ends + "\tleftid @x\n",
		"conn a\n" + ends + "\tLeftID=@x\n",
		"left=192.0.2.1\n",
		"conn a b\n" + ends,
		"conn\n" + ends,
		"garbage\n",
		"  conn a\n" + ends,
		"conn a\n" + ends + "\tx-comment=all the rest # here\n",
		"ca foo\n\tcacert=x\n",
		"version 2.0\nconfig setup\n\tprotostack=xfrm\nconn a\n" + ends,
		"config other\n",
		"conn a\n" + ends + "\tleftid='q q'\n",
		"conn \"a\"\n" + ends,
	} {
		path := filepath.Join(t.TempDir(), "t.conf")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		out, theirs := exec.CommandContext(t.Context(), addconn, "--checkconfig", "--config", path).CombinedOutput()
		_, ours := conf.Parse("t.conf", text, conf.DialectLibreswan)
		assert.Equal(t, theirs == nil, ours == nil, "%q\naddconn: %s\nhere: %v", text, out, ours)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"version 2.0\nconfig setup\n\tprotostack=netkey\n\nconn %default\n\tauto=start\nconn net-net\n\talso=base # c\n\tleftid=\"C=CH, O=x\"\ninclude /etc/x\n",
		"conn a\n\tleftsubnets={10.0.0.0/8 , 11.0.0.0/8}\n\talsoflip=a\n",
		"conn a\n\tleftid=\"a\\\nb\\\"\"\n\trightid=@#0a\nca x\n\tcacert=y",
		"\tx\n=\n\"\n{\n#\r\n",
		"\r00",
		"connections {\n a : t.u { local { id = \"x\" }\n children { n { local_ts = 10.0.0.0/8 # c\n } } }\n include y/*.conf\n}\nt { u { version = 2 } }\n",
	} {
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(2))
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, d uint8) {
		dialect := append(conf.Dialects(), conf.DialectUnknown)[d%5]
		c, err := conf.Parse("fuzz.conf", text, dialect)
		if err != nil {
			var e *conf.SyntaxError
			require.ErrorAs(t, err, &e)
			require.Positive(t, e.Line)
			require.LessOrEqual(t, e.Line, strings.Count(text, "\n")+strings.Count(text, "\r")+1) // lines may end as on an old Mac
		}
		for _, name := range c.ConnNames() {
			conn, _ := c.Conn(name)
			require.NotNil(t, conn)
		}
		for _, s := range c.Sections {
			for _, p := range s.Params {
				require.NotEmpty(t, p.Name)
				require.True(t, p.Line >= s.Line || c.Dialect == conf.DialectSwanctl, "a template may stand below")
			}
		}
	})
}
