//go:build linux && !opskit_portable

package procstate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

// iterators holds the loaded task iterators of one [Scanner]; loading one is
// the expensive part.
type iterators struct {
	mu      sync.Mutex
	process *iterator
	thread  *iterator
	layout  *layout
}

// iterator is a task iterator in the kernel. Scans on it may run side by side.
type iterator struct {
	link         int
	subreaperBit uint32
}

func (its *iterators) close() error {
	its.mu.Lock()
	defer its.mu.Unlock()
	var failed error
	for _, it := range []**iterator{&its.process, &its.thread} {
		if *it != nil {
			failed = errors.Join(failed, unix.Close((*it).link))
			*it = nil
		}
	}
	return failed
}

// choose returns an iterator if the scanner is to use one. Otherwise why says
// what keeps it from the source that was asked for.
func (s *Scanner) choose(threads bool) (it *iterator, why string) {
	if s.Source != SourceBPF && s.Source != SourceFastest {
		return nil, ""
	}
	s.bpf.mu.Lock()
	defer s.bpf.mu.Unlock()
	slot := &s.bpf.process
	if threads {
		slot = &s.bpf.thread
	}
	if *slot != nil {
		return *slot, ""
	}
	if s.Root != "" && s.Root != "/proc" {
		return nil, "another /proc was asked for than this host's own"
	}
	if s.Source == SourceFastest {
		if n := tasks(); n < bpfPays {
			return nil, fmt.Sprintf("reading /proc is faster for %d tasks", n)
		}
	}
	if err := firstNamespaces(); err != nil {
		return nil, err.Error()
	}
	if s.bpf.layout == nil {
		found, err := kernelLayout()
		if err != nil {
			return nil, err.Error()
		}
		s.bpf.layout = &found
	}
	it, err := loadIterator(*s.bpf.layout, threads)
	if err != nil {
		return nil, err.Error()
	}
	*slot = it
	return it, ""
}

// tasks returns how many tasks there are, from /proc/loadavg.
func tasks() int {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 4 {
		return 0
	}
	_, total, _ := strings.Cut(fields[3], "/")
	n, err := strconv.Atoi(total)
	if err != nil {
		return 0
	}
	return n
}

// firstNamespaces refuses where the kernel's numbers are not those that /proc
// shows to this process (include/linux/proc_ns.h).
func firstNamespaces() error {
	for _, want := range []struct{ name, first string }{{"pid", "pid:[4026531836]"}, {"time", "time:[4026531834]"}} {
		link, err := os.Readlink("/proc/self/ns/" + want.name)
		if errors.Is(err, os.ErrNotExist) && want.name == "time" {
			continue // a kernel without time namespaces
		}
		if err != nil {
			return err
		}
		if link != want.first {
			return fmt.Errorf("inside another %s namespace the kernel's numbers are not those of /proc", want.name)
		}
	}
	return nil
}

const kernelBTF = "/sys/kernel/btf/vmlinux"

