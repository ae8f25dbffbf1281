//go:build linux && !opskit_portable

package restore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
)

// An application that counts on what it wrote, not on what it synced: every step writes record n to
// file A, then to file B, now and then replaces a state file by rename, and only then tells the
// world that n is done, through a page that it shares with the test.
const (
	writerDir = "OPSKIT_TEST_WRITER"
	writerAck = "OPSKIT_TEST_WRITER_ACK"

	recordSize  = 4096
	slots       = 1500 // records in a file; then they are overwritten from the start
	stateEvery  = 64
	headerBytes = 20
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		fmt.Fprintln(os.Stderr, write(dir, os.Getenv(writerAck)))
		os.Exit(1)
	}
	lab.Main(m)
}

// record fills b with record n of a file.
func record(b []byte, file byte, n uint64) {
	binary.LittleEndian.PutUint64(b, n)
	binary.LittleEndian.PutUint64(b[8:], uint64(file))
	for i := headerBytes; i < len(b); i++ {
		b[i] = byte(n) ^ byte(i) ^ file
	}
	binary.LittleEndian.PutUint32(b[16:], crc32.ChecksumIEEE(b[headerBytes:])^uint32(n))
}

// write writes until it fails.
func write(dir, ack string) error {
	done, err := page(ack)
	if err != nil {
		return err
	}
	a, err := os.Create(filepath.Join(dir, "A"))
	if err != nil {
		return err
	}
	b, err := os.Create(filepath.Join(dir, "B"))
	if err != nil {
		return err
	}
	buffer := make([]byte, recordSize)
	pace := time.NewTicker(50 * time.Microsecond)
	for n := uint64(1); ; n++ {
		offset := int64((n-1)%slots) * recordSize
		record(buffer, 'A', n)
		if _, err := a.WriteAt(buffer, offset); err != nil {
			return err
		}
		record(buffer, 'B', n)
		if _, err := b.WriteAt(buffer, offset); err != nil {
			return err
		}
		if n%stateEvery == 0 {
			next := filepath.Join(dir, "state.new")
			if err := os.WriteFile(next, fmt.Appendf(nil, "%020d\n%020d\n", n, n), 0o600); err != nil {
				return err
			}
			if err := os.Rename(next, filepath.Join(dir, "state")); err != nil {
				return err
			}
		}
		done.Store(n)
		<-pace.C
	}
}

// page maps the file in which the writer says how far it is.
func page(path string) (*atomic.Uint64, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	shared, err := unix.Mmap(int(file.Fd()), 0, recordSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*atomic.Uint64)(unsafe.Pointer(&shared[0])), nil
}

// startWriter starts the application on dir, as a process that dies with the test, and returns how
// far it is.
func startWriter(t *testing.T, dir string) *atomic.Uint64 {
	t.Helper()
	file, err := os.CreateTemp("/dev/shm", "opskit-writer-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.Remove(file.Name()) })
	require.NoError(t, file.Truncate(recordSize))
	require.NoError(t, file.Close())
	done, err := page(file.Name())
	require.NoError(t, err)
	writer := exec.Command("/proc/self/exe", "-test.run", "^$")
	writer.Env = append(os.Environ(), writerDir+"="+dir, writerAck+"="+file.Name())
	writer.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	writer.Stderr = os.Stderr
	require.NoError(t, writer.Start())
	t.Cleanup(func() { // everything is thawed by now, so it can die
		_ = writer.Process.Kill()
		_ = writer.Wait()
	})
	lab.Eventually(t, 30*time.Second, "the writer has written every slot", func() bool { return done.Load() > slots })
	return done
}

// intact returns an invariant: the data below dir is what the application had written at one moment
// between two of its system calls, and nothing that it had told the world by then is missing.
func intact(told uint64) func(ctx context.Context, dir string) error {
	return func(_ context.Context, dir string) error {
		a, errA := newest(filepath.Join(dir, "A"), 'A')
		b, errB := newest(filepath.Join(dir, "B"), 'B')
		state, errState := state(filepath.Join(dir, "state"))
		if err := errors.Join(errA, errB, errState); err != nil {
			return err
		}
		switch {
		case a < told || b < told:
			return fmt.Errorf("record %d was told to the world, A ends at %d and B at %d", told, a, b)
		case a != b && a != b+1:
			return fmt.Errorf("A ends at %d, B at %d: never so while it was written", a, b)
		case state > b || state+stateEvery < b || state+stateEvery <= told:
			return fmt.Errorf("the state file says %d, B ends at %d, %d was told to the world", state, b, told)
		}
		return nil
	}
}

// newest returns the number of the last record of a file, all of whose records must be just those
// that were written until then.
func newest(path string, file byte) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	if len(text) != slots*recordSize {
		return 0, fmt.Errorf("%s has %d bytes", filepath.Base(path), len(text))
	}
	numbers := make([]uint64, slots)
	want := make([]byte, recordSize)
	last := uint64(0)
	for i := range numbers {
		got := text[i*recordSize : (i+1)*recordSize]
		numbers[i] = binary.LittleEndian.Uint64(got)
		record(want, file, numbers[i])
		if string(got) != string(want) {
			return 0, fmt.Errorf("%s: record at %d is torn", filepath.Base(path), i)
		}
		last = max(last, numbers[i])
	}
	for i, n := range numbers {
		age := ((last-1)%slots + slots - uint64(i)) % slots
		if n != last-age {
			return 0, fmt.Errorf("%s: slot %d holds record %d, with %d the last one it should be %d", filepath.Base(path), i, n, last, last-age)
		}
	}
	return last, nil
}

func state(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	one, two, _ := strings.Cut(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(text) != 42 || one != two {
		return 0, fmt.Errorf("the state file is torn: %d bytes", len(text))
	}
	return strconv.ParseUint(one, 10, 64)
}
