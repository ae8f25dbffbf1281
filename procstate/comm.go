package procstate

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/opskit-go/opskit"
)

// Comm is a process name as the kernel keeps it (TASK_COMM_LEN, 15 bytes and a
// zero). Any process may call itself anything: the bytes are not text until
// [Comm.String] has escaped them. Of a kernel thread only the first 15 bytes
// are kept, and of a kworker not what it works on at the moment. The zero value
// is the empty name, which a process may have too.
type Comm [16]byte

// Bytes returns the name as the kernel has it, without the padding.
func (c *Comm) Bytes() []byte {
	if end := bytes.IndexByte(c[:], 0); end >= 0 {
		return c[:end]
	}
	return c[:]
}

// String returns the name safe for a terminal: whatever is not printable UTF-8
// is escaped as in a Go string, and so is the backslash.
func (c Comm) String() string { return string(c.appendText(nil)) }

func (c *Comm) appendText(text []byte) []byte {
	for rest := c.Bytes(); len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == '\\':
			text = append(text, `\\`...)
		case r == '\n':
			text = append(text, `\n`...)
		case r == '\t':
			text = append(text, `\t`...)
		case r == utf8.RuneError && size == 1, r < utf8.RuneSelf && !unicode.IsPrint(r):
			text = fmt.Appendf(text, `\x%02x`, rest[0])
		case !unicode.IsPrint(r):
			text = append(text, quoteRune(r)...)
		default:
			text = append(text, rest[:size]...)
		}
		rest = rest[size:]
	}
	return text
}

func quoteRune(r rune) string {
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

// MarshalText writes what String returns.
func (c Comm) MarshalText() ([]byte, error) { return c.appendText(nil), nil }

// UnmarshalText reads what MarshalText wrote. A longer name is an error.
func (c *Comm) UnmarshalText(text []byte) error {
	var name []byte
	for rest := string(text); rest != ""; {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return &opskit.Error{Op: "read process name", Target: strconv.Quote(string(text)), Err: ErrMalformed}
		}
		if multibyte {
			name = utf8.AppendRune(name, r)
		} else {
			name = append(name, byte(r))
		}
		rest = tail
	}
	if len(name) > len(c)-1 || bytes.IndexByte(name, 0) >= 0 {
		return &opskit.Error{Op: "read process name", Target: strconv.Quote(string(text)), Err: ErrMalformed}
	}
	*c = Comm{}
	copy(c[:], name)
	return nil
}

// commFromStat takes the name as /proc/PID/stat shows it. There the name of a
// kernel thread may be longer than 15 bytes, and a kworker's is followed by what
// it does at this moment, which is no part of its name.
func commFromStat(name []byte, flags uint32) (c Comm) {
	const pool = "kworker/"
	if flags&flagWorkqueue != 0 && len(name) > len(pool) && string(name[:len(pool)]) == pool && name[len(pool)] != 'R' {
		if end := bytes.IndexAny(name[len(pool):], "+-"); end >= 0 {
			name = name[:len(pool)+end]
		}
	}
	copy(c[:len(c)-1], name)
	return c
}
