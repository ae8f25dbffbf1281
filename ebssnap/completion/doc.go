// Package completion answers whether snapshots are complete: it looks at them, with jittered pauses, until each is completed, has failed or is gone.
//
//	w := completion.Watcher{Cloud: cloud}
//	for status, err := range w.Watch(ctx, ids...) {
//		fmt.Println(status.State, err) // pending <nil>, pending <nil>, completed <nil>
//	}
//
// # Usage
//
// Call it after the thaw: a snapshot holds the data of the moment it was taken at, however long it is copied afterwards, so nothing needs to be
// stopped meanwhile. Watch is the iterator, Wait runs it to its end.
//
// A snapshot is complete when its state is "completed", and never because of its progress: that is often empty, and "100%" comes while the state
// is still pending. A state that this package does not know is no completion.
//
// A look that fails (a throttled request, a broken connection) is yielded as an error, and repeated after a longer pause; what
// was seen before stays in the Status. What was never seen is not called gone before it was missing in three looks in a row: a new snapshot may take a
// while to appear.
//
// # Privileges
//
// None here. The cloud must allow to describe snapshots: ec2:DescribeSnapshots for AWS.
//
// # Platforms
//
// All.
//
// # Testing
//
// ebssnaptest.Server describes snapshots as pending for as often as its field Pending says. A Watcher waits on the clock that testing/synctest
// gives it.
package completion
