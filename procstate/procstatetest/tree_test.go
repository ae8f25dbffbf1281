package procstatetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTreeHasTheFormOfProc(t *testing.T) {
	dir := procstatetest.Tree{
		{PID: 7, PPID: 3, Comm: "a) b\n\\", State: 'Z', Start: 5, Threads: 2, ExitSignal: -1, ExitStatus: 256, NSPIDs: []int{1}},
		{PID: 8, Files: map[string]string{"wchan": "do_wait", "task/9/stat": "x", "status": "mine"}},
		{Files: map[string]string{"self/mountinfo": "m"}},
	}.Dir(t)
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		require.NoError(t, err)
		return string(text)
	}
	stat := read("7/stat")
	assert.True(t, strings.HasPrefix(stat, "7 (a) b\n\\) Z 3 "), stat)
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	require.Len(t, fields, 50, "fields 3 to 52 of proc(5)")
	for number, want := range map[int]string{20: "2", 22: "5", 38: "0", 52: "256"} {
		assert.Equal(t, want, fields[number-3], "field %d", number)
	}
	assert.Contains(t, read("7/status"), `Name:	a) b\n\\`+"\n")
	assert.Contains(t, read("7/status"), "NSpid:\t7\t1\n")
	assert.Equal(t, "0::/\n", read("7/cgroup"))
	assert.Equal(t, "do_wait", read("8/wchan"))
	assert.Equal(t, "x", read("8/task/9/stat"))
	assert.Equal(t, "mine", read("8/status"))
	assert.Equal(t, "m", read("self/mountinfo"))
}

func TestTreeThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	assert.Error(t, procstatetest.Tree{{PID: 1}}.Write(file))
}
