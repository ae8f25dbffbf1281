// Package reapertest tries out whatever reaps in a program:
//
//	tally, err := reapertest.Storm{Commands: 1000}.Run(ctx)
//	// 1000 commands: 1000 right, 0 stolen, 0 wrong
//
// A [Storm] starts commands through os/exec whose exit codes are known, each of
// which leaves two orphans behind. A reaper that takes a child of os/exec shows
// as Stolen ("wait: no child processes") or Wrong (another code), one that
// leaves orphans shows in [Zombies].
//
// # Usage
//
// Start the reaper under test, make the process a subreaper if the reaper does
// not, run the Storm, and count Zombies after the time that the reaper is given.
//
// # Privileges
//
// None. It starts sh(1).
//
// # Platforms
//
// Zombies reads /proc and returns an error matching fs.ErrNotExist where there
// is none; the Storm itself runs on any system with sh.
//
// # Testing
//
// The bar of package reaper and the comparison with its peers use it.
package reapertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// The codes with which the two orphans of each command exit: the first ends as
// its parent ends, so it may be dead already when it is adopted, the second after
// its parent was waited for.
const (
	EarlyCode = 103
	LateCode  = 104
)

// Storm says how many commands to start. The zero value starts none.
type Storm struct {
	Commands int           // how many; each leaves two orphans
	Parallel int           // how many at a time; 0 means 8
	Linger   time.Duration // time between the end of a command and its Wait; 0 is none
}

// Tally is what became of the commands of a Storm.
type Tally struct {
	Commands int // started
	Right    int // waited for, with the code that they exited with
	Stolen   int // somebody else had waited: ECHILD
	Wrong    int // another code
}

// String returns the counts in one line.
func (t Tally) String() string {
	return fmt.Sprintf("%d commands: %d right, %d stolen, %d wrong", t.Commands, t.Right, t.Stolen, t.Wrong)
}

// Run starts the commands and waits for them, not for their orphans. It returns
// the counts so far with the first error that is not an answer (such as a fork
// that failed), or when ctx ends.
func (s Storm) Run(ctx context.Context) (Tally, error) {
	parallel := s.Parallel
	if parallel <= 0 {
		parallel = 8
	}
	var (
		mu    sync.Mutex
		tally Tally
		first error
		group sync.WaitGroup
	)
	work := make(chan int)
	for range parallel {
		group.Go(func() {
			for i := range work {
				code := i % 97
				got, err := s.command(code)
				mu.Lock()
				switch {
				case err != nil && strings.Contains(err.Error(), "no child processes"):
					tally.Stolen++
				case err != nil && first == nil:
					first = err
				case err != nil:
				case got == code:
					tally.Right++
				default:
					tally.Wrong++
				}
				tally.Commands++
				mu.Unlock()
			}
		})
	}
	for i := range s.Commands {
		mu.Lock()
		failed := first != nil
		mu.Unlock()
		if failed || ctx.Err() != nil {
			break
		}
		work <- i
	}
	close(work)
	group.Wait()
	return tally, errors.Join(first, ctx.Err())
}

// command runs one command that exits with code.
func (s Storm) command(code int) (got int, err error) {
	late, lateEnd, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer late.Close()
	defer lateEnd.Close() // which ends the second orphan
	early, earlyEnd, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer early.Close()
	defer earlyEnd.Close()
	// A shell may wait for a child that dies before it does, so neither may.
	script := fmt.Sprintf("(exec 5>&-; read _ <&4; exit %d) & (exec 5>&-; read _ <&3; exit %d) & exit %d", EarlyCode, LateCode, code)
	command := exec.Command("sh", "-c", script)
	command.ExtraFiles = []*os.File{late, early, earlyEnd}
	if err := command.Start(); err != nil {
		return 0, err
	}
	earlyEnd.Close() // now the shell holds it alone
	if s.Linger > 0 {
		<-time.After(s.Linger)
	}
	err = command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return command.ProcessState.ExitCode(), nil
}

// Zombies lists the dead children of this process that nobody has waited for.
func Zombies() ([]int, error) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, err
	}
	var dead []int
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/children")
		if err != nil {
			continue // the thread has ended
		}
		for pid := range strings.FieldsSeq(string(text)) {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil {
				continue
			}
			if i := bytes.LastIndexByte(stat, ')'); i > 0 && bytes.HasPrefix(stat[i:], []byte(") Z")) {
				var number int
				if _, err := fmt.Sscan(pid, &number); err == nil {
					dead = append(dead, number)
				}
			}
		}
	}
	return dead, nil
}
