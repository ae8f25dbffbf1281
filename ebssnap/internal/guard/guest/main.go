//go:build linux && !opskit_portable

// Guest is the first process of a virtual machine in which the guard of another processor is
// tested: it mounts an ext4, lets owners freeze it and come to grief, prints a line on what thawed
// and when for each, and turns the machine off. Only a test of package guard starts it.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap/internal/guard"
)

const (
	dir      = "/mnt"
	pageFile = "/page"
	budget   = time.Second // of the cases that end with it
	longest  = 20 * time.Second
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println("error", own(os.Args[1]))
		return
	}
	err := prepare()
	for _, cause := range []string{"thaw", "exit", "kill", "dump", "stop"} {
		if err == nil {
			err = try(cause)
		}
	}
	fmt.Println("guest: done", err)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// prepare mounts what the test needs, with the modules and the image that lie in the root.
func prepare() error {
	for _, name := range []string{"/proc", "/dev", dir} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			return err
		}
	}
	if err := errors.Join(unix.Mount("proc", "/proc", "proc", 0, ""), unix.Mount("dev", "/dev", "devtmpfs", 0, "")); err != nil {
		return err
	}
	modules, err := filepath.Glob("/modules/*")
	if err != nil {
		return err
	}
	for _, path := range modules { // in the order of their names
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(unix.FinitModule(int(file.Fd()), "", 0), file.Close()); err != nil {
			return fmt.Errorf("load %s: %w", path, err)
		}
	}
	loop, err := os.OpenFile("/dev/loop0", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	image, err := os.OpenFile("/image", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := unix.IoctlSetInt(int(loop.Fd()), unix.LOOP_SET_FD, int(image.Fd())); err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	if err := unix.Mount("/dev/loop0", dir, "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20})
}

// own freezes, and comes to grief as cause says or from outside.
func own(cause string) error {
	page, err := os.OpenFile(pageFile, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	mount, err := os.Open(dir)
	if err != nil {
		return err
	}
	g, err := guard.Start(context.Background(), guard.Config{Dirs: []*os.File{mount}, Canaries: []bool{true}, Page: page})
	if err != nil {
		return err
	}
	limit := longest
	if cause == "stop" {
		limit = budget
	}
	if err := g.Freeze(context.Background(), guard.Now()+limit); err != nil {
		return err
	}
	for watched := guard.Unsettled; watched == guard.Unsettled; watched = g.Watch()[0] {
		timer := time.NewTimer(time.Millisecond)
		<-timer.C
	}
	fmt.Println("frozen")
	switch cause {
	case "thaw":
		g.Thaw()
		return g.Close()
	case "exit":
		os.Exit(0)
	case "dump":
		panic("as the test wants")
	}
	<-make(chan struct{}) // waits for its death
	return nil
}

// try starts an owner and prints who thawed, and how long after its death or the end of its budget.
func try(cause string) error {
	if err := os.WriteFile(pageFile, make([]byte, 2*guard.RecordAt), 0o600); err != nil {
		return err
	}
	owner := exec.Command("/init", cause)
	owner.Dir = dir // for its core dump
	owner.Env = []string{"GOTRACEBACK=crash"}
	stdout, err := owner.StdoutPipe()
	if err != nil {
		return err
	}
	if err := owner.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "frozen" {
		return fmt.Errorf("%s: the owner says %q", cause, lines.Text())
	}
	due := guard.Now()
	switch cause {
	case "kill":
		err = owner.Process.Kill()
	case "stop":
		due += budget
		err = owner.Process.Signal(syscall.SIGSTOP)
	}
	if err != nil {
		return err
	}
	probe := make(chan error, 1)
	go func() { probe <- os.WriteFile(filepath.Join(dir, "probe"), []byte("x"), 0o600) }()
	select {
	case err = <-probe:
	case <-time.After(longest / 2):
		return fmt.Errorf("%s: still frozen", cause)
	}
	text, readErr := os.ReadFile(pageFile)
	if err := errors.Join(err, readErr); err != nil {
		return err
	}
	mounts, _, err := guard.ReadPage(text)
	if err != nil {
		return err
	}
	fmt.Printf("guest: %s %d %d %d\n", cause, mounts[0].State, binary.NativeEndian.Uint32(text[guard.ThawedByAt:]), int64(mounts[0].ThawEnd-due))
	if cause == "stop" {
		err = owner.Process.Kill()
	}
	_ = owner.Wait() // it died as it should
	return err
}
