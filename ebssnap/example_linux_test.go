//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"fmt"

	"github.com/opskit-go/opskit/ebssnap"
)

func ExampleRecover() {
	plan, err := ebssnap.Recover(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range plan.Filesystems {
		if f.Frozen == ebssnap.FrozenByDeadRun {
			fmt.Println(f.Mount, f.Why)
		}
	}
	fmt.Println(plan.Apply(context.Background())) // thaws those, and nothing else
	// Output: <nil>
}
