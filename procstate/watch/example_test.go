package watch_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/opskit-go/opskit/procstate/watch"
)

func ExampleEvents() {
	proc, err := os.MkdirTemp("", "proc")
	if err == nil {
		defer os.RemoveAll(proc)
		err = procstatetest.Tree{{PID: 42, Comm: "worker"}, {PID: 43, PPID: 42, Comm: "job", State: 'Z'}}.Write(proc)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	config := watch.Config{Scanner: &procstate.Scanner{Root: proc}, Every: time.Millisecond, Grace: time.Millisecond}
	for event, err := range watch.Events(context.Background(), config) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(event.Kind, event.Zombie.PID, event.Zombie.Comm, "child of", event.Zombie.PPID)
		break
	}
	// Output: stuck 43 job child of 42
}
