package ebssnap

import (
	"context"
	"time"

	"github.com/opskit-go/opskit"
)

// Volume is what a snapshot is taken of, and how. Cloud and IDs are required.
type Volume struct {
	Cloud       Cloud             // the side that takes snapshots: ec2snap.Cloud for AWS
	IDs         []string          // "vol-..."; several are taken as one atomic set
	Instance    string            // the instance that a set is attached to; empty lets the Cloud find it
	Tags        map[string]string // put on every snapshot, besides TagToken and TagConsistency
	Description string            // at most 255 characters

	// Patience is how long a request is tried again that the cloud throttles or that could not be
	// sent. Between two attempts writers run, and before each a DryRun asks whether it is worth a
	// freeze. Zero means 10 minutes, a negative value that it is tried once.
	Patience time.Duration
	// Settle limits the search for a snapshot whose creation was never answered. Zero means 10 s.
	// It runs after the thaw, also when the context has ended.
	Settle time.Duration
	// Observer is told of each attempt's "prepare", and after its thaw of "freeze", "frozen",
	// "request", "answer", "thaw" and "thawed" as far as it came, with the time of each: what it
	// writes can lie on the filesystem that was frozen.
	Observer opskit.Observer
}

// Tags that every snapshot carries from its creation.
const (
	// TagToken holds the token of the call that made the snapshot; Settle finds it by this.
	TagToken = "opskit:token"
	// TagConsistency is "unproven" from the creation on, and "frozen" once the proof is there.
	TagConsistency = "opskit:consistency"
)

const (
	tagUnproven = "unproven"
	tagFrozen   = "frozen"
)

// Keeper is a Cloud that keeps something from a DryRun to the request with the same token, such as
// a connection.
type Keeper interface {
	Cloud
	// Kept reports whether it is still there, so that the request would need nothing but itself. It
	// is asked just before writers are stopped, and the DryRun sent again unless it returns true.
	Kept(token string) bool
	// Release drops it, and tells what is not certain of the request; that stands in Result.Unseen.
	Release(token string) []opskit.Gap
}

// RetryLater is an error that says how long to wait before another attempt; zero leaves it to the
// caller.
type RetryLater interface {
	error
	RetryAfter() time.Duration // from now on
}

// Cloud takes snapshots. Implementations are safe for concurrent use.
//
// An error of Create must match ErrNotCreated if, and only if, it is certain that nothing was or
// will be created: every other error is an unknown outcome. Errors match ErrThrottled, ErrDenied
// and ErrUnknownVolume where they are one. One that matches ErrNotCreated is followed by another
// attempt, after a thaw, if it matches ErrThrottled or is a RetryLater.
//
// A Cloud may besides be a Keeper and a Checker.
type Cloud interface {
	// Create asks once, without retries, for snapshots of all volumes, and returns when their point
	// in time is taken. With DryRun it creates nothing, checks what can be checked, and makes the
	// connection that the next Create uses.
	Create(ctx context.Context, r Request) ([]Snapshot, error)
	// Find returns the snapshots of this account that match every field of q that is set. None is
	// not an error.
	Find(ctx context.Context, q Query) ([]Snapshot, error)
	// Tag sets tags on snapshots.
	Tag(ctx context.Context, ids []string, tags map[string]string) error
}

// Request is one request for snapshots.
type Request struct {
	Volumes     []string          // several are one atomic set
	Instance    string            // that a set is attached to; may be empty
	Token       string            // the same for DryRun and the request that follows
	Description string            // at most 255 characters
	Tags        map[string]string // set in the same request, not by a second one
	DryRun      bool              // ask for permission only, and create nothing
	Budget      time.Duration     // how long writers may be stopped for it: credentials must last longer; zero: not known
}

// Query selects snapshots. The zero value selects nothing.
type Query struct {
	Token string   // the value of TagToken
	IDs   []string // "snap-..."
}

// Snapshot is one snapshot as the cloud describes it.
type Snapshot struct {
	ID       string            `json:"id"`                 // "snap-..."
	Volume   string            `json:"volume"`             // "vol-..."
	State    string            `json:"state,omitempty"`    // "pending", "completed", "error", as the cloud writes it
	Reason   string            `json:"reason,omitempty"`   // why the state is what it is, as the cloud says it: a key that may not be used, for example
	Progress string            `json:"progress,omitempty"` // "37%"; often empty, and no proof of completion
	Started  time.Time         `json:"started,omitzero"`   // as the cloud says, UTC
	Tags     map[string]string `json:"tags,omitempty"`     // as the cloud lists them
}
