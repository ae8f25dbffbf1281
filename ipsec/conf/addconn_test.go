package conf_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// What libreswan's reader makes of a value, and what this package does: the
// same value, or an error, but for what the package's documentation states.
func TestQuotesAndCommentsAsLibreswanReadsThem(t *testing.T) {
	lab.Need(t, "program:addconn")
	addconn, err := lab.Program("addconn")
	require.NoError(t, err)
	const refused = "refused"
	for _, c := range []struct{ written, theirs, ours string }{
		{`@x`, "@x", "@x"},
		{`"@x"`, "@x", "@x"},
		{`"@x y"`, "@x y", "@x y"},
		{`"@x" # y`, "@x", "@x"},
		{`{@x} # y`, "@x", "@x"},
		{`@x # y`, "@x", "@x"},
		{`@x#y`, "@x#y", "@x#y"},
		{`'@x'`, "'@x'", "'@x'"},
		{`@x}y`, "@x}y", "@x}y"},
		{`"@x" y`, refused, refused},
		{`"@x y"z`, refused, refused},
		{`"@x y"#z`, refused, refused},
		{`"@x"y z`, refused, refused},
		{`{@x}# y`, refused, refused},
		{`{@x y}#z`, refused, refused},
		{`# y`, refused, refused},
		// Forbidden by the manual and refused here.
		{`"@x"y`, `"@x"y`, refused},
		{`"@x"#y`, `"@x"#y`, refused},
		{`"@x"y"z"`, `"@x"y"z"`, refused},
		{`"@x`, `"@x`, refused},
		{`@x"y`, `@x"y`, refused},
		{`{@x}y`, `{@x}y`, refused},
		{`{@x}#y`, `{@x}#y`, refused},
		{`#y`, `#y`, refused},
		{`"@x y"# z`, "@x y", refused},
		// Stated in the documentation.
		{`@x #y`, refused, "@x"},
		{`"@x" #y`, refused, "@x"},
		{"@x\r", "@x\r", "@x"},
	} {
		text := "conn a\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tleftid=" + c.written + "\n"
		path := filepath.Join(t.TempDir(), "t.conf")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := exec.CommandContext(t.Context(), addconn, "--checkconfig", "--config", path).CombinedOutput()
		assert.Equal(t, c.theirs == refused, err != nil, "libreswan: %q", c.written)
		if program, err := lab.Program("readwriteconf"); err == nil && c.theirs != refused { // some packagings leave it out
			printed, err := exec.CommandContext(t.Context(), program, "--config", path).CombinedOutput()
			require.NoError(t, err)
			_, after, _ := strings.Cut(string(printed), "leftid=\"")
			value, _, _ := strings.Cut(after, "\"\n")
			assert.Equal(t, c.theirs, value, "libreswan: %q", c.written)
		}
		got, err := conf.Parse("t.conf", text, conf.DialectLibreswan)
		if c.ours == refused {
			require.ErrorIs(t, err, conf.ErrSyntax, "%q", c.written)
			continue
		}
		require.NoError(t, err, "%q", c.written)
		conn, err := got.Conn("a")
		require.NoError(t, err)
		p, _ := conn.Get("leftid")
		assert.Equal(t, c.ours, p.Value, "%q", c.written)
	}
}
