package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Need skips the test unless every named facility is there. Names are those of
// .ci/facilities.txt; "program:NAME" stands for an executable in PATH (or in
// the sbin folders that an ordinary user's PATH lacks).
func Need(t testing.TB, facilities ...string) {
	t.Helper()
	for _, name := range facilities {
		NeedIf(t, name, probe(name))
	}
}

// NeedIf is Need for a facility that the caller probed itself: a non-nil
// missing says why it is not there.
func NeedIf(t testing.TB, name string, missing error) {
	t.Helper()
	listed, err := facilityList()
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	f, ok := listed[name]
	if !ok {
		t.Fatalf("lab: facility %q is not listed in .ci/facilities.txt: list it there", name)
	}
	switch {
	case missing == nil:
	case !Required():
		t.Skipf("lab: needs %s: %v", name, missing)
	case f.waived:
		t.Skipf("lab: waived in .ci/facilities.txt: %s (%s): %v", name, f.reason, missing)
	default:
		t.Fatalf("lab: OPSKIT_LAB=required, but %s is missing: %v", name, missing)
	}
}

// Required reports whether a missing facility fails a test rather than
// skipping it.
func Required() bool { return os.Getenv("OPSKIT_LAB") == "required" }

// Corpus returns the path of a file or folder below OPSKIT_CORPUS, which holds
// real cases that are not part of the repository.
func Corpus(t testing.TB, elem ...string) string {
	t.Helper()
	Need(t, "corpus")
	path := filepath.Join(append([]string{os.Getenv("OPSKIT_CORPUS")}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("lab: corpus: %v", err)
	}
	return path
}

type facility struct {
	waived bool
	reason string
}

// facilityList reads .ci/facilities.txt: lines "need NAME" or "waiver NAME REASON".
var facilityList = sync.OnceValues(func() (map[string]facility, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(".ci", "facilities.txt")
	for {
		if _, err := os.Stat(filepath.Join(dir, path)); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, fmt.Errorf("no %s above the test's folder", path)
		}
		dir = parent
	}
	file, err := os.Open(filepath.Join(dir, path))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	list := map[string]facility{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		name, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		reason = strings.TrimSpace(reason)
		switch {
		case verb == "need" && name != "":
			list[name] = facility{}
		case verb == "waiver" && name != "" && reason != "":
			list[name] = facility{waived: true, reason: reason}
		default:
			return nil, fmt.Errorf("%s:%d: want \"need NAME\" or \"waiver NAME REASON\"", path, n)
		}
	}
	return list, lines.Err()
})

// Program returns the path of an executable, searched in PATH and in the sbin
// folders.
func Program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no program %s in PATH", name)
}

func probe(name string) error {
	if program, ok := strings.CutPrefix(name, "program:"); ok {
		_, err := Program(program)
		return err
	}
	switch name {
	case "corpus":
		dir := os.Getenv("OPSKIT_CORPUS")
		if dir == "" {
			return fmt.Errorf("OPSKIT_CORPUS is not set")
		}
		if !filepath.IsAbs(dir) {
			return fmt.Errorf("OPSKIT_CORPUS=%s is not an absolute path", dir)
		}
		_, err := os.Stat(dir)
		return err
	case "host-clock":
		if shift := os.Getenv("OPSKIT_CLOCK"); shift != "" {
			return fmt.Errorf("the clock of the tests alone is shifted by %s s", shift)
		}
		return nil
	case "root":
		if os.Geteuid() != 0 {
			return fmt.Errorf("not root")
		}
		return nil
	}
	return probeKernel(name)
}
