package procstate

import "github.com/opskit-go/opskit/procstate/internal/coded"

// Source is where a [Scanner] learns of processes. All sources give the same
// answer; they differ in what they cost and in a few facts that /proc keeps to
// itself: see [Process].
type Source uint8

const (
	// ProcFS reads /proc, with three system calls per process.
	ProcFS Source = iota
	// BPF runs a task iterator in the kernel (bpf(2)), at a fraction of the cost.
	// It needs CAP_BPF and CAP_PERFMON, Linux 5.14 with BTF, and the first PID and
	// time namespaces; where it is not to be had the scan reads /proc instead, and
	// says so. A seccomp filter that kills whoever calls bpf(2) ends the program:
	// this source is never used unless it was asked for.
	BPF
	// Fastest is BPF where that pays: when it is loaded already or there are so
	// many tasks that loading it costs less than reading /proc once. It is asking
	// for BPF by another name.
	Fastest
)

func sourceNames() []string { return []string{"procfs", "bpf", "fastest"} }

// String returns "procfs", "bpf" or "fastest".
func (s Source) String() string { return coded.Name(sourceNames(), s) }

// MarshalText writes what String returns.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (s *Source) UnmarshalText(text []byte) error { return coded.Value(sourceNames(), text, s) }

// bpfPays is the number of tasks above which loading the iterator costs less
// than reading /proc once: about 15 ms against 8 µs per process.
const bpfPays = 2500
