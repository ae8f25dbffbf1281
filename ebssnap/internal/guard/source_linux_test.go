//go:build linux && !opskit_portable

package guard

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// TestProgramIsBuiltFromItsSource rebuilds the guard and compares it byte by byte, where the
// compiler is the one that built it.
func TestProgramIsBuiltFromItsSource(t *testing.T) {
	recorded, err := os.ReadFile("src/compiler.txt")
	require.NoError(t, err)
	for _, build := range []struct{ compiler, program string }{
		{"gcc", "guard_amd64.bin"},
		{"aarch64-linux-gnu-gcc", "guard_arm64.bin"},
	} {
		t.Run(build.program, func(t *testing.T) {
			lab.Need(t, "program:"+build.compiler)
			version, err := exec.Command(build.compiler, "--version").Output()
			require.NoError(t, err)
			first, _, _ := strings.Cut(string(version), "\n")
			machine, err := exec.Command(build.compiler, "-dumpmachine").Output()
			require.NoError(t, err)
			if build.compiler == "gcc" && !strings.HasPrefix(string(machine), "x86_64") {
				t.Skipf("gcc here builds for %s", machine)
			}
			output := filepath.Join(t.TempDir(), build.program)
			text, err := exec.Command("sh", "src/build.sh", build.compiler, output).CombinedOutput()
			require.NoError(t, err, "%s", text)
			var other error
			if !strings.Contains(string(recorded), first+"\n") {
				other = fmt.Errorf("built, but with %s", first)
			}
			lab.NeedIf(t, "guard-compiler", other)
			built, err := os.ReadFile(output)
			require.NoError(t, err)
			committed, err := os.ReadFile(build.program)
			require.NoError(t, err)
			assert.Equal(t, committed, built, "run go generate")
		})
	}
}

func TestProgramIsStaticAndSmall(t *testing.T) {
	for name, machine := range map[string]elf.Machine{"guard_amd64.bin": elf.EM_X86_64, "guard_arm64.bin": elf.EM_AARCH64} {
		file, err := elf.Open(name)
		require.NoError(t, err)
		assert.Equal(t, machine, file.Machine)
		for _, segment := range file.Progs {
			assert.NotEqual(t, elf.PT_INTERP, segment.Type)
			assert.NotEqual(t, elf.PF_W|elf.PF_X, segment.Flags&(elf.PF_W|elf.PF_X), "no segment is writable and executable")
		}
		require.NoError(t, file.Close())
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(4<<10))
	}
}

// TestLayoutIsThatOfTheSource compares the offsets in page_linux.go with struct page in guard.c.
func TestLayoutIsThatOfTheSource(t *testing.T) {
	text, err := os.ReadFile("src/guard.c")
	require.NoError(t, err)
	page, mount := offsets(t, string(text), "page"), offsets(t, string(text), "mount")
	for name, want := range map[string]int{
		"magic": offMagic, "version": offVersion, "count": offCount, "owner": offOwner, "guard": offGuard, "thawed_by": offThawedBy,
		"probe": offProbe, "deadline": offDeadline, "ready": offReady, "mounts": offMounts,
	} {
		assert.Equal(t, want, page[name], name)
	}
	for name, want := range map[string]int{
		"state": mntState, "err": mntErrno, "canary": mntCanary, "canary_pid": mntCanaryPID, "canary_err": mntCanaryErrno,
		"canary_wanted": mntCanaryWanted, "freeze_begin": mntFreezeBegin, "freeze_end": mntFreezeEnd, "thaw_begin": mntThawBegin,
		"thaw_end": mntThawEnd, "canary_back": mntCanaryBack, "canary_entered": mntCanaryEntered,
		"canary_slept": mntCanarySlept, "canary_passed": mntCanaryPassed, "": sizeMount,
	} {
		assert.Equal(t, want, mount[name], name)
	}
	assert.Contains(t, string(text), "#define MAXMOUNTS "+strconv.Itoa(maxMounts)+"\n")
}

// offsets returns where the fields of a C structure lie, and its size under "".
func offsets(t *testing.T, source, name string) map[string]int {
	t.Helper()
	body := regexp.MustCompile(`(?s)struct ` + name + ` \{\n(.*?)\n\};`).FindStringSubmatch(source)
	require.NotNil(t, body, name)
	at, found := 0, map[string]int{}
	for _, field := range regexp.MustCompile(`(?m)^\t(u32|i32|u64|i64|struct mount) (\w+)(?:\[(\w+)\])?;`).FindAllStringSubmatch(body[1], -1) {
		size := map[string]int{"u32": 4, "i32": 4, "u64": 8, "i64": 8, "struct mount": sizeMount}[field[1]]
		if size > 4 {
			at = (at + 7) &^ 7
		}
		found[field[2]] = at
		count := 1
		if n, err := strconv.Atoi(field[3]); err == nil {
			count = n
		}
		at += size * count
	}
	found[""] = at
	return found
}
