package lab

import (
	"testing"
	"time"
)

func TestGatewaysReachEachOtherAndHaveNoTunnel(t *testing.T) {
	ends := Gateways(t, [2]string{"10.1.0.1/16", "10.2.0.1/16"}, [2]string{"192.0.2.10", "198.51.100.20"})
	if !ends[0].Ping("192.0.2.10", "198.51.100.20", time.Second) {
		t.Error("the ends do not see each other")
	}
	if ends[0].Ping("10.1.0.1", "10.2.0.1", time.Second) || ends[0].Log() != "" {
		t.Error("there is a tunnel without a daemon")
	}
}
