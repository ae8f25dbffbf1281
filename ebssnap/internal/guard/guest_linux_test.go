//go:build linux && !opskit_portable

package guard

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
)

const (
	guestDir     = "/mnt"
	guestPage    = "/page"
	guestBudget  = time.Second // of the cases that end with it
	guestLongest = 20 * time.Second
)

// guest is the first process of a virtual machine in which the guard of another processor is tested:
// it mounts an ext4, lets owners freeze it and come to grief, prints a line on what thawed and when
// for each, and turns the machine off.
func guest() {
	if len(os.Args) > 1 {
		fmt.Println("error", guestOwn(os.Args[1]))
		return
	}
	err := guestPrepare()
	for _, cause := range []string{"thaw", "exit", "kill", "dump", "stop"} {
		if err == nil {
			err = guestTry(cause)
		}
	}
	fmt.Println("guest: done", err)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// guestPrepare mounts what the test needs, with the modules and the image that lie in the root.
func guestPrepare() error {
	for _, name := range []string{"/proc", "/dev", guestDir} {
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
	if err := unix.Mount("/dev/loop0", guestDir, "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20})
}

// guestOwn freezes, and comes to grief as cause says or from outside.
func guestOwn(cause string) error {
	page, err := os.OpenFile(guestPage, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	mount, err := os.Open(guestDir)
	if err != nil {
		return err
	}
	g, err := Start(context.Background(), Config{Dirs: []*os.File{mount}, Canaries: []bool{true}, Page: page})
	if err != nil {
		return err
	}
	limit := guestLongest
	if cause == "stop" {
		limit = guestBudget
	}
	if err := g.Freeze(context.Background(), Now()+limit); err != nil {
		return err
	}
	for watched := Unsettled; watched == Unsettled; watched = g.Watch()[0] {
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

// guestTry starts an owner and prints who thawed, and how long after its death or the end of its guestBudget.
func guestTry(cause string) error {
	if err := os.WriteFile(guestPage, make([]byte, 2*RecordAt), 0o600); err != nil {
		return err
	}
	owner := exec.Command("/init", cause)
	owner.Dir = guestDir // for its core dump
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
	due := Now()
	switch cause {
	case "kill":
		err = owner.Process.Kill()
	case "stop":
		due += guestBudget
		err = owner.Process.Signal(syscall.SIGSTOP)
	}
	if err != nil {
		return err
	}
	probe := make(chan error, 1)
	go func() { probe <- os.WriteFile(filepath.Join(guestDir, "probe"), []byte("x"), 0o600) }()
	select {
	case err = <-probe:
	case <-time.After(guestLongest / 2):
		return fmt.Errorf("%s: still frozen", cause)
	}
	text, readErr := os.ReadFile(guestPage)
	if err := errors.Join(err, readErr); err != nil {
		return err
	}
	mounts, _, err := ReadPage(text)
	if err != nil {
		return err
	}
	fmt.Printf("guest: %s %d %d %d\n", cause, mounts[0].State, binary.NativeEndian.Uint32(text[ThawedByAt:]), int64(mounts[0].ThawEnd-due))
	if cause == "stop" {
		err = owner.Process.Kill()
	}
	_ = owner.Wait() // it died as it should
	return err
}
