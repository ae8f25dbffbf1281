package watch

import (
	"fmt"
	"time"

	"github.com/opskit-go/opskit/procstate"

	"github.com/opskit-go/opskit"
)

type kindKind struct{}

// Kind is what happened.
type Kind = opskit.Enum[kindKind]

// The kinds.
const (
	KindStuck  Kind = "stuck"  // a process has been a zombie for at least [Config.Grace]
	KindReaped Kind = "reaped" // a zombie that was stuck is gone
	KindExited Kind = "exited" // a process has ended; only with the connector
	KindLost   Kind = "lost"   // the kernel dropped events of the connector
)

// Event is one thing that happened. It holds no pointers that change later.
type Event struct {
	Kind   Kind             `json:"kind"`             // what happened
	At     time.Time        `json:"at"`               // when it was noticed
	Zombie procstate.Zombie `json:"zombie,omitzero"`  // of Stuck and Reaped
	Why    procstate.Reason `json:"why,omitzero"`     // of Stuck: why its parent does not reap
	Exit   Exit             `json:"exit,omitzero"`    // of KindExited
	Lost   uint64           `json:"lost,omitempty"`   // of Lost: how many, if that is known
	Unseen []opskit.Gap     `json:"unseen,omitempty"` // what may have been missed at this look
}

// Exit is a process that has ended, as the connector tells it.
type Exit struct {
	PID    int                  `json:"pid"`         // of the process that ended
	PPID   int                  `json:"ppid"`        // of its parent at that moment; 0: reaped before the kernel told
	Status procstate.ExitStatus `json:"exit_status"` // how it ended
}

// String returns the event on one line. An event is a part of what a watch tells,
// not a result of its own: what may have been missed stands in Unseen alone.
func (e Event) String() string {
	switch e.Kind {
	case KindStuck:
		return fmt.Sprintf("stuck: %v, child of %d: %s", e.Zombie, e.Zombie.PPID, e.Why)
	case KindReaped:
		return fmt.Sprintf("reaped: %d %q", e.Zombie.PID, e.Zombie.Comm.Bytes())
	case KindExited:
		if e.Exit.PPID == 0 {
			return fmt.Sprintf("exited: %d, %s", e.Exit.PID, e.Exit.Status)
		}
		return fmt.Sprintf("exited: %d, child of %d, %s", e.Exit.PID, e.Exit.PPID, e.Exit.Status)
	case KindLost:
		if e.Lost == 0 {
			return "lost: events, how many is not known yet"
		}
		return fmt.Sprintf("lost: %d events", e.Lost)
	}
	return "unknown"
}
