package pasted

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestCleanGivesWhatWasCopied(t *testing.T) {
	for _, c := range []struct {
		rule, raw, clean string
		changes          []Kind
	}{
		{"a configuration with the spaces of a page", "conn tunnel\n\u00a0 \u00a0 \u00a0 left=172.31.16.163\n", "conn tunnel\n      left=172.31.16.163\n", []Kind{Space}},
		{"narrow, thin and figure spaces", "a:\u202f1\u20092\u20073", "a: 1 2 3", []Kind{Space}},
		{"an ideographic space is meant", "住所: 東京都\u3000千代田区", "住所: 東京都\u3000千代田区", nil},
		{"quotes around a key", "left : PSK “secret”", `left : PSK "secret"`, []Kind{Quote}},
		{"an apostrophe", "O’Higgins S.A.", "O'Higgins S.A.", []Kind{Quote}},
		{"guillemets are meant", "ООО «Ромашка»", "ООО «Ромашка»", nil},
		{"a dash between addresses", "138.0.0.0 – 138.0.255.255", "138.0.0.0 - 138.0.255.255", []Kind{Hyphen}},
		{"an em dash is meant", "a — b", "a — b", nil},
		{"a hyphen that does not break", "aes256‑sha1", "aes256-sha1", []Kind{Hyphen}},
		{"a mark before the first label", "\ufeffdomain: a", "domain: a", []Kind{Mark}},
		{"a mark inside the text", "a\n\ufeffdomain: a", "a\ndomain: a", []Kind{Unseen}},
		{"a zero-width space and a soft hyphen", "zed\u200bfox\u00ad.com", "zedfox.com", []Kind{Unseen}},
		{"directions of reading", "\u202a\u200e10.0.0.1\u202c", "10.0.0.1", []Kind{Unseen}},
		{"a joiner inside a Persian word is meant", "می\u200cخواهم", "می\u200cخواهم", nil},
		{"a joiner between Latin letters is not", "zed\u200cfox", "zedfox", []Kind{Unseen}},
		{"lines of another system", "a\r\nb\r\r\nc", "a\nb\nc", []Kind{LineEnd}},
		{"lines that end with returns alone", "a\rb\r", "a\nb\n", []Kind{LineEnd}},
		{"a return inside a line stays", "a\rb\nc", "a\rb\nc", nil},
		{"UTF-16 as a redirection writes it", "\xff\xfea\x00:\x00\r\x00\n\x00", "a:\n", []Kind{UTF16, LineEnd}},
		{"UTF-16 of the other order", "\xfe\xff\x00a\x00:", "a:", []Kind{UTF16}},
		{"a no-break space of Latin-1", "left=\xa010.0.0.1", "left= 10.0.0.1", []Kind{Space}},
		{"quotes of Windows-1252", "\x93secret\x94", `"secret"`, []Kind{Quote}},
		{"the same bytes inside UTF-8 stay", "à “", `à "`, []Kind{Quote}},
		{"other bytes of Latin-1 stay", "Sol\xeds", "Sol\xeds", nil},
		{"colours", "\x1b[1;32mup\x1b[0m 10.0.0.1", "up 10.0.0.1", []Kind{Colour}},
		{"a title and a lone escape", "\x1b]0;root@h\aup\x1b", "up", []Kind{Colour}},
		{"a prompt with its command", "root@ip-172-31-16-163:/etc/ipsec.d# cat a.conf\nconn a\nroot@ip-172-31-16-163:/etc/ipsec.d#", "\nconn a\n", []Kind{Prompt}},
		{"a prompt in brackets", "[root@east ~]# ipsec status\nok", "\nok", []Kind{Prompt}},
		{"a bare prompt", "$ whois 138.0.155.10\nok", "\nok", []Kind{Prompt}},
		{"a prompt of Windows", "PS C:\\Users\\a> whois x\nC:\\>whois x\nok", "\n\nok", []Kind{Prompt}},
		{"a prompt after an environment's name", "(venv) a@b:~$ whois x", "", []Kind{Prompt}},
		{"a prompt of fish", "a@b ~/src$ ls", "", []Kind{Prompt}},
		{"a session of telnet", "Trying 192.0.2.1...\nConnected to whois.example.\nEscape character is '^]'.\nok\nConnection closed by foreign host.\n", "\n\n\nok\n\n", []Kind{Prompt}},
		{"a session of script", "Script started on 2026-12-01 10:00:00+00:00\nok", "\nok", []Kind{Prompt}},
		{"a comment is no prompt", "# whois answer\n% whois answer\n#", "# whois answer\n% whois answer\n#", nil},
		{"a mail address is no prompt", "e-mail: a@b.example # old\na@b.example: PSK \"x# y\"\nleft=@east # x\na@b.example\n", "e-mail: a@b.example # old\na@b.example: PSK \"x# y\"\nleft=@east # x\na@b.example\n", nil},
		{"a variable is no prompt", "$ORIGIN example.\n$Id$\n", "$ORIGIN example.\n$Id$\n", nil},
		{"a label in brackets is no prompt", "[Domain Name] a@b #1", "[Domain Name] a@b #1", nil},
		{"a quoting mail", "> conn a\n>\n>   left=1\n", "conn a\n\n  left=1\n", []Kind{Quotation}},
		{"what follows a prompt of a shell", "$ cat >a.conf <<E\n> conn a\n>   left=1\n> E\n", "\nconn a\n  left=1\nE\n", []Kind{Prompt, Quotation}},
		{"a registry's last line is no quotation", "a: b\n>>> Last update of WHOIS database <<<\n", "a: b\n>>> Last update of WHOIS database <<<\n", nil},
		{"nothing", "", "", nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			clean, changes := Clean([]byte(c.raw))
			assert.Equal(t, c.clean, string(clean))
			var kinds []Kind
			for _, change := range changes {
				kinds = append(kinds, change.Kind)
			}
			assert.Equal(t, c.changes, kinds)
		})
	}
}

