//go:build linux && !opskit_portable && (amd64 || arm64)

package inject_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/opskit-go/opskit/procstate/inject"

	"github.com/opskit-go/opskit/procstate"
)

// A refusal says which parent and why, and that nothing was changed.
func ExampleInjector_Prepare() {
	_, err := inject.Injector{}.Prepare(context.Background(), procstate.ID{PID: 1, Start: 1})
	fmt.Println(err)
	fmt.Println(errors.Is(err, inject.ErrRefused))

	_, err = inject.Injector{}.Prepare(context.Background(), procstate.ID{PID: os.Getpid()})
	fmt.Println(errors.Is(err, inject.ErrNoIdentity))
	// Output:
	// prepare pid 1: process is PID 1
	// true
	// true
}

// Apply looks at everything again, so a plan that is no longer true is refused.
func ExampleInjector_Apply() {
	plan := inject.Plan{Parent: procstate.ID{PID: 1 << 22, Start: 1}, Zombies: []procstate.ID{{PID: 2, Start: 2}}}
	_, err := inject.Injector{}.Apply(context.Background(), plan)
	fmt.Println(err)
	// Output:
	// apply pid 4194304: process is gone
}
