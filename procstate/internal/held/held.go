// Package held reads files of /proc that the kernel may hold back for ever.
//
// A process that executes another program holds a lock of its own meanwhile
// (exec_update_lock), and closes files under it: on a filesystem that does not
// answer, that takes for ever. Whoever reads stat (in kernels of 2026), wchan,
// syscall, stack or a link below ns of such a process waits for that lock, and
// only SIGKILL to the reader ends it.
//
// So the reader is a thread that can be left behind. It is named after the
// process then, which is how later calls know that they must not leave another
// one there: nothing else keeps it in mind.
package held

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"
)

// mark begins the name of a thread that was left behind. With a PID it has as
// many bytes as the kernel keeps.
const mark = "held by "

// Marked returns the process for which a thread of this name was left behind, or
// 0.
func Marked(comm []byte) (pid int) {
	number, found := bytes.CutPrefix(bytes.TrimSuffix(comm, []byte("\n")), []byte(mark))
	if !found {
		return 0
	}
	pid, err := strconv.Atoi(string(number))
	if err != nil {
		return 0
	}
	return pid
}

// First is how long one read may be held up, and Next how long another one after
// that: a program is executed in less.
const (
	First = 100 * time.Millisecond
	Next  = 20 * time.Millisecond
)

// Err is what a file that is held back could not be read with.
var Err = fmt.Errorf("%w: the kernel holds it back while the process executes a program, which takes long; "+
	"look for a filesystem that does not answer", context.DeadlineExceeded)

// Reads are reads of which any may be held up.
type Reads interface {
	// Read does one of them and keeps what it has read.
	Read(i int)
}

// Once runs one read of a file of a process. If the kernel holds it up it is
// false, and what read writes to must not be touched again.
func Once(pid int, patience time.Duration, read func()) bool {
	r := Reader{Reads: once(read)}
	if r.Run(1, patience) == 0 {
		r.Mark(pid)
		return false
	}
	r.Stop()
	return true
}

type once func()

func (read once) Read(int) { read() }
