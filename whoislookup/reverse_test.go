package whoislookup_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func TestNamesOfTheReverseZones(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	srv.Handle("whois.ripe.net", whoistest.Answer(`domain:         237.239.62.in-addr.arpa
descr:          Example Reverse
nserver:        ns1.example.net
source:         RIPE
`))
	rec, err := srv.Client().Lookup(t.Context(), "237.239.62.in-addr.arpa")
	require.NoError(t, err)
	assert.Equal(t, "237.239.62.in-addr.arpa", rec.Domain.Name)
	assert.Equal(t, []string{"ns1.example.net"}, rec.Domain.Nameservers)

	// No registry has an object for every name: the zone above may be given.
	srv.Handle("whois.ripe.net", whoistest.Answer("%ERROR:101: no entries found\n"))
	rec, err = srv.Client().Lookup(t.Context(), "237.239.62.in-addr.arpa")
	require.ErrorIs(t, err, whoislookup.ErrNoServer)
	assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict)
	assert.ErrorContains(t, err, "ask for 239.62.in-addr.arpa")
	_, err = srv.Client().Lookup(t.Context(), "62.in-addr.arpa")
	require.NoError(t, err)
}
