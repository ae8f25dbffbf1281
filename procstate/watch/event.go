package watch

import (
	"fmt"
	"time"

	"github.com/opskit-go/opskit/procstate"
)

// Kind is what happened.
type Kind uint8

const (
	// Stuck: a process has been a zombie for at least [Config.Grace].
	Stuck Kind = iota + 1
	// Reaped: a zombie that was Stuck is gone.
	Reaped
	// Exited: a process has ended. Only with the connector.
	Exited
	// Lost: the kernel dropped events of the connector.
	Lost
)

func kindNames() []string { return []string{"unknown", "stuck", "reaped", "exited", "lost"} }

// String returns the kind's text, such as "stuck"; "unknown" for 0.
func (k Kind) String() string {
	names := kindNames()
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// MarshalText writes what String returns.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames() {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("watch: unknown kind of event %q", text)
}

// Event is one thing that happened. It holds no pointers that change later.
type Event struct {
	Kind   Kind             `json:"kind"`             // what happened
	At     time.Time        `json:"at"`               // when it was noticed
	Zombie procstate.Zombie `json:"zombie,omitzero"`  // of Stuck and Reaped
	Why    procstate.Reason `json:"why,omitzero"`     // of Stuck: why its parent does not reap
	Exit   Exit             `json:"exit,omitzero"`    // of Exited
	Lost   uint64           `json:"lost,omitempty"`   // of Lost: how many, if that is known
	Unseen []procstate.Gap  `json:"unseen,omitempty"` // what may have been missed at this look
}

// Exit is a process that has ended, as the connector tells it.
type Exit struct {
	PID    int    `json:"pid"`         // of the process that ended
	PPID   int    `json:"ppid"`        // of its parent at that moment; 0: reaped before the kernel told
	Status uint32 `json:"exit_status"` // as of wait(2)
}

// String returns the event on one line. An event is a part of what a watch tells,
// not a result of its own: what may have been missed stands in Unseen alone.
func (e Event) String() string {
	switch e.Kind {
	case Stuck:
		return fmt.Sprintf("stuck: %v, child of %d: %s", e.Zombie, e.Zombie.PPID, e.Why)
	case Reaped:
		return fmt.Sprintf("reaped: %d %q", e.Zombie.PID, e.Zombie.Comm.Bytes())
	case Exited:
		if e.Exit.PPID == 0 {
			return fmt.Sprintf("exited: %d, status %d", e.Exit.PID, e.Exit.Status)
		}
		return fmt.Sprintf("exited: %d, child of %d, status %d", e.Exit.PID, e.Exit.PPID, e.Exit.Status)
	case Lost:
		if e.Lost == 0 {
			return "lost: events, how many is not known yet"
		}
		return fmt.Sprintf("lost: %d events", e.Lost)
	}
	return "unknown"
}
