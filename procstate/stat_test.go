package procstate

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statLine is a stat line as a kernel prints it, with a name, a state, a parent
// and an exit status.
func statLine(pid int, name, state string, ppid int, exit string) string {
	return strconv.Itoa(pid) + " (" + name + ") " + state + " " + strconv.Itoa(ppid) +
		" 7412 7412 34816 -1 4227148 19 0 0 0 0 0 0 0 20 0 1 0 183509 0 0 18446744073709551615" +
		" 0 0 0 0 0 0 0 0 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 " + exit + "\n"
}

func TestParseStat(t *testing.T) {
	for _, test := range []struct{ rule, name, want string }{
		{"an ordinary name", "cat", "cat"},
		{"a name that closes its parenthesis", "ev) Z 1 (il", "ev) Z 1 (il"},
		{"a name that imitates the fields after it", ") R 1 1 1 1", ") R 1 1 1 1"},
		{"a newline in the name", "new\nline", `new\nline`},
		{"bytes that are no text", "\xff\xfe bad", `\xff\xfe bad`},
		{"no name at all", "", ""},
		{"blanks at both ends", " x ", " x "},
	} {
		t.Run(test.rule, func(t *testing.T) {
			var p Process
			require.NoError(t, parseStat([]byte(statLine(42, test.name, "Z", 7, "2304")), &p))
			want := Process{
				ID: ID{PID: 42, Start: 183509}, PPID: 7, State: 'Z', Comm: comm(test.name), Threads: 1,
				Flags: 4227148, ExitSignal: 17, CPU: 1, facts: exitKnown, exit: 2304,
			}
			assert.Equal(t, want, p)
			assert.Equal(t, test.want, p.Comm.String())
			status, known := p.ExitStatus()
			assert.True(t, known)
			assert.Equal(t, 9, status.Code)
		})
	}
	t.Run("exit status 0 may be hidden", func(t *testing.T) {
		var p Process
		require.NoError(t, parseStat([]byte(statLine(42, "a", "Z", 7, "0")), &p))
		_, known := p.ExitStatus()
		assert.False(t, known)
	})
	t.Run("a living process has no exit status", func(t *testing.T) {
		var p Process
		require.NoError(t, parseStat([]byte(statLine(42, "a", "S", 7, "2304")), &p))
		_, known := p.ExitStatus()
		assert.False(t, known)
	})
}

func TestParseStatCutAnywhere(t *testing.T) {
	whole := statLine(4242, "a) b", "Z", 77, "2304")
	var want Process
	require.NoError(t, parseStat([]byte(whole), &want))
	complete := strings.Index(whole, " 17 1 ") + len(" 17 1 ")
	for end := range whole {
		var p Process
		err := parseStat([]byte(whole[:end]), &p)
		if end < complete {
			require.ErrorIs(t, err, ErrMalformed, "%q", whole[:end])
			continue
		}
		require.NoError(t, err)
		p.exit, p.facts = want.exit, want.facts
		assert.Equal(t, want, p, "%q", whole[:end])
	}
}

func TestParseStatRefuses(t *testing.T) {
	for rule, text := range map[string]string{
		"nothing":            "",
		"no parentheses":     "42 cat S 1 1 1",
		"parentheses wrong":  "42 )cat( S 1 1 1",
		"no pid":             "x (cat) S 1 1 1",
		"pid 0":              "0 (cat) S 1 1 1",
		"an unknown state":   strings.Replace(statLine(42, "cat", "S", 1, "0"), ") S", ") Q", 1),
		"letters for digits": strings.Replace(statLine(42, "cat", "S", 1, "0"), "183509", "18x509", 1),
		"a minus alone":      strings.Replace(statLine(42, "cat", "S", 1, "0"), ") S 1 ", ") S - ", 1),
	} {
		var p Process
		assert.ErrorIs(t, parseStat([]byte(text), &p), ErrMalformed, rule)
	}
}

