//go:build linux && !opskit_portable

package procstate

import (
	"encoding/binary"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate/internal/held"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// root is an open /proc, read with as few system calls as there can be and into
// buffers that are used again. Not safe for concurrent use.
type root struct {
	path    string
	fd      int
	entries [32 << 10]byte
	text    []byte
	name    [96]byte

	inline [4096]byte // what text begins as

	spare  *spare
	behind []int        // processes for which a thread was left behind: see package held
	free   *atomic.Bool // false when there is one, or nil
	tight  string       // why no thread may be started for a read that the kernel may hold back
}

// copyTo makes another root of the same directory, for a thread that may read but
// not list.
func (r *root) copyTo(other *root) {
	other.path, other.fd, other.behind = r.path, r.fd, r.behind
	other.text = other.inline[:]
}

// openRoot opens the procfs at path.
func openRoot(path string) (*root, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, &opskit.Error{Op: "open", Target: path, Err: unix.EINVAL}
	}
	r := &root{path: path, fd: unix.AT_FDCWD}
	fd, err := r.open(append(append(r.name[:0], path...), 0), unix.O_DIRECTORY)
	if err != nil {
		return nil, &opskit.Error{Op: "open", Target: path, Err: err}
	}
	r.fd, r.text = fd, r.inline[:]
	return r, nil
}

// findBehind is held.Behind with hardly an allocation. A root that shows none of
// this program's threads has none that were left behind there.
func (r *root) findBehind() {
	fd, err := r.open(append(r.name[:0], "self/task\x00"...), unix.O_DIRECTORY)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	_ = eachNumber(fd, "threads", r.entries[:], func(tid int) bool {
		comm, err := r.once(append(strconv.AppendInt(append(r.name[:0], "self/task/"...), int64(tid), 10), "/comm\x00"...))
		if pid := held.Marked(comm); err == nil && pid > 0 {
			r.behind = append(r.behind, pid)
		}
		return true
	})
}

func (r *root) close() { unix.Close(r.fd) }

// mount returns the mount that this root is on, or nil. It goes by the open
// directory and not by the path, which may lead through links.
func (r *root) mount(mounts []mountinfo.Mount) *mountinfo.Mount {
	if text, err := r.readNamed("self/fdinfo/" + strconv.Itoa(r.fd)); err == nil {
		id := fdMountID(text)
		for i := range mounts {
			if id != 0 && mounts[i].ID == id {
				return &mounts[i]
			}
		}
	}
	return mountedAt(mounts, strings.TrimSuffix(r.path, "/"))
}

// eachPID yields every PID of the directory, in its order, until yield returns
// false.
func (r *root) eachPID(yield func(pid int) bool) error {
	if _, err := unix.Seek(r.fd, 0, 0); err != nil {
		return &opskit.Error{Op: "list", Target: r.path, Err: err}
	}
	return eachNumber(r.fd, r.path, r.entries[:], yield)
}

// eachThread yields the thread IDs of a process.
func (r *root) eachThread(pid int, yield func(tid int) bool) error {
	fd, err := r.open(r.pidPath(pid, "/task"), unix.O_DIRECTORY)
	if err != nil {
		return readError("list threads", pid, err)
	}
	defer unix.Close(fd)
	return eachNumber(fd, "threads of pid "+strconv.Itoa(pid), make([]byte, 4096), yield)
}

func eachNumber(fd int, what string, buffer []byte, yield func(int) bool) error {
	const lengthAt, nameAt = 16, 19 // struct linux_dirent64
	for {
		n, err := unix.Getdents(fd, buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return &opskit.Error{Op: "list", Target: what, Err: goneOr(err)}
		}
		if n == 0 {
			return nil
		}
		for entries := buffer[:n]; len(entries) > nameAt; {
			length := int(binary.NativeEndian.Uint16(entries[lengthAt:]))
			if length <= nameAt || length > len(entries) {
				return &opskit.Error{Op: "list", Target: what, Err: ErrMalformed}
			}
			name := entries[nameAt:length]
			entries = entries[length:]
			if number := leadingNumber(name); number > 0 && !yield(number) {
				return nil
			}
		}
	}
}

// leadingNumber reads a zero-terminated decimal name; anything else is 0.
func leadingNumber(name []byte) (number int) {
	for i, c := range name {
		if c < '0' || c > '9' || i > 9 {
			if c != 0 {
				return 0
			}
			break
		}
		number = number*10 + int(c-'0')
	}
	return number
}

// tryStat reads a process's stat file, which the kernel may hold back. For the
// walk over all processes, in which ends are no errors and must not cost an
// allocation, it returns ErrGone itself.
func (r *root) tryStat(pid int, p *Process) error {
	text, err := r.once(r.pidPath(pid, "/stat"))
	if err == unix.ENOENT || err == unix.ESRCH {
		return ErrGone
	}
	if err != nil {
		return readError("read stat", pid, err)
	}
	return parsedStat(text, pid, p)
}

// tryStatThread reads a thread's stat file.
func (r *root) tryStatThread(pid, tid int, p *Process) error {
	text, err := r.once(r.pidPath(pid, "/task/"+strconv.Itoa(tid)+"/stat"))
	if err != nil {
		return readError("read stat", tid, err)
	}
	return parsedStat(text, tid, p)
}

// tryRead reads a whole file of a process.
func (r *root) tryRead(pid int, file string) ([]byte, error) {
	text, err := r.whole(r.pidPath(pid, "/"+file))
	if err != nil {
		return nil, readError("read "+file, pid, err)
	}
	return text, nil
}

// readNamed reads a file of the root itself, such as "self/mountinfo".
func (r *root) readNamed(file string) ([]byte, error) {
	text, err := r.whole(append(append(r.name[:0], file...), 0))
	if err != nil {
		return nil, &opskit.Error{Op: "read", Target: r.path + "/" + file, Err: err}
	}
	return text, nil
}

func (r *root) pidPath(pid int, file string) []byte {
	return append(append(strconv.AppendInt(r.name[:0], int64(pid), 10), file...), 0)
}

// open opens a path below the root; it ends with a zero byte.
func (r *root) open(path []byte, flags int) (int, error) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(r.fd), uintptr(unsafe.Pointer(&path[0])),
			uintptr(unix.O_RDONLY|unix.O_CLOEXEC|flags), 0, 0, 0)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR:
		default:
			return -1, errno
		}
	}
}

// once reads a file that is shorter than the buffer with one read.
func (r *root) once(path []byte) ([]byte, error) {
	fd, err := r.open(path, 0)
	if err != nil {
		return nil, err
	}
	n, err := unix.Read(fd, r.text)
	unix.Close(fd)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, unix.ESRCH
	}
	return r.text[:n], nil
}

// whole reads a file of any length.
func (r *root) whole(path []byte) ([]byte, error) {
	fd, err := r.open(path, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for used := 0; ; {
		n, err := unix.Read(fd, r.text[used:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return r.text[:used], nil
		}
		if used += n; used == len(r.text) {
			r.text = append(r.text, make([]byte, len(r.text))...)
		}
	}
}
