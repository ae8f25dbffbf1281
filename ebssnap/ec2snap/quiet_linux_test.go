//go:build linux && !opskit_portable

package ec2snap_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

const (
	envEndpoint = "OPSKIT_TEST_ENDPOINT"
	envMount    = "OPSKIT_TEST_MOUNT"
)

// TestQuietChild takes one snapshot; it is what strace watches.
func TestQuietChild(t *testing.T) {
	endpoint := os.Getenv(envEndpoint)
	if endpoint == "" {
		return
	}
	cloud, err := ec2snap.New(context.Background(), ec2snap.Options{Endpoint: endpoint, Metadata: endpoint})
	require.NoError(t, err)
	result, err := ebssnap.Consistent(context.Background(), volume(cloud, volumeB), &ebssnap.FS{Mounts: []string{os.Getenv(envMount)}}, 20*time.Second)
	require.NoError(t, err)
	fmt.Println(result.Verdict)
	os.Exit(0) // the idle connection of the SDK is no leak to look for here
}

// TestBarQuietWhileFrozen counts what the program, its guard and its canary do between FIFREEZE and
// FITHAW.
func TestBarQuietWhileFrozen(t *testing.T) {
	lab.Need(t, "root", "program:strace")
	types := []string{"ext4", "xfs", "btrfs"}
	if lab.Bars() == lab.Small {
		types = types[:1]
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			server, _, _ := world(t)
			trace := filepath.Join(t.TempDir(), "trace")
			child := exec.Command("strace", "-f", "-y", "-s", "32", "-o", trace, os.Args[0], "-test.run=^TestQuietChild$")
			child.Env = append(os.Environ(), envEndpoint+"="+server.URL, envMount+"="+fs.Dir)
			output, err := child.CombinedOutput()
			require.NoError(t, err, "%s", output)
			require.Contains(t, string(output), "consistent")
			text, err := os.ReadFile(trace)
			require.NoError(t, err)
			calls := whileFrozen(t, string(text))
			require.NotEmpty(t, calls)
			seen := census(calls)
			assert.Equal(t, 1, seen.requests, "requests")
			assert.Empty(t, seen.writes, "file writes")
			assert.Empty(t, seen.execs, "execs")
			assert.Empty(t, seen.dials, "sockets and connections")
			lab.Bar(t, "quiet while frozen "+fstype, "%d system calls between freeze and thaw: %d request, %d connections made, %d file writes, %d execs",
				len(calls), seen.requests, len(seen.dials), len(seen.writes), len(seen.execs))
		})
	}
}

// whileFrozen returns the calls that began after FIFREEZE had returned and before FITHAW began.
func whileFrozen(t *testing.T, trace string) []string {
	t.Helper()
	var calls []string
	var freezer string
	frozen := false
	for line := range strings.Lines(trace) {
		pid, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		call = strings.TrimSpace(call)
		switch {
		case strings.Contains(call, "FIFREEZE"):
			freezer = pid
			frozen = strings.HasSuffix(call, "= 0")
		case freezer == pid && !frozen && strings.HasPrefix(call, "<... ioctl resumed") && strings.HasSuffix(call, "= 0"):
			frozen = true
		case strings.Contains(call, "FITHAW"):
			return calls
		case frozen && !strings.HasPrefix(call, "<..."):
			calls = append(calls, call)
		}
	}
	require.Fail(t, "no freeze and thaw in the trace")
	return nil
}

type counted struct {
	requests             int
	writes, execs, dials []string
}

func census(calls []string) counted {
	var c counted
	canary := regexp.MustCompile(`^unlinkat\(\d+<[^>]*>, "-{256,}"`)
	write := regexp.MustCompile(`^(write|writev|pwrite64|pwritev2?|sendfile|copy_file_range|ftruncate|fallocate)\((\d+)<([^>]*)`)
	change := regexp.MustCompile(`^(creat|mkdir|mkdirat|rename\w*|unlink|unlinkat|rmdir|link|linkat|symlink\w*|chmod|fchmod\w*|truncate|mknod\w*)\(`)
	for _, call := range calls {
		switch target := write.FindStringSubmatch(call); {
		case strings.HasPrefix(call, "execve"):
			c.execs = append(c.execs, call)
		case strings.HasPrefix(call, "socket("), strings.HasPrefix(call, "connect("):
			c.dials = append(c.dials, call)
		case target != nil && strings.HasPrefix(target[3], "/"):
			c.writes = append(c.writes, call)
		case target != nil && strings.Contains(call, `"POST /`):
			c.requests++
		case canary.MatchString(call): // of a name that cannot exist
		case change.MatchString(call), strings.HasPrefix(call, "openat(") && strings.Contains(call, "O_CREAT"):
			c.writes = append(c.writes, call)
		}
	}
	return c
}
