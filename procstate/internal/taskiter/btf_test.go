package taskiter

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kernelTypes writes a small BTF: an integer, a function prototype, the function
// bpf_iter_task, and the structs with their fields 8 bytes apart.
func kernelTypes(wanted btfWanted) []byte {
	strings := []byte{0}
	name := func(text string) uint32 {
		for at := 1; at < len(strings); at++ {
			if string(strings[at:min(at+len(text)+1, len(strings))]) == text+"\x00" && strings[at-1] == 0 {
				return uint32(at)
			}
		}
		strings = append(append(strings, text...), 0)
		return uint32(len(strings) - len(text) - 1)
	}
	var types []byte
	word := func(values ...uint32) {
		for _, value := range values {
			types = binary.LittleEndian.AppendUint32(types, value)
		}
	}
	word(name("int"), 1<<24, 4, 32)
	word(0, 13<<24|2, 0, 0, 1, 0, 1) // a prototype with two parameters
	word(name(wanted.function), btfFunc<<24, 2)
	for structure, fields := range wanted.fields {
		word(name(structure), 1<<31|btfStruct<<24|uint32(len(fields)), 1000)
		for i, field := range fields {
			word(name(field), 1, 1<<24|uint32(i*64))
		}
	}
	header := binary.LittleEndian.AppendUint16(nil, btfMagic)
	header = append(header, 1, 0)
	for _, value := range []int{24, 0, len(types), len(types), len(strings)} {
		header = binary.LittleEndian.AppendUint32(header, uint32(value))
	}
	return append(append(header, types...), strings...)
}

func TestLookup(t *testing.T) {
	b, err := openBTF(kernelTypes(taskLayout()))
	require.NoError(t, err)
	found, err := b.lookup(taskLayout())
	require.NoError(t, err)
	assert.Equal(t, uint32(3), found.function)
	assert.Equal(t, uint32(64), found.bits["task_struct.tgid"])
	assert.Equal(t, uint32(192), found.bits["signal_struct.is_child_subreaper"])
	for _, threads := range []bool{false, true} {
		program, err := found.assemble(threads)
		require.NoError(t, err)
		for at, i := range program {
			if i.op == bpfJumpZero || i.op == bpfJumpOther {
				assert.Less(t, at+1+int(i.offset), len(program), "every jump stays inside")
			}
		}
	}

	other := taskLayout()
	other.fields["task_struct"] = append(other.fields["task_struct"], "no_such_field")
	_, err = b.lookup(other)
	require.ErrorIs(t, err, procfile.ErrMalformed)
	other.function = "no_such_function"
	_, err = b.lookup(other)
	require.ErrorIs(t, err, procfile.ErrMalformed)

	found.bits["task_struct.tgid"] = 8 * 40000
	_, err = found.assemble(false)
	require.ErrorIs(t, err, procfile.ErrMalformed, "offsets are 16 bits")
}

func TestBTFCutAnywhere(t *testing.T) {
	whole := kernelTypes(taskLayout())
	for end := range whole {
		b, err := openBTF(whole[:end])
		if err == nil {
			_, err = b.lookup(taskLayout())
		}
		require.ErrorIs(t, err, procfile.ErrMalformed, "%d of %d bytes", end, len(whole))
	}
}

func FuzzBTF(f *testing.F) {
	f.Add(kernelTypes(taskLayout()))
	f.Add(kernelTypes(btfWanted{fields: map[string][]string{"task_struct": {"pid"}}, function: "bpf_iter_task"}))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if b, err := openBTF(data); err == nil {
			_, _ = b.lookup(taskLayout())
		}
	})
}

func TestStateOfTask(t *testing.T) {
	for _, test := range []struct {
		rule            string
		state, exitCode uint32
		want            byte
	}{
		{"running", 0, 0, 'R'},
		{"interruptible", 1, 0, 'S'},
		{"uninterruptible", 2, 0, 'D'},
		{"killable is D too", 0x102, 0, 'D'},
		{"an idle kernel thread is not stuck", 0x402, 0, 'I'},
		{"stopped", 0x104, 0, 'T'},
		{"traced", 0x108, 0, 't'},
		{"zombie", 0x80, 0x20, 'Z'},
		{"a zombie that its tracer releases", 0x80, 0x30, 'Z'},
		{"dead", 0x80, 0x10, 'X'},
		{"parked", 0x40, 0, 'P'},
		{"frozen for suspend", 0x8000, 0, 'D'},
		{"waiting for a real-time lock", 0x1000, 0, 'D'},
	} {
		assert.Equal(t, test.want, stateOf(test.state, test.exitCode), test.rule)
	}
}

func TestRecord(t *testing.T) {
	record := make([]byte, recordSize)
	le := binary.LittleEndian
	le.PutUint64(record[recordStart:], 1_234_567_890)
	le.PutUint64(record[recordRan:], 987)
	for at, value := range map[int]uint32{
		recordPID: 42, recordTGID: 42, recordPPID: 7, recordTracer: 50, recordState: 0x80, recordExitState: 0x20,
		recordExitCode: 1, recordGroupExit: 9 << 8, recordSignal: signalGroupExit, recordThreads: 2, recordFlags: 0x40,
		recordCPU: 3, recordSubreaper: 0b100,
	} {
		le.PutUint32(record[at:], value)
	}
	exit := int32(-1)
	le.PutUint32(record[recordExitSignal:], uint32(exit))
	copy(record[recordComm:], "job\x00old name")
	var got Task
	got.read(record, 2)
	want := Task{
		TID: 42, PID: 42, PPID: 7, Tracer: 50, Start: 1_234_567_890 * time.Nanosecond, Ran: 987, State: 'Z', Threads: 2, Flags: 0x40,
		ExitSignal: -1, CPU: 3, Subreaper: true, Exit: 9 << 8, Exited: true,
	}
	copy(want.Comm[:], "job")
	assert.Equal(t, want, got, "the exit status is that of the group, not of the main thread")

	le.PutUint32(record[recordExitState:], 0)
	for state, want := range map[uint32]bool{0x102: true, 0x2: false} {
		le.PutUint32(record[recordState:], state)
		got.read(record, 1)
		assert.Equal(t, want, got.Killable)
		assert.False(t, got.Subreaper)
	}
}