func TestChangesAreCountedAndNameTheirFirstLine(t *testing.T) {
	_, changes := Clean([]byte("a\nb:\u00a0c\n\u00a0d\n$ ls\n"))
	assert.Equal(t, []Change{{Space, 2, 2}, {Prompt, 1, 4}}, changes)
	assert.Equal(t, "line 2: no-break or typographic space read as a space (2 times)", changes[0].String())
	assert.Equal(t, "line 4: line of a terminal's prompt left out", changes[1].String())
}

func TestCommandIsWhatWasTyped(t *testing.T) {
	command, ok := Command([]byte("a@b:~$ whois -h whois.ripe.net 192.0.2.1"))
	assert.True(t, ok)
	assert.Equal(t, "whois -h whois.ripe.net 192.0.2.1", string(command))
}

func TestTextWithoutSuchThingsIsReturnedItself(t *testing.T) {
	raw := []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\n")
	clean, changes := Clean(raw)
	assert.Same(t, &raw[0], &clean[0])
	assert.Empty(t, changes)
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"conn\u00a0a\r\n", "$ x\n> a\n> b\n", "\x1b[\x1b[0m0m", "\xff\xfea\x00", "a\u200c\u200bb", "> > a\n> b", "\r\r"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		clean, changes := Clean(raw)
		assert.Equal(t, before, raw)
		if len(changes) == 0 {
			assert.Equal(t, raw, clean)
		}
		if !utf8.Valid(raw) {
			return
		}
		assert.True(t, utf8.Valid(clean))
		if strings.Contains(string(raw), "\n") {
			assert.Equal(t, bytes.Count(raw, []byte("\n")), bytes.Count(clean, []byte("\n")))
		}
		again, changes := Clean(clean)
		assert.Equal(t, string(clean), string(again))
		assert.Empty(t, changes)
	})
}

func BenchmarkClean(b *testing.B) {
	text := []byte(strings.Repeat("owner:       Gigared S.A.\ne-mail:      a@b.example\n", 100))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Clean(text)
	}
}
