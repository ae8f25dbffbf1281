package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

var (
	ErrNotCapture = errors.New("not a packet capture")         // neither pcap nor pcapng, nor either compressed by gzip
	ErrTruncated  = errors.New("the capture ends in a packet") // what came before was read
	ErrDamaged    = errors.New("the capture is damaged")       // what came before was read
)

// Error tells where a capture could not be read on.
type Error struct {
	Offset int64 // in bytes from the start, of what gzip unpacked
	Err    error // ErrNotCapture, ErrTruncated, ErrDamaged or that of the reader
	Detail string
}

// Error returns the cause and the offset.
func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%v at byte %d", e.Err, e.Offset)
	}
	return fmt.Sprintf("%v at byte %d: %s", e.Err, e.Offset, e.Detail)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Explained is a condition of a package above, in the words of what found it.
type Explained struct {
	Is   error
	Text string
}

// Error returns the words.
func (e *Explained) Error() string { return e.Text }

// Unwrap returns the condition.
func (e *Explained) Unwrap() error { return e.Is }

// Explain turns what ended the reading of a capture into the caller's own
// conditions; other errors stay.
func Explain(err, notCapture, truncated, damaged error) error {
	for from, to := range map[error]error{ErrNotCapture: notCapture, ErrTruncated: truncated, ErrDamaged: damaged} {
		if errors.Is(err, from) {
			return &Explained{to, err.Error()}
		}
	}
	return err
}

// NoTime is the time of a frame whose record has none.
const NoTime = math.MinInt64

// Frame is one record of a capture.
type Frame struct {
	Time      int64  // nanoseconds since 1970, or NoTime
	Number    uint64 // from 1, as other programs count
	Data      []byte // what was captured; valid until the next frame
	Length    int    // on the wire
	Link      uint16 // the link type, by tcpdump.org's list
	Interface int    // of a pcapng file, from 0
}

const (
	block    = 1 << 18 // what fits the processor's cache beside the reader's own tables
	maxFrame = 1 << 18 // libpcap's limit of what a record may hold
	maxBlock = 1 << 24 // libpcap's limit of a block of pcapng
)

// Reader reads a capture's frames one after the other.
type Reader struct {
	src     io.Reader
	buf     []byte
	head    int   // of buf, what is not yet used
	tail    int   // of buf, the end of what was read
	before  int64 // bytes of the stream before buf
	srcErr  error // of src, once buf is used up
	err     error
	frames  uint64
	order   binary.ByteOrder
	big     bool
	ng      bool
	header  int   // of a record of classic pcap
	unit    int64 // nanoseconds, of classic pcap's fractions
	swapped func(captured, length int) bool
	link    uint16
	faces   []face
}

// NewReader reads the head of a capture. Errors are of type *Error.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, buf: make([]byte, block)}
	if r.have(2) && r.buf[0] == 0x1f && r.buf[1] == 0x8b {
		z, err := gzip.NewReader(io.MultiReader(bytes.NewReader(bytes.Clone(r.buf[:r.tail])), &rest{r}))
		if err != nil {
			return nil, &Error{Err: ErrNotCapture, Detail: err.Error()}
		}
		r = &Reader{src: z, buf: make([]byte, block)}
	}
	if !r.have(4) {
		return nil, r.none()
	}
	if binary.BigEndian.Uint32(r.buf) == blockSection {
		r.ng = true
		return r, nil
	}
	return r, r.classic()
}

// rest is what the first reader's source still holds.
type rest struct{ r *Reader }

func (s *rest) Read(p []byte) (int, error) {
	if s.r.srcErr != nil {
		return 0, s.r.srcErr
	}
	return s.r.src.Read(p)
}

// none is the error of an input that holds no capture.
func (r *Reader) none() error {
	e := &Error{Err: ErrNotCapture}
	switch {
	case r.srcErr != nil && !errors.Is(r.srcErr, io.EOF):
		e.Err = r.srcErr
	case r.tail == 0:
		e.Detail = "it is empty"
	case r.tail >= 4 && binary.LittleEndian.Uint32(r.buf) == 0xfd2fb528:
		e.Detail = "it is compressed by zstd: unpack it first"
	}
	return e
}

// have makes n bytes ready at head, n at most the size of buf, and tells whether
// the stream holds so many.
func (r *Reader) have(n int) bool {
	if r.tail-r.head >= n {
		return true
	}
	if n > len(r.buf) {
		larger := make([]byte, n+block)
		copy(larger, r.buf[r.head:r.tail])
		r.buf = larger
	} else {
		copy(r.buf, r.buf[r.head:r.tail])
	}
	r.before += int64(r.head)
	r.tail -= r.head
	r.head = 0
	for idle := 0; r.tail < n && r.srcErr == nil; {
		k, err := r.src.Read(r.buf[r.tail:])
		r.tail += k
		r.srcErr = err
		if idle++; k > 0 {
			idle = 0
		} else if idle > 100 && err == nil {
			r.srcErr = io.ErrNoProgress
		}
	}
	return r.tail >= n
}

func (r *Reader) offset() int64 { return r.before + int64(r.head) }

// fail ends the reading at head.
func (r *Reader) fail(err error, format string, args ...any) bool {
	r.err = &Error{Offset: r.offset(), Err: err, Detail: fmt.Sprintf(format, args...)}
	return false
}

// short ends the reading where the stream holds less than it announced, or
// nothing more.
func (r *Reader) short() bool {
	switch {
	case r.srcErr != nil && !errors.Is(r.srcErr, io.EOF) && !errors.Is(r.srcErr, io.ErrUnexpectedEOF):
		r.err = &Error{Offset: r.before + int64(r.tail), Err: r.srcErr}
		if errors.Is(r.srcErr, gzip.ErrChecksum) || errors.Is(r.srcErr, gzip.ErrHeader) {
			r.err = &Error{Offset: r.before + int64(r.tail), Err: ErrDamaged, Detail: r.srcErr.Error()}
		}
		return false
	case r.tail == r.head && errors.Is(r.srcErr, io.EOF):
		return false
	}
	return r.fail(ErrTruncated, "%d bytes of it are there", r.tail-r.head)
}

// Err returns why Next returned false: nil at the end of a whole capture.
func (r *Reader) Err() error { return r.err }

// Frames is how many frames were read.
func (r *Reader) Frames() uint64 { return r.frames }

// Next reads the next frame, and tells whether there was one.
func (r *Reader) Next(f *Frame) bool {
	if r.ng {
		return r.err == nil && r.nextBlock(f)
	}
	return r.err == nil && r.nextRecord(f)
}
