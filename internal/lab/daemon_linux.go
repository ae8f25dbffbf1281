package lab

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Daemon is a program that runs beside a test.
type Daemon struct {
	// Cmd is the started command.
	Cmd *exec.Cmd

	output lockedBuffer
	done   chan struct{}
	stop   sync.Once
}

// StartDaemon starts a program in a process group of its own and ends it, by
// pid, when the test ends; it also ends when the test process is killed.
func StartDaemon(t testing.TB, argv ...string) *Daemon {
	t.Helper()
	path, err := Program(argv[0])
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	d := &Daemon{Cmd: exec.Command(path, argv[1:]...), done: make(chan struct{})}
	d.Cmd.Stdout, d.Cmd.Stderr = &d.output, &d.output
	d.Cmd.WaitDelay = 2 * time.Second
	d.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// Pdeathsig is sent when the thread that started the program ends, so this one stays until the program has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := d.Cmd.Start()
		started <- err
		if err == nil {
			_ = d.Cmd.Wait() // how it ended is for the test to judge, from Output
			close(d.done)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("lab: start %s: %v", argv[0], err)
	}
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("lab: output of %v:\n%s", argv, d.Output())
		}
	})
	return d
}

// Output returns what the program has printed so far, both streams.
func (d *Daemon) Output() string { return d.output.String() }

// Done is closed when the program has ended.
func (d *Daemon) Done() <-chan struct{} { return d.done }

// Stop ends the program's process group, first by SIGTERM and after three
// seconds by SIGKILL, and waits for it.
func (d *Daemon) Stop() {
	d.stop.Do(func() {
		_ = syscall.Kill(-d.Cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-d.done:
		case <-time.After(3 * time.Second):
		}
		_ = syscall.Kill(-d.Cmd.Process.Pid, syscall.SIGKILL)
	})
	<-d.done
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