// TestParseStatOfRealKernels parses what real kernels printed for hostile and
// special processes; the expected values stand beside them.
func TestParseStatOfRealKernels(t *testing.T) {
	stats := map[string][]byte{}
	file, err := os.Open(lab.Corpus(t, "procstate", "cases.stat.txt"))
	require.NoError(t, err)
	defer file.Close()
	title := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "## "); ok {
			title = strings.Fields(name)[0]
			continue
		}
		stats[title], err = base64.StdEncoding.DecodeString(lines.Text())
		require.NoError(t, err)
	}
	expected, err := os.Open(lab.Corpus(t, "procstate", "cases.expected.csv"))
	require.NoError(t, err)
	defer expected.Close()
	rows, err := csv.NewReader(expected).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		title := strings.Fields(row[0])[0]
		var p Process
		require.NoError(t, parseStat(stats[title], &p), title)
		name, err := hex.DecodeString(row[1])
		require.NoError(t, err)
		assert.Equal(t, string(name), string(p.Comm.Bytes()), title)
		got := []string{string(p.State), strconv.Itoa(p.PPID), strconv.Itoa(p.Threads), strconv.FormatUint(p.Start, 10)}
		assert.Equal(t, row[2:], got, title)
		p.setTracer(0)
		kind := Zombie{Process: p}
		if strings.HasPrefix(title, "clone_exitsig0") {
			assert.Equal(t, KindNotSIGCHLD, kind.judge())
		}
		if strings.HasPrefix(title, "leaderdead") {
			assert.Equal(t, KindDeadLeader, kind.judge())
		}
	}
	require.Len(t, rows, 15)
}

// TestParsersOnOtherKernels parses the stat and status files that other
// projects keep, of kernels from 2.6 on.
func TestParsersOnOtherKernels(t *testing.T) {
	dir := lab.Corpus(t, "procstate", "gopsutil")
	parsed := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		require.NoError(t, err)
		pid := filepath.Base(filepath.Dir(path))
		text, readErr := os.ReadFile(path)
		switch filepath.Base(path) {
		case "stat":
			require.NoError(t, readErr)
			var p Process
			require.NoError(t, parseStat(text, &p), path)
			assert.Equal(t, pid, strconv.Itoa(p.PID))
			assert.Equal(t, "test(cmd).sh", p.Comm.String())
			parsed++
		case "status":
			require.NoError(t, readErr)
			s, err := procfile.ParseStatus(text, procfile.ForJudging)
			require.NoError(t, err, path)
			assert.Positive(t, s.Threads)
			parsed++
		}
		return nil
	}))
	assert.Equal(t, 4, parsed)

	archive, err := os.ReadFile(lab.Corpus(t, "procstate", "procfs-fixtures-proc.ttar"))
	require.NoError(t, err)
	stats := 0
	for entry := range strings.SplitSeq(string(archive), "Path: ") {
		head, content, _ := strings.Cut(entry, "\n")
		switch {
		case strings.HasSuffix(head, "/stat"):
			_, content, _ = strings.Cut(content, "\n") // "Lines: 1"
			var p Process
			require.NoError(t, parseStat([]byte(content), &p), head)
			if p.PID == 26231 { // the others were edited by hand, their directories are not their PIDs
				assert.Equal(t, "vim", p.Comm.String())
				assert.Equal(t, 5392, p.PPID)
			}
			stats++
		}
	}
	assert.Positive(t, stats)
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statLine(42, "cat", "S", 1, "0")))
	f.Add([]byte(statLine(42, "ev) Z 1 (il", "Z", 7, "2304")))
	f.Add([]byte("1 (systemd) S 0 1 1 0 -1 4194560 30 5 1 0 3 9 1 1 20 0 1 0 1 5 6 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 3 0 0 0 0 0 0 0 0 0 0 0 0 0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p Process
		if parseStat(text, &p) == nil && (p.PID < 1 || p.State.String() == "unknown") {
			t.Fatalf("%q parsed as %+v", text, p)
		}
	})
}
