package completion

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// Status is what one look at snapshots has shown. State is what Judge makes of the rest.
type Status struct {
	State     State              `json:"state"`
	IDs       []string           `json:"ids"`                 // the snapshots that were asked for
	Snapshots []ebssnap.Snapshot `json:"snapshots,omitempty"` // as the cloud described them last
	Missing   map[string]int     `json:"missing,omitempty"`   // how many looks in a row did not show a snapshot
	Looks     int                `json:"looks"`               // that succeeded
	Elapsed   time.Duration      `json:"elapsed_ns"`          // since the first look began
	Unseen    []ebssnap.Gap      `json:"unseen,omitempty"`
}

// goneAfter is how many looks in a row must not show a snapshot.
const goneAfter = 3

// one returns the state of one snapshot of s.
func (s Status) one(id string) State {
	if s.Missing[id] >= goneAfter {
		return StateGone
	}
	for _, snapshot := range s.Snapshots {
		if snapshot.ID == id {
			return Of(snapshot.State)
		}
	}
	return StatePending
}

// Judge returns the state that s supports. It is a pure function.
func Judge(s Status) State {
	if s.Looks == 0 || len(s.IDs) == 0 {
		return StateUnknown
	}
	seen := map[State]bool{}
	for _, id := range s.IDs {
		seen[s.one(id)] = true
	}
	for _, state := range []State{StatePending, StateFailed, StateGone} {
		if seen[state] {
			return state
		}
	}
	return StateCompleted
}

// Ended reports whether another look would show nothing new.
func (s Status) Ended() bool { return s.State > StatePending }

// with returns the IDs that are in a state.
func (s Status) with(state State) []string {
	var ids []string
	for _, id := range s.IDs {
		if s.one(id) == state {
			ids = append(ids, id)
		}
	}
	return ids
}

// add takes the answer of one look.
func (s Status) add(found []ebssnap.Snapshot, elapsed time.Duration) Status {
	next := Status{IDs: s.IDs, Looks: s.Looks + 1, Elapsed: elapsed}
	for _, id := range s.IDs {
		same := func(f ebssnap.Snapshot) bool { return f.ID == id }
		if i := slices.IndexFunc(found, same); i >= 0 {
			next.Snapshots = append(next.Snapshots, found[i])
			continue
		}
		if i := slices.IndexFunc(s.Snapshots, same); i >= 0 {
			next.Snapshots = append(next.Snapshots, s.Snapshots[i])
		}
		if next.Missing == nil {
			next.Missing = map[string]int{}
		}
		next.Missing[id] = s.Missing[id] + 1
		next.Unseen = append(next.Unseen, ebssnap.Gap{What: "snapshot " + id, Why: "the last look did not show it", Need: "look again: a new snapshot may take a while to appear"})
	}
	next.State = Judge(next)
	if next.State == StateCompleted {
		next.Unseen = append(next.Unseen, ebssnap.Gap{What: "whether the data can be used", Why: "completed means copied", Need: "restore a copy and check it"})
	}
	return next
}

// Percent returns the progress of a snapshot, 0 to 100, and whether the cloud told it. It is for the eye: 100 is no completion.
func Percent(s ebssnap.Snapshot) (percent int, told bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s.Progress), "%"))
	if err != nil || n < 0 || n > 100 {
		return 0, false
	}
	return n, true
}

// String returns the state, a line for each snapshot, what to do next and what was not seen.
func (s Status) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of %d snapshots completed after %s\n", s.State, len(s.with(StateCompleted)), len(s.IDs), s.Elapsed.Round(time.Millisecond))
	for _, snapshot := range s.Snapshots {
		fmt.Fprintf(&b, "  %s of %s: %s", escaped(snapshot.ID), escaped(snapshot.Volume), escaped(snapshot.State))
		if percent, told := Percent(snapshot); told {
			fmt.Fprintf(&b, ", %d%% copied", percent)
		}
		b.WriteString("\n")
	}
	switch s.State {
	case StateFailed, StateGone:
		b.WriteString("next: take another snapshot\n")
	case StateUnknown, StatePending:
		b.WriteString("next: look again\n")
	}
	if len(s.Unseen) == 0 {
		return b.String() + "not checked: nothing more"
	}
	var texts []string
	for _, gap := range s.Unseen {
		texts = append(texts, escaped(gap.String()))
	}
	return b.String() + "not checked: " + strings.Join(texts, "; ")
}

// escaped replaces what a terminal would obey in text from outside.
func escaped(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
