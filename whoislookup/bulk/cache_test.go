package bulk

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

func span(t *testing.T, text string) whoislookup.Range {
	t.Helper()
	var r whoislookup.Range
	require.NoError(t, r.UnmarshalText([]byte(text)))
	return r
}

func TestTheSmallestRangeAnswers(t *testing.T) {
	var c cache
	now := time.Unix(1e9, 0)
	put := func(about string) {
		c.put(&answer{about: span(t, about), expires: now.Add(time.Hour)}, 3)
	}
	about := func(addr string) string {
		ans, ok := c.get(netip.MustParseAddr(addr), now)
		if !ok {
			return ""
		}
		return ans.about.String()
	}
	put("10.0.0.0/22")
	put("10.0.0.0/16")
	put("10.0.0.0 - 10.0.4.255") // holds the /22 as one of its prefixes
	assert.Equal(t, "10.0.0.0/22", about("10.0.3.9"))
	assert.Equal(t, "10.0.0.0 - 10.0.4.255", about("10.0.4.9"))
	assert.Equal(t, "10.0.0.0/16", about("10.0.5.0"))
	assert.Empty(t, about("10.1.0.0"))
	assert.Empty(t, about("::a00:0"))

	about("10.0.0.1") // was used last; the /16 and the range with five /24 before
	about("10.0.5.0")
	put("2001:db8::/32")
	assert.Equal(t, "10.0.0.0/16", about("10.0.4.9"), "the least recently used went")
	assert.Equal(t, "10.0.0.0/22", about("10.0.3.9"))
	assert.Equal(t, "2001:db8::/32", about("2001:db8::1"))

	now = now.Add(time.Hour)
	assert.Empty(t, about("10.0.3.9"), "answers age")
	assert.Empty(t, about("10.0.5.9"))
	assert.Empty(t, about("2001:db8::1"))
	assert.Zero(t, c.recent.Len())
	assert.Empty(t, c.prefixes)
	assert.Equal(t, [2][129]int{}, c.lengths)
}

func TestWhatIsWorthKeeping(t *testing.T) {
	addr := netip.MustParseAddr("138.0.155.10")
	found := func(about string) *whoislookup.Record {
		return &whoislookup.Record{
			Verdict: whoislookup.VerdictFound, Hops: make([]whoislookup.Hop, 1),
			Network: &whoislookup.Network{Range: span(t, about)},
		}
	}
	with := func(rec *whoislookup.Record, change func(*whoislookup.Record)) *whoislookup.Record {
		change(rec)
		return rec
	}
	verdict := func(v whoislookup.Verdict) *whoislookup.Record {
		return &whoislookup.Record{Verdict: v, Hops: make([]whoislookup.Hop, 1)}
	}
	fail := &opskit.Error{Err: whoislookup.ErrThrottled}
	for _, c := range []struct {
		rule string
		rec  *whoislookup.Record
		err  error
		d    *Delegation
		want string
	}{
		{"the answered range", found("138.0.152.0/22"), nil, nil, "138.0.152.0/22"},
		{"a lying server's range", found("138.0.0.0/24"), nil, nil, ""},
		{"everything", found("0.0.0.0/0"), nil, nil, "138.0.155.10/32"},
		{"half of everything", found("128.0.0.0/1"), nil, nil, "138.0.155.10/32"},
		{"a whole /8", found("138.0.0.0/8"), nil, nil, "138.0.0.0/8"},
		{"wider than what was handed out", found("138.0.0.0/16"), nil, &Delegation{Range: span(t, "138.0.152.0/22")}, "138.0.152.0/22"},
		{"narrower than what was handed out", found("138.0.155.0/24"), nil, &Delegation{Range: span(t, "138.0.152.0/22")}, "138.0.155.0/24"},
		{"the address echoed for the range", with(found("138.0.152.0/22"), func(r *whoislookup.Record) {
			r.Unseen = []opskit.Gap{{What: "the network's range"}}
		}), nil, nil, "138.0.155.10/32"},
		{"the range above the one that did not come", with(found("138.0.0.0/16"), func(r *whoislookup.Record) {
			r.Unseen = []opskit.Gap{{What: "the answer of whois.lacnic.net"}}
		}), nil, nil, ""},
		{"the last server failed", with(found("138.0.0.0/16"), func(r *whoislookup.Record) { r.Hops[0].Failure = opskit.Fail(fail) }), nil, nil, ""},
		{"nobody has it: this address only", verdict(whoislookup.VerdictNotFound), nil, nil, "138.0.155.10/32"},
		{"a 6to4 address whose inner one was asked", with(verdict(whoislookup.VerdictReserved), func(r *whoislookup.Record) {
			r.Embedded = []*whoislookup.Record{found("138.0.152.0/22")}
		}), nil, nil, "138.0.155.10/32"},
		{"a 6to4 address whose inner one gave no answer", with(verdict(whoislookup.VerdictReserved), func(r *whoislookup.Record) {
			r.Embedded, r.Unseen = []*whoislookup.Record{nil}, []opskit.Gap{{What: "the holder inside"}}
		}), nil, nil, ""},
		{"private space", verdict(whoislookup.VerdictReserved), nil, nil, ""},
		{"throttled", verdict(whoislookup.VerdictThrottled), whoislookup.ErrThrottled, nil, ""},
		{"denied", verdict(whoislookup.VerdictDenied), whoislookup.ErrDenied, nil, ""},
		{"a placeholder", verdict(whoislookup.VerdictElsewhere), whoislookup.ErrNoServer, nil, ""},
		{"a placeholder without an error", verdict(whoislookup.VerdictElsewhere), nil, nil, ""},
		{"nothing", nil, whoislookup.ErrUnreachable, nil, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			about, ok := worthKeeping(addr, c.rec, c.err, c.d)
			assert.Equal(t, c.want != "", ok)
			if ok {
				assert.Equal(t, c.want, about.String())
			}
		})
	}
	six := found("2001::/12")
	about, ok := worthKeeping(netip.MustParseAddr("2001:4860::1"), six, nil, nil)
	assert.True(t, ok)
	assert.Equal(t, "2001:4860::1/128", about.String(), "IANA's blocks of IPv6 have no holder")
}
