package inject_test

import (
	"encoding/json"
	"fmt"

	"github.com/opskit-go/opskit/procstate/inject"
)

// A plan is data: this one was saved by a program that called Prepare, and is
// shown to somebody before another program applies it.
func ExamplePlan() {
	saved := `{"parent":{"pid":4711,"start":123456},"comm":"worker","boot":"5d1f4a7e-0000-4000-8000-000000000000",
		"zombies":[{"pid":4712,"start":123460}],"call":"futex","max_stop_ns":20000000,"risks":["lost_exit_status"]}`
	var plan inject.Plan
	if err := json.Unmarshal([]byte(saved), &plan); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan)
	// Output:
	// make pid 4711 ("worker") wait for 1 dead child, stopped for at most 20ms at once
	//   its thread sleeps in futex, which goes on afterwards
	//   risk lost_exit_status: the parent's lost exit status: a later wait of its own for these children fails with ECHILD; Go's os/exec returns that error, Python's subprocess reports 0, a shell 127
	// not checked: whether the parent still means to wait for them (only its program knows)
}
