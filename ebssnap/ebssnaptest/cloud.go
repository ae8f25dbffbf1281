package ebssnaptest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// Cloud is an ebssnap.Cloud in memory, for programs and tests that need no wire. The zero value
// knows every volume, answers at once, and shows a snapshot as completed when it is next looked for.
// It is safe for concurrent use; set the fields before the first call.
type Cloud struct {
	Latency time.Duration // of every Create; the snapshot is taken half way
	Fail    []error       // errors of the next Creates that are no DryRun, in order; nil lets one pass
	Hang    bool          // Create takes nothing and waits for the end of its context
	DenyTag error         // Tag fails with this
	Unknown []string      // volumes that do not exist
	Pending int           // how often Find shows a new snapshot as pending before it is completed; negative: for ever

	mu        sync.Mutex
	looks     map[string]int // by snapshot: how often Find has shown it
	snapshots []ebssnap.Snapshot
	calls     []string
}

// Create takes snapshots, or fails as the fields say.
func (c *Cloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if r.DryRun {
		c.note("dry run")
		return nil, c.check(r)
	}
	c.note("create")
	if err := c.check(r); err != nil {
		return nil, err
	}
	if c.Hang {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	if err := sleep(ctx, c.Latency/2); err != nil {
		return nil, err
	}
	taken, err := c.take(r)
	if err != nil {
		return nil, err
	}
	return taken, sleep(ctx, c.Latency/2)
}

func (c *Cloud) check(r ebssnap.Request) error {
	for _, volume := range r.Volumes {
		if slices.Contains(c.Unknown, volume) {
			return &opskit.Error{Op: "create snapshot", Target: volume, Err: fmt.Errorf("%w, %w", ebssnap.ErrUnknownVolume, ebssnap.ErrNotCreated)}
		}
	}
	return nil
}

func (c *Cloud) take(r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.Fail) > 0 {
		err := c.Fail[0]
		c.Fail = c.Fail[1:]
		if err != nil {
			return nil, err
		}
	}
	var taken []ebssnap.Snapshot
	for _, volume := range r.Volumes {
		taken = append(taken, ebssnap.Snapshot{
			ID: fmt.Sprintf("snap-%017x", len(c.snapshots)+1+len(taken)), Volume: volume, State: "pending", Started: time.Now().UTC(), Tags: maps.Clone(r.Tags),
		})
	}
	c.snapshots = append(c.snapshots, taken...)
	return append([]ebssnap.Snapshot(nil), taken...), nil
}

// Find returns the snapshots that match.
func (c *Cloud) Find(_ context.Context, q ebssnap.Query) ([]ebssnap.Snapshot, error) {
	c.note("find")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.looks == nil {
		c.looks = map[string]int{}
	}
	var found []ebssnap.Snapshot
	for i, s := range c.snapshots {
		byID := len(q.IDs) == 0
		for _, id := range q.IDs {
			byID = byID || id == s.ID
		}
		if byID && (q.Token == "" || q.Token == s.Tags[ebssnap.TagToken]) {
			if c.looks[s.ID]++; s.State == "pending" && c.Pending >= 0 && c.looks[s.ID] > c.Pending {
				s.State, c.snapshots[i].State = "completed", "completed"
			}
			found = append(found, s)
		}
	}
	return found, nil
}

// Tag sets tags.
func (c *Cloud) Tag(_ context.Context, ids []string, tags map[string]string) error {
	c.note("tag")
	if c.DenyTag != nil {
		return c.DenyTag
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.snapshots {
		for _, id := range ids {
			if s.ID == id {
				merged := maps.Clone(s.Tags)
				maps.Copy(merged, tags)
				c.snapshots[i].Tags = merged
			}
		}
	}
	return nil
}

// SetState sets the state of a snapshot: "completed", "error".
func (c *Cloud) SetState(id, state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.snapshots {
		if s.ID == id {
			c.snapshots[i].State = state
		}
	}
}

// Snapshots returns what exists.
func (c *Cloud) Snapshots() []ebssnap.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]ebssnap.Snapshot(nil), c.snapshots...)
}

// Calls returns the calls so far, in order: "dry run", "create", "find", "tag".
func (c *Cloud) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.calls...)
}

func (c *Cloud) note(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
