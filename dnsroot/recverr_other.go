//go:build !linux || opskit_portable

package dnsroot

import (
	"errors"
	"net"
)

func reportErrors(*net.UDPConn, bool) error { return errors.ErrUnsupported }
