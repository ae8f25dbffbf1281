package completion

import "fmt"

// State says how far snapshots are. The zero value is StateUnknown.
type State uint8

const (
	// StateUnknown: no look has succeeded yet.
	StateUnknown State = iota
	// StatePending: at least one is neither completed nor failed nor gone.
	StatePending
	// StateCompleted: all are completed.
	StateCompleted
	// StateFailed: none is pending any more, and at least one has failed.
	StateFailed
	// StateGone: none is pending any more, none failed, and at least one does not exist.
	StateGone
)

func stateNames() []string { return []string{"unknown", "pending", "completed", "failed", "gone"} }

// String returns "unknown", "pending", "completed", "failed" or "gone".
func (s State) String() string {
	if names := stateNames(); int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText returns String; an undefined value is an error.
func (s State) MarshalText() ([]byte, error) {
	if int(s) >= len(stateNames()) {
		return nil, fmt.Errorf("marshal state: no state %d", uint8(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText wrote; other text is an error.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames() {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unmarshal state: no state %q", text)
}

// Of returns the state of one snapshot as EC2 names it: "completed", "error", and everything else as pending: "pending", "recovering", an
// empty text. A snapshot in the recycle bin ("recoverable") was deleted.
func Of(state string) State {
	switch state {
	case "completed":
		return StateCompleted
	case "error":
		return StateFailed
	case "recoverable":
		return StateGone
	}
	return StatePending
}
