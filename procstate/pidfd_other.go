//go:build !linux || opskit_portable

package procstate

import "errors"

func canApply() Capability { return unsupported("apply", errors.ErrUnsupported) }
