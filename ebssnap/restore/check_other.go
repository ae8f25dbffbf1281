//go:build !linux || opskit_portable

package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// check identifies the copy and mounts nothing.
func check(_ context.Context, copied Copy, _ Invariant, e *Evidence) error {
	file, err := os.Open(copied.Source)
	if err != nil {
		return err
	}
	defer file.Close()
	if e.Filesystem, err = Identify(file); err != nil {
		return err
	}
	return fmt.Errorf("mount a copy: %w", errors.ErrUnsupported)
}
