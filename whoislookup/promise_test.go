package whoislookup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// What the documentation of Client.Lookup promises.

func TestNotFoundIsARecordAndAnError(t *testing.T) {
	over := func(rdap bool) *whoislookup.Client {
		srv := newServer(t, whoistest.Answers{"whois.arin.net": {}, "whois.verisign-grs.com": {}})
		if rdap {
			require.NoError(t, srv.HandleRDAP("rdap.arin.net", whoistest.RDAP(nil)))
			require.NoError(t, srv.HandleRDAP("rdap.verisign.com", whoistest.RDAP(nil)))
		}
		return srv.Client()
	}
	for protocol, c := range map[string]*whoislookup.Client{"whois": over(false), "rdap": over(true)} {
		for _, query := range []string{"138.0.155.10", "nosuch.com"} {
			rec, err := c.Lookup(t.Context(), query)
			require.ErrorIs(t, err, whoislookup.ErrNotFound)
			require.NotNil(t, rec)
			assert.Equal(t, whoislookup.VerdictNotFound, rec.Verdict)
			assert.Equal(t, protocol, rec.Hops[0].Protocol)
			e, ok := errors.AsType[*whoislookup.Error](err)
			require.True(t, ok)
			assert.Same(t, rec, e.Partial)
		}
	}
}

func TestAnEndedContextIsInTheError(t *testing.T) {
	for _, rdap := range []bool{false, true} {
		srv := newServer(t, whoistest.Answers{})
		srv.Handle("whois.arin.net", whoistest.Silent())
		if rdap {
			require.NoError(t, srv.HandleRDAP("rdap.arin.net", whoistest.RDAP(nil)))
		}
		c := srv.Client()
		if rdap {
			c.Protocols = []string{"rdap"}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		rec, err := c.Lookup(ended, "138.0.155.10")
		require.ErrorIs(t, err, whoislookup.ErrUnreachable)
		require.ErrorIs(t, err, context.Canceled)
		require.NotNil(t, rec)
		assert.Len(t, rec.Hops, 1)
	}
	srv := newServer(t, whoistest.Answers{})
	srv.Handle("whois.arin.net", whoistest.Silent())
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := srv.Client().Lookup(short, "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrUnreachable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestProtocolsAreASet(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.arin.net": {}})
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", whoistest.RDAP(nil)))
	c := srv.Client()
	c.Protocols = []string{"whois", "rdap"}
	rec, _ := c.Lookup(t.Context(), "138.0.155.10")
	assert.Equal(t, "rdap", rec.Hops[0].Protocol, "whatever the order")
	c = srv.Client()
	c.Protocols = []string{}
	rec, err := c.Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrNoServer)
	assert.Nil(t, rec)
}
