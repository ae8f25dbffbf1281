package dnsroot_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

func start(t testing.TB, config dnsroottest.Config) *dnsroottest.Fleet {
	t.Helper()
	fleet, err := dnsroottest.Start(config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, fleet.Close()) })
	return fleet
}

func sweep(t testing.TB, client *dnsroot.Client) *dnsroot.Sweep {
	t.Helper()
	s, err := client.Sweep(t.Context())
	require.NoError(t, err)
	return s
}

func TestSweepOfHealthyFleetIsHealthy(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	s := sweep(t, fleet.Client())
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Healthy, a.Verdict)
}
