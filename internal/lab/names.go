package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

const prefix = "opskit"

var made atomic.Int64

// newName returns a name that says whose it is: opskit-PID-N.
func newName() string {
	return fmt.Sprintf("%s-%d-%d", prefix, os.Getpid(), made.Add(1))
}

// abandoned reports whether a name made by newName belongs to a process that
// no longer exists.
func abandoned(name string) bool {
	rest, ok := strings.CutPrefix(filepath.Base(name), prefix+"-")
	if !ok {
		return false
	}
	text, _, ok := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(text)
	if !ok || err != nil || pid <= 0 {
		return false
	}
	_, err = os.Stat(fmt.Sprintf("/proc/%d", pid))
	return os.IsNotExist(err)
}
