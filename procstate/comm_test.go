package procstate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func comm(name string) (c Comm) {
	copy(c[:], name)
	return c
}

func TestCommEscapes(t *testing.T) {
	for _, test := range []struct{ rule, name, text string }{
		{"plain names stay", "worker", "worker"},
		{"the empty name is a name", "", ""},
		{"parentheses and spaces stay", "ev) Z 1 (il", "ev) Z 1 (il"},
		{"newline", "new\nline", `new\nline`},
		{"terminal escape sequence", "\x1b[2Jgone", `\x1b[2Jgone`},
		{"bytes that are no text", "\xff\xfe bad", `\xff\xfe bad`},
		{"backslash, so that it can be undone", `a\nb`, `a\\nb`},
		{"other scripts stay", "número", "número"},
		{"C1 control characters", "a\u0085b", `a\u0085b`},
		{"a name cut in the middle of a letter", "aaaaaaaaaaaaaa\xc3", `aaaaaaaaaaaaaa\xc3`},
		{"right-to-left override", "a\u202eb", `a\u202eb`},
		{"delete", "a\x7f", `a\x7f`},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := comm(test.name)
			assert.Equal(t, test.text, c.String())
			text, err := c.MarshalText()
			require.NoError(t, err)
			var back Comm
			require.NoError(t, back.UnmarshalText(text))
			assert.Equal(t, c, back)
		})
	}
}

func TestCommRefusesWhatIsNoName(t *testing.T) {
	for rule, text := range map[string]string{
		"too long":       strings.Repeat("a", 16),
		"half an escape": `a\x1`,
		"a zero byte":    `a\x00b`,
	} {
		var c Comm
		assert.ErrorIs(t, c.UnmarshalText([]byte(text)), ErrMalformed, rule)
	}
}

func TestCommOfKernelThreads(t *testing.T) {
	for _, test := range []struct{ rule, stat, want string }{
		{"what a kworker does is no part of its name", "kworker/0:1-events", "kworker/0:1"},
		{"nor what it does at this moment", "kworker/u8:2+ext4-rsv-conversion", "kworker/u8:2"},
		{"a rescuer is named after its queue", "kworker/R-rcu_gp", "kworker/R-rcu_g"},
		{"a long name is cut", "irq/24-ACPI:Event", "irq/24-ACPI:Eve"},
	} {
		assert.Equal(t, test.want, commFromStat([]byte(test.stat), flagKernel|flagWorkqueue).String(), test.rule)
	}
	assert.Equal(t, "kworker/0:1-eve", commFromStat([]byte("kworker/0:1-eve"), 0).String(), "a program may call itself so")
}

func FuzzComm(f *testing.F) {
	for _, name := range []string{"worker", "ev) Z 1 (il", "new\nline", "\xff\xfe bad", `a\x1`, "\u202e"} {
		f.Add([]byte(name))
	}
	f.Fuzz(func(t *testing.T, name []byte) {
		var c Comm
		copy(c[:15], name)
		c = comm(string(c.Bytes()))
		text := c.String()
		for _, r := range text {
			if r < ' ' || r == 0x7f {
				t.Fatalf("%q reaches the terminal", r)
			}
		}
		var back Comm
		if err := back.UnmarshalText([]byte(text)); err != nil || back != c {
			t.Fatalf("%q came back as %q (%v)", c.Bytes(), back.Bytes(), err)
		}
		_ = back.UnmarshalText(name) // must not panic
	})
}
