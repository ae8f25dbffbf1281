package procstate

import (
	"cmp"
	"fmt"
)

// State is the letter that /proc/PID/stat gives as a process's state
// (proc(5); fs/proc/array.c, task_state_array): 'R' running, 'S' sleeping,
// 'D' uninterruptible, 'T' stopped, 't' stopped by a tracer, 'X' dead,
// 'Z' zombie, 'P' parked, 'I' idle kernel thread. The zero value is unknown. It
// is the state of the main thread: other threads may be in another.
type State byte

// stateName returns the word for a letter, or "".
func stateName(s State) string {
	return map[State]string{
		'R': "running", 'S': "sleeping", 'D': "uninterruptible", 'T': "stopped", 't': "tracing-stop", 'X': "dead", 'x': "dead",
		'Z': "zombie", 'P': "parked", 'I': "idle", 'K': "wakekill", 'W': "waking",
	}[s]
}

// String returns the state's name, such as "zombie", or "unknown".
func (s State) String() string {
	return cmp.Or(stateName(s), "unknown")
}

// Zombie reports whether the main thread has ended and waits to be reaped. The
// process as a whole may still be alive: see [KindDeadLeader].
func (s State) Zombie() bool { return s == 'Z' }

// Uninterruptible reports whether the main thread sleeps where signals do not
// wake it. For milliseconds that is normal.
func (s State) Uninterruptible() bool { return s == 'D' }

// MarshalText writes the letter, or "unknown".
func (s State) MarshalText() ([]byte, error) {
	if stateName(s) == "" {
		return []byte("unknown"), nil
	}
	return []byte{byte(s)}, nil
}

// UnmarshalText reads what MarshalText wrote; anything else is an error.
func (s *State) UnmarshalText(text []byte) error {
	switch {
	case string(text) == "unknown":
		*s = 0
	case len(text) == 1 && stateName(State(text[0])) != "":
		*s = State(text[0])
	default:
		return fmt.Errorf("procstate: unknown process state %q", text)
	}
	return nil
}
