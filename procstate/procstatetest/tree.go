package procstatetest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Tree is a /proc as a literal: one element per process. An element with PID 0
// stands for the directory itself: only its Files are used, such as
// "self/mountinfo".
type Tree []Process

// Process is one process of a [Tree]. The zero value of every field but PID
// means what most processes have.
type Process struct {
	PID, PPID  int    // its directory
	Comm       string // at most 15 bytes, any but zero
	State      byte   // 0: 'S'
	Start      uint64 // ticks since boot; 0: 1000
	Threads    int    // 0: 1
	Flags      uint32 // PF_*; 0x00200000 is a kernel thread
	ExitSignal int    // 0: 17, SIGCHLD; -1: none
	ExitStatus uint32 // as of wait(2); 0: not shown
	UID        uint32 // real, effective, saved and filesystem alike
	Tracer     int    // thread that traces it
	NSPIDs     []int  // its PIDs in inner namespaces, outermost first

	SigBlk, SigIgn, SigCgt uint64 // signal masks: 0x10000 is SIGCHLD

	Cgroup string            // content of the cgroup file; "": "0::/\n"
	Files  map[string]string // further files of the process, and those to be other than above
}

// SIGCHLD is the bit of that signal in a mask of [Process].
const SIGCHLD = 1 << 16

// Write writes the tree into a directory that exists, as files for
// procstate.Scanner.Root.
func (t Tree) Write(dir string) error {
	for i := range t {
		p := &t[i]
		directory := dir
		files := map[string]string{}
		if p.PID != 0 {
			directory = filepath.Join(dir, strconv.Itoa(p.PID))
			files["stat"], files["status"], files["cgroup"] = p.stat(), p.status(), p.cgroup()
		}
		maps.Copy(files, p.Files)
		for name, content := range files {
			path := filepath.Join(directory, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("write tree: %w", err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				return fmt.Errorf("write tree: %w", err)
			}
		}
	}
	return nil
}

// Dir writes the tree into a temporary directory of the test and returns its path.
func (t Tree) Dir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := t.Write(dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func (p *Process) state() byte {
	if p.State == 0 {
		return 'S'
	}
	return p.State
}

func (p *Process) threads() int { return max(p.Threads, 1) }

// stat is the line of fs/proc/array.c, do_task_stat.
func (p *Process) stat() string {
	start, exitSignal := p.Start, p.ExitSignal
	if start == 0 {
		start = 1000
	}
	switch exitSignal {
	case 0:
		exitSignal = 17
	case -1:
		exitSignal = 0
	}
	zeros := func(n int) string { return strings.Repeat(" 0", n) }
	return fmt.Sprintf("%d (%s) %c %d %d %d 0 -1 %d%s 20 0 %d 0 %d%s %d 0%s %d\n",
		p.PID, p.Comm, p.state(), p.PPID, p.PID, p.PID, p.Flags, zeros(8), p.threads(), start, zeros(15), exitSignal,
		zeros(12), p.ExitStatus)
}

// status has the lines of fs/proc/array.c, proc_pid_status, without those about
// memory.
func (p *Process) status() string {
	var nspids strings.Builder
	nspids.WriteString(strconv.Itoa(p.PID))
	for _, pid := range p.NSPIDs {
		nspids.WriteString("\t" + strconv.Itoa(pid))
	}
	name := strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(p.Comm)
	return fmt.Sprintf("Name:\t%s\nState:\t%c\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t%d\n"+
		"Uid:\t%d\t%d\t%d\t%d\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t \nNSpid:\t%s\nThreads:\t%d\nSigQ:\t0/96365\n"+
		"SigPnd:\t%016x\nShdPnd:\t%016x\nSigBlk:\t%016x\nSigIgn:\t%016x\nSigCgt:\t%016x\n"+
		"voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t0\n",
		name, p.state(), p.PID, p.PID, p.PPID, p.Tracer, p.UID, p.UID, p.UID, p.UID, nspids.String(), p.threads(),
		0, 0, p.SigBlk, p.SigIgn, p.SigCgt)
}

func (p *Process) cgroup() string {
	if p.Cgroup == "" {
		return "0::/\n"
	}
	return p.Cgroup
}
