package watch

import (
	"encoding/binary"
	"errors"

	"github.com/opskit-go/opskit/procstate"
)

// message is one message of the process connector (struct cn_msg of
// include/uapi/linux/connector.h with struct proc_event of cn_proc.h).
type message struct {
	sequence  uint32 // counts the events of one processor
	processor uint32
	exit      Exit
	exited    bool // it is the end of a process, not of another thread
}

// Where things stand in a netlink datagram.
const (
	netlinkHeader = 16
	connectorSize = 20
	sequenceAt    = netlinkHeader + 8
	lengthAt      = netlinkHeader + 16
	eventAt       = netlinkHeader + connectorSize
	processorAt   = eventAt + 4
	dataAt        = eventAt + 16
	exitSize      = 24

	indexProc, valueProc = 1, 1
	whatExit             = 0x80000000
)

var errMessage = errors.New("malformed message of the process connector")

// parseMessage reads one datagram. Messages are in the byte order of the host.
func parseMessage(text []byte) (m message, err error) {
	order := binary.NativeEndian
	if len(text) < dataAt || order.Uint32(text[netlinkHeader:]) != indexProc || order.Uint32(text[netlinkHeader+4:]) != valueProc {
		return m, errMessage
	}
	if int(order.Uint16(text[lengthAt:])) > len(text)-eventAt {
		return m, errMessage
	}
	m.sequence, m.processor = order.Uint32(text[sequenceAt:]), order.Uint32(text[processorAt:])
	if order.Uint32(text[eventAt:]) != whatExit {
		return m, nil
	}
	if len(text) < dataAt+exitSize {
		return m, errMessage
	}
	word := func(n int) uint32 { return order.Uint32(text[dataAt+4*n:]) }
	thread, process := word(0), word(1)
	m.exited = thread == process
	m.exit = Exit{PID: int(process), PPID: int(word(5)), Status: ended(word(2))}
	return m, nil
}

// ended reads the status that wait(2) gives.
func ended(status uint32) procstate.ExitStatus {
	if signal := int(status & 0x7f); signal != 0 {
		return procstate.ExitStatus{Code: -1, Signal: signal, Core: status&0x80 != 0}
	}
	return procstate.ExitStatus{Code: int(status >> 8 & 0xff)}
}

// losses counts the events that were dropped, by the gaps in what each processor
// counts.
type losses struct{ next map[uint32]uint32 }

// gap returns how many events of the message's processor are missing before it.
func (l *losses) gap(m message) (lost uint32) {
	next, known := l.next[m.processor]
	if known {
		lost = m.sequence - next
		if lost > 1<<31 {
			lost = 0 // two processors' events crossed: this one is late, not lost
		}
	}
	l.next[m.processor] = m.sequence + 1
	return lost
}
