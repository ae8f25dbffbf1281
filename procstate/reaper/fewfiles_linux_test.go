//go:build linux && !opskit_portable

package reaper_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate/reaper"
)

func init() { roles["more orphans than files to open"] = fewFiles }

// fewFiles adopts more orphans at once than it may hold pidfds of, and reaps
// every one.
func fewFiles() string {
	const orphans, files = 100, 40
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err.Error()
	}
	ends, end, err := os.Pipe()
	if err != nil {
		return err.Error()
	}
	// They wait for the end of their standard input, so that they end together.
	shell := exec.Command("sh", "-c", "exec 3<&0; i=0; while [ $i -lt $1 ]; do (read x <&3) & i=$((i+1)); done", "sh", strconv.Itoa(orphans))
	shell.Stdin = ends
	if err := shell.Run(); err != nil {
		return err.Error()
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: files}); err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := end.Close(); err != nil {
		return err.Error()
	}
	reaped := 0
	report, err := reaper.Reaper{Grace: 300 * time.Millisecond, OnReap: func(reaper.Reaped) {
		if reaped++; reaped == orphans {
			cancel()
		}
	}}.Run(ctx)
	if err != nil || reaped < orphans {
		return fmt.Sprintf("%d reaped: %v, %v", reaped, report, err)
	}
	return ""
}

func TestMoreOrphansThanFilesToOpen(t *testing.T) { play(t, "more orphans than files to open", nil) }
