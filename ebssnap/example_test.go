package ebssnap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
)

func ExampleConsistent() {
	cloud := &ebssnaptest.Cloud{}     // on AWS: ec2snap.New(ctx, ec2snap.Options{})
	freezer := &ebssnaptest.Freezer{} // on Linux: &ebssnap.FS{Mounts: []string{"/data"}}
	volume := ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0abc"}, Description: "nightly"}
	result, err := ebssnap.Consistent(context.Background(), volume, freezer, 10*time.Second)
	fmt.Println(result.Verdict, err, result.Snapshots()[0].ID)
	// Output: consistent <nil> snap-00000000000000001
}

func ExampleHold() {
	freezer := ebssnap.Freezers(ebssnap.Hook{
		Name:  "queue",
		Stop:  func(context.Context) error { fmt.Println("pause the queue"); return nil },
		Start: func() error { fmt.Println("resume the queue"); return nil },
	}, &ebssnaptest.Freezer{})
	timing, err := ebssnap.Hold(context.Background(), freezer, 10*time.Second, func(context.Context) error {
		fmt.Println("lvcreate --snapshot ...")
		return nil
	})
	fmt.Println(err, timing.Stopped < 10*time.Second)
	// Output:
	// pause the queue
	// lvcreate --snapshot ...
	// resume the queue
	// <nil> true
}

func ExampleSettle() {
	cloud := &ebssnaptest.Cloud{}
	_, _ = cloud.Create(context.Background(), ebssnap.Request{Volumes: []string{"vol-0abc"}, Tags: map[string]string{ebssnap.TagToken: "TOKEN"}})
	found, err := ebssnap.Settle(context.Background(), cloud, "TOKEN")
	fmt.Println(len(found), err)
	// Output: 1 <nil>
}

func ExampleResult_Judge() {
	var result ebssnap.Result
	saved := `{"evidence":{"token":"T","volumes":["vol-0abc"],"budget_ns":10000000000,
		"attempts":[{"freeze_begun_ns":1000000,"frozen_ns":31000000,"requested_ns":31000000,"answered_ns":90000000,"thaw_begun_ns":60000000,"thawed_ns":61000000}],
		"snapshots":[{"id":"snap-0a","volume":"vol-0abc"}]}}`
	if err := json.Unmarshal([]byte(saved), &result); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	level := result.Judge()
	fmt.Println(level, result.Verdict, result.Reasons)
	// Output: problem unproven [the thaw began 29ms after the freeze, the answer came after 59ms]
}

func ExamplePreflight() {
	for _, c := range ebssnap.Preflight(context.Background()) {
		fmt.Println(c.Name)
	}
	// Output:
	// freeze
	// guard
	// mounts
}

func ExampleProgress() {
	cloud := &ebssnaptest.Cloud{Pending: 1}
	taken, err := cloud.Create(context.Background(), ebssnap.Request{Volumes: []string{"vol-0abc"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for s, err := range ebssnap.Progress(context.Background(), cloud, time.Millisecond, taken[0].ID) {
		fmt.Println(s.State, err)
	}
	// Output:
	// pending <nil>
	// completed <nil>
}

func ExampleCheck() {
	report, err := ebssnap.Check(context.Background(), ebssnap.Volume{Cloud: &ebssnaptest.Cloud{}, IDs: []string{"vol-0abc"}}, &ebssnaptest.Freezer{})
	fmt.Println(err)
	fmt.Println(report)
	// Output:
	// <nil>
	// cannot tell: nothing is missing, but 1 thing could not be checked
	//   yes  create_snapshot
	// not checked: whether the freezer works (it cannot tell without freezing)
}
