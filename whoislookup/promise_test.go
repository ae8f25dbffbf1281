package whoislookup_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// What the documentation of Client.Lookup promises.

// TestHostThatIsNotFoundMayStandInARegisteredDomain: "no match" for a name that no registry keeps does not say that it is free.
func TestHostThatIsNotFoundMayStandInARegisteredDomain(t *testing.T) {
	for name, upper := range map[string]string{
		"www.example.com": "example.com", "www.a.example.co.uk": "example.co.uk", "www.example.uk.com": "example.uk.com", "foo.github.io": "github.io",
		"example.com": "", "example.co.uk": "", "example.uk.com": "", "example.nosuchtld": "", "com": "", "co.uk": "",
	} {
		for _, c := range []struct {
			protocol, raw string
			want          whoislookup.Verdict
		}{
			{"whois", "No match for \"" + name + "\".\r\n", whoislookup.VerdictNotFound},
			{"rdap", `{"errorCode":404}`, whoislookup.VerdictNotFound},
			{"whois", "Domain name: " + name + "\nStatus: reserved\n", whoislookup.VerdictReserved},
		} {
			q, err := whoislookup.ParseQuery(name)
			require.NoError(t, err)
			rec, err := whoislookup.Assemble(q, []whoislookup.Hop{{Server: "whois.example", Protocol: c.protocol, Raw: []byte(c.raw)}})
			if upper == "" {
				require.NoError(t, err, name)
				assert.Equal(t, c.want, rec.Verdict, name)
				continue
			}
			require.ErrorIs(t, err, whoislookup.ErrNoServer, name)
			assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict, name)
			require.Len(t, rec.Gaps(), 1)
			assert.Equal(t, "asking for "+upper, rec.Gaps()[0].Need)
		}
	}
}

// TestNoSourceWithoutItsValue: what is not told has no place in the answer either.
func TestNoSourceWithoutItsValue(t *testing.T) {
	rec, err := whoislookup.Parse("whois.iana.org", []byte("domain:       XQ\n\norganisation: Not assigned\n\ncontact:      administrative\norganisation: Not assigned\n\n"+
		"contact:      technical\norganisation: Not assigned\n\nstatus:       NOT-ASSIGNED\n"))
	require.NoError(t, err)
	for _, s := range rec.Sources {
		assert.Contains(t, []string{"domain.name", "domain.status"}, s.Field)
	}
	require.NotEmpty(t, rec.Sources)
}

// TestPersonIsNoAnswerAboutAnAddress: an RDAP entity says nothing of the network, number or name that was asked for.
func TestPersonIsNoAnswerAboutAnAddress(t *testing.T) {
	for query, want := range map[string]error{"192.0.2.1": whoislookup.ErrGarbage, "AS64500": whoislookup.ErrGarbage, "example.com": whoislookup.ErrGarbage, "R-EX-LACNIC": nil} {
		q, err := whoislookup.ParseQuery(query)
		require.NoError(t, err)
		rec, err := whoislookup.Assemble(q, []whoislookup.Hop{{Server: "rdap.example", Protocol: "rdap", Raw: []byte(`{"entities": [{"handle": "R-EX-LACNIC", "roles": ["registrant"]}]}`)}})
		require.ErrorIs(t, err, want, query)
		assert.Equal(t, want == nil, rec.Verdict == whoislookup.VerdictFound, query)
	}
}

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
			require.NoError(t, err)
			require.NotNil(t, rec)
			assert.Equal(t, whoislookup.VerdictNotFound, rec.Verdict)
			assert.Equal(t, protocol, rec.Hops[0].Protocol)
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