// kernelLayout reads the running kernel's BTF, mapped where the kernel allows
// that and copied where it does not.
func kernelLayout() (layout, error) {
	one := uint16(1)
	if unsafe.Sizeof(uintptr(0)) != 8 || *(*byte)(unsafe.Pointer(&one)) != 1 {
		return layout{}, fmt.Errorf("the BPF source needs a 64-bit little-endian processor: %w", errors.ErrUnsupported)
	}
	file, err := os.Open(kernelBTF)
	if err != nil {
		return layout{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return layout{}, err
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err == nil {
		defer func() { _ = unix.Munmap(data) }() // of a mapping that was just made
	} else if data, err = os.ReadFile(kernelBTF); err != nil {
		return layout{}, err
	}
	types, err := openBTF(data)
	if err != nil {
		return layout{}, err
	}
	return types.lookup(taskLayout())
}

// loadIterator loads the program (BPF_PROG_LOAD) and links it (BPF_LINK_CREATE).
func loadIterator(l layout, threads bool) (*iterator, error) {
	program, err := l.assemble(threads)
	if err != nil {
		return nil, err
	}
	const typeTracing, attachIterator, load, createLink = 26, 28, 5, 28
	licence := [...]byte{'G', 'P', 'L', 0} // probe_read_kernel is for such programs
	loadAttr := struct {
		programType, instructions uint32
		program, licence          uint64
		logLevel, logSize         uint32
		log                       uint64
		kernelVersion, flags      uint32
		name                      [16]byte
		interfaceIndex            uint32
		attachType                uint32
		programBTF, funcInfoSize  uint32
		funcInfo                  uint64
		funcInfos, lineInfoSize   uint32
		lineInfo                  uint64
		lineInfos, attachBTF      uint32
	}{
		programType: typeTracing, instructions: uint32(len(program)),
		program: uint64(uintptr(unsafe.Pointer(&program[0]))), licence: uint64(uintptr(unsafe.Pointer(&licence[0]))),
		name:       [16]byte{'o', 'p', 's', 'k', 'i', 't', '_', 't', 'a', 's', 'k', 's'},
		attachType: attachIterator, attachBTF: l.function,
	}
	fd, err := bpf(load, unsafe.Pointer(&loadAttr), unsafe.Sizeof(loadAttr))
	runtime.KeepAlive(program)
	runtime.KeepAlive(&licence)
	if err != nil {
		return nil, fmt.Errorf("bpf program load: %w", err)
	}
	defer unix.Close(fd)
	linkAttr := struct{ program, target, attachType, flags uint32 }{program: uint32(fd), attachType: attachIterator}
	link, err := bpf(createLink, unsafe.Pointer(&linkAttr), unsafe.Sizeof(linkAttr))
	if err != nil {
		return nil, fmt.Errorf("bpf link create: %w", err)
	}
	return &iterator{link: link, subreaperBit: l.bits["signal_struct.is_child_subreaper"] % 8}, nil
}

func bpf(command uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	for {
		fd, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(attr), size)
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR, unix.EAGAIN: // the verifier was interrupted by a signal
		default:
			return -1, errno
		}
	}
}

// each runs the iterator once and yields its records, until yield returns
// false. The records are valid until yield returns.
func (it *iterator) each(ctx context.Context, yield func(record []byte) bool) error {
	const create = 33
	attr := struct{ link, flags uint32 }{link: uint32(it.link)}
	fd, err := bpf(create, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err != nil {
		return &opskit.Error{Op: "create task iterator", Err: err}
	}
	defer unix.Close(fd)
	buffer := make([]byte, 64<<10)
	for used := 0; ; {
		if err := ctx.Err(); err != nil {
			return &opskit.Error{Op: "list tasks", Err: err}
		}
		n, err := unix.Read(fd, buffer[used:])
		switch {
		case err == unix.EAGAIN || err == unix.EINTR: // the kernel takes a breath
			continue
		case err != nil:
			return &opskit.Error{Op: "list tasks", Err: err}
		case n == 0:
			return nil
		}
		used += n
		records := buffer[:used]
		for ; len(records) >= recordSize; records = records[recordSize:] {
			if !yield(records[:recordSize]) {
				return nil
			}
		}
		used = copy(buffer, records)
	}
}

// processes yields every process.
func (it *iterator) processes(ctx context.Context, yield func(Process, error) bool) error {
	return it.each(ctx, func(record []byte) bool { return yield(processOf(record, it.subreaperBit), nil) })
}

// iterateTasks yields every task, and those of PID 1 out of /proc where a kernel
// hides them from iterators.
func (r *root) iterateTasks(ctx context.Context, it *iterator, yield func(task, error) bool) error {
	first, on := false, true
	err := it.each(ctx, func(record []byte) bool {
		p := processOf(record, it.subreaperBit)
		t := task{Process: p, tid: p.PID}
		t.PID = int(binary.LittleEndian.Uint32(record[recordTGID:]))
		first = first || t.PID == 1
		on = yield(t, nil)
		return on
	})
	if err == nil && on && !first {
		r.threads(1, yield)
	}
	return err
}
