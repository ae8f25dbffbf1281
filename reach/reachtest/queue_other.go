//go:build !unix

package reachtest

import (
	"errors"
	"net"
)

func shortenQueue(net.Listener) error { return errors.ErrUnsupported }
