//go:build linux && !opskit_portable

// Package taskiter lists the tasks of the kernel by a BPF task iterator
// (Documentation/bpf/bpf_iterators.rst), without any other file or program than the
// kernel itself: the layout of its structures is looked up in its BTF. It calls bpf(2).
package taskiter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

// Iterator is a task iterator in the kernel. Scans on it may run side by side.
type Iterator struct {
	link         int
	subreaperBit uint32
}

const kernelBTF = "/sys/kernel/btf/vmlinux"

// Kernel reads the running kernel's BTF, mapped where the kernel allows
// that and copied where it does not.
func Kernel() (Layout, error) {
	one := uint16(1)
	if unsafe.Sizeof(uintptr(0)) != 8 || *(*byte)(unsafe.Pointer(&one)) != 1 {
		return Layout{}, fmt.Errorf("the BPF source needs a 64-bit little-endian processor: %w", errors.ErrUnsupported)
	}
	file, err := os.Open(kernelBTF)
	if err != nil {
		return Layout{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Layout{}, err
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err == nil {
		defer func() { _ = unix.Munmap(data) }() // of a mapping that was just made
	} else if data, err = os.ReadFile(kernelBTF); err != nil {
		return Layout{}, err
	}
	types, err := openBTF(data)
	if err != nil {
		return Layout{}, err
	}
	return types.lookup(taskLayout())
}

// Load loads the program (BPF_PROG_LOAD) and links it (BPF_LINK_CREATE): for the main
// thread of every process, or with threads for every task.
func (l Layout) Load(threads bool) (*Iterator, error) {
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
	return &Iterator{link: link, subreaperBit: l.bits["signal_struct.is_child_subreaper"] % 8}, nil
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

// Close releases what the kernel holds.
func (it *Iterator) Close() error { return unix.Close(it.link) }

// Each runs the iterator once and yields its tasks, each valid until yield returns,
// until that is false.
func (it *Iterator) Each(ctx context.Context, yield func(*Task) bool) error {
	const create = 33
	attr := struct{ link, flags uint32 }{link: uint32(it.link)}
	fd, err := bpf(create, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err != nil {
		return &opskit.Error{Op: "create task iterator", Err: err}
	}
	defer unix.Close(fd)
	buffer := make([]byte, 64<<10)
	var task Task
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
			if task.read(records, it.subreaperBit); !yield(&task) {
				return nil
			}
		}
		used = copy(buffer, records)
	}
}
