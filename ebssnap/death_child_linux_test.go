//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/internal/guard"
)

// The environment of a child that freezes a filesystem and comes to grief.
const (
	envDeath  = "OPSKIT_TEST_DEATH" // the cause
	envMount  = "OPSKIT_TEST_DEATH_MOUNT"
	envBudget = "OPSKIT_TEST_DEATH_BUDGET"
	envCall   = "OPSKIT_TEST_DEATH_CALL" // "consistent" or "hold"

	envJournal = "OPSKIT_TEST_DEATH_JOURNAL"
	envBelow   = "OPSKIT_TEST_DEATH_BELOW" // a filesystem to freeze by other means first, with something dirty above it; may be empty
)

// TestDeathChild is the child of the death matrix; on its own it does nothing.
func TestDeathChild(*testing.T) {
	cause := os.Getenv(envDeath)
	if cause == "" {
		return
	}
	budget, err := time.ParseDuration(os.Getenv(envBudget))
	if err != nil {
		fmt.Println("error", err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	work := func(ctx context.Context) error {
		fmt.Printf("frozen %d\n", guard.Now())
		return come(ctx, cancel, cause)
	}
	freezer := &ebssnap.FS{Mounts: strings.Split(os.Getenv(envMount), ":"), Journal: os.Getenv(envJournal)}
	if os.Getenv(envCall) == "hold" {
		_, err = ebssnap.Hold(ctx, ebssnap.Freezers(below(os.Getenv(envBelow)), freezer), budget, work)
	} else {
		_, err = ebssnap.Consistent(ctx, volume(&grimCloud{work: work}), freezer, budget)
	}
	fmt.Println("returned", err)
}

// below freezes the filesystem that holds the image of the one to freeze, so that the freeze waits
// for it.
func below(dir string) ebssnap.Freezer {
	return ebssnap.Hook{Name: "the filesystem below", Stop: func(context.Context) error {
		if dir == "" {
			return nil
		}
		first, _, _ := strings.Cut(os.Getenv(envMount), ":")
		if err := os.WriteFile(filepath.Join(first, "dirty"), make([]byte, 4<<20), 0o600); err != nil {
			return err
		}
		return exec.Command("fsfreeze", "-f", dir).Run()
	}}
}

// come does what cause says; signals come from outside.
func come(ctx context.Context, cancel func(), cause string) error {
	announce := func() { fmt.Printf("dying %d\n", guard.Now()) }
	switch cause {
	case "panic":
		announce()
		panic("as the test wants")
	case "panic in another goroutine, which dumps core":
		if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 4 << 20, Max: 4 << 20}); err != nil {
			return err
		}
		announce()
		go func() { panic("as the test wants") }() // in this one Hold would thaw before the dump
	case "panic in another goroutine":
		announce()
		go func() { panic("as the test wants") }()
	case "runtime fatal":
		announce()
		new(sync.Mutex).Unlock()
	case "os.Exit":
		announce()
		os.Exit(3)
	case "return":
		return nil
	case "cancel":
		announce()
		cancel()
		<-ctx.Done()
		return context.Cause(ctx)
	case "hung API":
		if os.Getenv(envCall) == "consistent" { // as an HTTP client does
			<-ctx.Done()
			return context.Cause(ctx)
		}
	case "log on the frozen filesystem", "SIGKILL with a blocked write":
		return os.WriteFile(filepath.Join(os.Getenv(envMount), "log"), []byte("line\n"), 0o600)
	}
	<-make(chan struct{}) // waits for its death
	return nil
}

// grimCloud runs work while the filesystem is frozen.
type grimCloud struct {
	ebssnaptest.Cloud
	work func(ctx context.Context) error
}

func (c *grimCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if r.DryRun {
		return nil, nil
	}
	return nil, c.work(ctx)
}
