//go:build linux && !opskit_portable

package ebssnap_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/internal/lab"
)

// span is when something was under way, as seen from outside: it began after from and ended before
// to.
type span struct{ from, to time.Time }

func (s span) overlaps(o span) bool { return s.from.Before(o.to) && o.from.Before(s.to) }

func (s span) inside(o span) bool { return s.from.After(o.from) && s.to.Before(o.to) }

// ledger is what everybody in a fight over one filesystem did.
type ledger struct {
	mu      sync.Mutex
	thaws   []span // by others, successful
	stolen  []span // freezes of fsfreeze that somebody else had thawed
	good    []span // holds of ours that ended without an error
	refused int
	early   int
}

func (l *ledger) note(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// TestBarForeignFreezes lets fsfreeze, a thaw out of the blue, the QEMU guest agent and this
// package fight over one mount.
func TestBarForeignFreezes(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze", "program:qemu-ga", "program:mount")
	types, fight := filesystems(), 4*time.Second
	switch lab.Bars() {
	case lab.Small:
		types, fight = types[:1], 500*time.Millisecond
	case lab.Full:
		fight = 30 * time.Second
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			agent := startAgent(t, fs.Dir)
			ctx, cancel := context.WithTimeout(t.Context(), fight)
			defer cancel()
			l := &ledger{}
			var all sync.WaitGroup
			all.Go(func() { l.fsfreeze(ctx, fs.Dir) })
			all.Go(func() { l.blindThaw(ctx, fs.Dir) })
			all.Go(func() { l.agent(ctx, t, agent, fs.Dir) })
			l.ours(ctx, t, fs.Dir)
			all.Wait()
			fs.Thaw()
			l.judge(t)
			lab.Bar(t, "foreign freezes "+fstype, "%s: %d holds undisturbed, %d refused, %d thawed by others and told so; %d foreign thaws; no foreign freeze thawed",
				fight, len(l.good), l.refused, l.early, len(l.thaws))
		})
	}
}

// judge compares what everybody saw.
func (l *ledger) judge(t *testing.T) {
	t.Helper()
	for _, good := range l.good {
		for _, thaw := range l.thaws {
			assert.False(t, thaw.inside(good), "a hold that another program thawed was called undisturbed")
		}
	}
	for _, stolen := range l.stolen {
		explained := false
		for _, thaw := range l.thaws {
			explained = explained || thaw.overlaps(stolen)
		}
		assert.True(t, explained, "a foreign freeze was thawed, and not by another program")
	}
	if lab.Bars() == lab.Full {
		assert.NotEmpty(t, l.good)
		assert.NotEmpty(t, l.thaws)
		assert.Positive(t, l.refused)
		assert.Positive(t, l.early)
	}
}

func (l *ledger) ours(ctx context.Context, t *testing.T, dir string) {
	for ctx.Err() == nil {
		var held span
		_, err := ebssnap.Hold(context.WithoutCancel(ctx), &ebssnap.FS{Mounts: []string{dir}}, 5*time.Second, func(context.Context) error {
			held.from = time.Now()
			nap(40)
			held.to = time.Now()
			return nil
		})
		l.note(func() {
			switch {
			case err == nil:
				l.good = append(l.good, held)
			case errors.Is(err, ebssnap.ErrAlreadyFrozen):
				l.refused++
			case errors.Is(err, ebssnap.ErrThawedEarly):
				l.early++
			default:
				assert.NoError(t, err)
			}
		})
		nap(20)
	}
}

func (l *ledger) fsfreeze(ctx context.Context, dir string) {
	for ctx.Err() == nil {
		nap(30)
		held := span{from: time.Now()} // the freeze is somewhere in the life of the program
		if exec.Command("fsfreeze", "-f", dir).Run() != nil {
			continue
		}
		nap(40)
		thaw := span{from: time.Now()}
		thawed := exec.Command("fsfreeze", "-u", dir).Run() == nil
		thaw.to = time.Now()
		held.to = thaw.to
		l.note(func() {
			if thawed {
				l.thaws = append(l.thaws, thaw)
			} else {
				l.stolen = append(l.stolen, held)
			}
		})
	}
}

func (l *ledger) blindThaw(ctx context.Context, dir string) {
	for ctx.Err() == nil {
		nap(120)
		thaw := span{from: time.Now()}
		if exec.Command("fsfreeze", "-u", dir).Run() == nil {
			thaw.to = time.Now()
			l.note(func() { l.thaws = append(l.thaws, thaw) })
		}
	}
}

func (l *ledger) agent(ctx context.Context, t *testing.T, socket, dir string) {
	var connection net.Conn
	lab.Eventually(t, 5*time.Second, "qemu-ga to listen", func() bool {
		var err error
		connection, err = net.Dial("unix", socket)
		return err == nil
	})
	defer connection.Close()
	answers := bufio.NewReader(connection)
	ask := func(command string, arguments any) int {
		request := map[string]any{"execute": command}
		if arguments != nil {
			request["arguments"] = arguments
		}
		assert.NoError(t, json.NewEncoder(connection).Encode(request))
		line, err := answers.ReadString('\n')
		assert.NoError(t, err)
		var answer struct{ Return int }
		_ = json.Unmarshal([]byte(line), &answer) // an error object leaves 0
		return answer.Return
	}
	for ctx.Err() == nil {
		nap(150)
		ask("guest-fsfreeze-freeze-list", map[string]any{"mountpoints": []string{dir}})
		nap(40)
		thaw := span{from: time.Now()}
		if ask("guest-fsfreeze-thaw", nil) > 0 {
			thaw.to = time.Now()
			l.note(func() { l.thaws = append(l.thaws, thaw) })
		}
	}
}

func nap(ms int) {
	timer := time.NewTimer(time.Duration(rand.IntN(ms*1000)) * time.Microsecond)
	<-timer.C
}

// startAgent starts qemu-ga in a mount namespace without the filesystems of other tests, which may
// run at the same time: its thaw walks all that it sees.
func startAgent(t *testing.T, dir string) string {
	t.Helper()
	run := t.TempDir()
	socket := filepath.Join(run, "s")
	text, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	var script strings.Builder
	script.WriteString("set -e\nmount --make-rprivate /\n")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] != dir && (strings.Contains(fields[4], "/opskit-") || slices.Contains(fields, "-") && strings.HasPrefix(fields[slices.Index(fields, "-")+2], "/dev/loop")) {
			fmt.Fprintf(&script, "umount -l '%s'\n", fields[4])
		}
	}
	fmt.Fprintf(&script, "exec qemu-ga -m unix-listen -p '%s' -t '%s' -f '%s/pid'\n", socket, run, run)
	lab.StartDaemon(t, "unshare", "-m", "sh", "-c", script.String())
	return socket
}
