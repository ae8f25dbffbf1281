package capture

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/opskit-go/opskit"
)

// Errors are the caller's own, for what a capture can be besides whole.
type Errors struct {
	NotCapture error // neither pcap nor pcapng, nor either compressed by gzip
	Truncated  error // it ends in a packet; what came before was read
	Damaged    error // likewise
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
	src    io.Reader
	buf    []byte
	head   int   // of buf, what is not yet used
	tail   int   // of buf, the end of what was read
	before int64 // bytes of the stream before buf, of what gzip unpacked
	srcErr error // of src, once buf is used up
	errs   Errors
	err    error
	frames uint64
	order  binary.ByteOrder
	big    bool
	ng     bool
	old    bool  // of a version in which some wrote a record's two lengths the other way round
	header int   // of a record of classic pcap
	unit   int64 // nanoseconds, of classic pcap's fractions
	link   uint16
	faces  []face
}

// NewReader reads the head of a capture.
func NewReader(src io.Reader, errs Errors) (*Reader, error) {
	r := &Reader{errs: errs, buf: make([]byte, block)}
	if !r.begin(bufio.NewReader(src)) {
		return nil, r.err
	}
	return r, nil
}

func (r *Reader) begin(in *bufio.Reader) bool {
	r.src = in
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return r.fail(r.errs.NotCapture, ": %v", err)
		}
		r.src = z
	}
	if !r.have(4) {
		return r.none()
	}
	r.ng = binary.BigEndian.Uint32(r.buf) == blockSection
	return r.ng || r.classic()
}

// none ends the reading of an input that holds no capture.
func (r *Reader) none() bool {
	switch {
	case r.broke():
		return r.fail(r.srcErr, "")
	case r.tail == 0:
		return r.fail(r.errs.NotCapture, ": it is empty")
	case r.tail >= 4 && binary.LittleEndian.Uint32(r.buf) == 0xfd2fb528:
		return r.fail(r.errs.NotCapture, ": it is compressed by zstd: unpack it first")
	}
	return r.fail(r.errs.NotCapture, "")
}

// broke tells whether the source failed, and did not just end.
func (r *Reader) broke() bool {
	return r.srcErr != nil && !errors.Is(r.srcErr, io.EOF) && !errors.Is(r.srcErr, io.ErrUnexpectedEOF)
}

// have makes n bytes ready at head, and tells whether the stream holds so many.
func (r *Reader) have(n int) bool {
	if r.tail-r.head >= n {
		return true
	}
	if r.srcErr != nil {
		return false
	}
	to := r.buf
	if n > len(to) {
		to = make([]byte, n+block)
	}
	r.before += int64(r.head)
	r.buf, r.head, r.tail = to, 0, copy(to, r.buf[r.head:r.tail])
	k, err := io.ReadAtLeast(r.src, r.buf[r.tail:], n-r.tail)
	r.tail, r.srcErr = r.tail+k, err
	return err == nil
}

// fail ends the reading at head, and returns false.
func (r *Reader) fail(err error, format string, args ...any) bool {
	r.err = fmt.Errorf("%w at byte %d%s", err, r.before+int64(r.head), fmt.Sprintf(format, args...))
	return false
}

// short ends the reading where the stream holds less than it announced, or
// nothing more.
func (r *Reader) short() bool {
	there := r.tail - r.head
	switch {
	case r.broke():
		r.head = r.tail
		if errors.Is(r.srcErr, gzip.ErrChecksum) || errors.Is(r.srcErr, gzip.ErrHeader) {
			return r.fail(r.errs.Damaged, ": %v", r.srcErr)
		}
		return r.fail(r.srcErr, "")
	case there == 0 && errors.Is(r.srcErr, io.EOF):
		return false
	}
	return r.fail(r.errs.Truncated, ": %d bytes of it are there", there)
}

// Err returns why Next returned false: nil at the end of a whole capture.
func (r *Reader) Err() error { return r.err }

// Next reads the next frame, and tells whether there was one.
func (r *Reader) Next(f *Frame) bool {
	if r.ng {
		return r.err == nil && r.nextBlock(f)
	}
	return r.err == nil && r.nextRecord(f)
}

// Read reads a capture to its end, or until ctx is done, whose error it then returns.
// It calls take for each datagram; what take, or the decoder, gives as the reason why
// one is of no use is counted in skipped.
func Read(ctx context.Context, src io.Reader, errs Errors, skipped map[string]uint64, take func(f *Frame, p *Packet) Reason) (frames uint64, err error) {
	r, err := NewReader(src, errs)
	if err != nil {
		return 0, &opskit.Error{Op: "read capture", Err: err}
	}
	var f Frame
	var p Packet
	var d Decoder
	for r.Next(&f) {
		why := d.Decode(&f, &p)
		if why == Decoded {
			why = take(&f, &p)
		}
		if why != Decoded {
			skipped[string(why)]++
		}
		if r.frames&0xfff == 0 && ctx.Err() != nil {
			return r.frames, ctx.Err()
		}
	}
	if r.err != nil {
		r.err = &opskit.Error{Op: "read capture", Err: r.err}
	}
	return r.frames, r.err
}
