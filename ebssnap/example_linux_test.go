//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"fmt"

	"github.com/opskit-go/opskit/ebssnap"
)

func ExampleRecover() {
	plan, err := ebssnap.Recover(context.Background(), "/nonexistent") // without folders: the journals that FS keeps
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan)
	fmt.Println(plan.Apply(context.Background(), false))
	// Output:
	// nothing was left frozen by this library
	// not checked: nothing more
	// <nil>
}
