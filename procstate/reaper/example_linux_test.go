//go:build linux && !opskit_portable

package reaper_test

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/opskit-go/opskit/procstate/reaper"
)

func ExampleReaper_Run() {
	ctx, cancel := context.WithCancel(context.Background())
	reaped := make(chan reaper.Reaped)
	var group sync.WaitGroup
	group.Go(func() {
		report, err := reaper.Reaper{
			Subreaper: true,
			OnReap:    func(r reaper.Reaped) { reaped <- r },
		}.Run(ctx)
		fmt.Println(report.Reaped, "orphan reaped,", len(report.Left), "left, error:", err)
	})
	for !isSubreaper() {
		runtime.Gosched()
	}

	// A command of the program's own, which leaves an orphan behind.
	command := exec.Command("sh", "-c", "(exit 7) & exit 3")
	_ = command.Run()
	fmt.Println("the command exited with", command.ProcessState.ExitCode())
	fmt.Println("the orphan exited with", (<-reaped).Status.Code)

	cancel()
	group.Wait()
	// Output:
	// the command exited with 3
	// the orphan exited with 7
	// 1 orphan reaped, 0 left, error: <nil>
}

func ExampleReaper_Check() {
	// Neither PID 1 nor a subreaper: no orphan would ever come.
	fmt.Println(reaper.Reaper{}.Check())
	// Output:
	// reap orphans: this process is neither PID 1 nor a subreaper; set Reaper.Subreaper
}

// A program that forks without os/exec holds its own lock around the fork, and
// so tells the reaper in time.
func ExampleReaper_keep() {
	var mu sync.Mutex
	mine := map[int]bool{}
	fork := func() (int, error) {
		mu.Lock()
		defer mu.Unlock()
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
		mine[pid] = err == nil
		return pid, err
	}
	r := reaper.Reaper{Subreaper: true, Keep: func(pid int) bool {
		mu.Lock()
		defer mu.Unlock()
		return mine[pid]
	}}

	pid, _ := fork()
	fmt.Println("kept:", r.Keep(pid))
	var status syscall.WaitStatus
	_, err := syscall.Wait4(pid, &status, 0, nil)
	fmt.Println("waited:", status.ExitStatus(), err)
	mu.Lock()
	delete(mine, pid)
	mu.Unlock()
	// Output:
	// kept: true
	// waited: 0 <nil>
}
