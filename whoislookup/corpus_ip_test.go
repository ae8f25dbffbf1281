package whoislookup_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// ipCase is one entry of the corpus ip/expected.json: what a person read.
type ipCase struct {
	File   string
	Server string
	Query  string
	Expect ipExpect
}

type ipExpect struct {
	Range                []string
	CIDRs                []string
	Name, Handle, Status string
	Org, Descr, Country  string
	Created, Updated     string
	Abuse                *[]string
	Parent               any
	Nameservers          []string
	Chain                []string
	ASN                  []uint32
	Prefixes             []string
	Referral             json.RawMessage
	OrgHandle            string   `json:"org_handle"`
	AbuseHandle          string   `json:"abuse_handle"`
	OriginAS             []string `json:"origin_as"`
	Less                 []string `json:"less_specific"`
	Routes               []struct{ Prefix, Origin string }
	Objects              []ipExpect
}

func readIP(t *testing.T) []ipCase {
	t.Helper()
	data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "ip", "expected.json"))
	require.NoError(t, err)
	var cases []ipCase
	require.NoError(t, json.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	return cases
}

func TestBarIPCorpus(t *testing.T) {
	cases := readIP(t)
	right := 0
	for _, c := range cases {
		raw, err := os.ReadFile(lab.Corpus(t, "whoislookup", c.File))
		require.NoError(t, err)
		ok := true
		if len(c.Expect.Objects) > 0 {
			i := 0
			for o := range rpsl.Objects(raw) {
				if string(o.Class()) == "" || i >= len(c.Expect.Objects) {
					continue
				}
				rec, err := whoislookup.Parse(c.Server, o.Text)
				assert.NoError(t, err, c.File)
				ok = compareIP(t, c.File, rec, c.Expect.Objects[i]) && ok
				i++
			}
			ok = assert.Len(t, c.Expect.Objects, i, c.File) && ok
		} else {
			rec, _ := whoislookup.Parse(c.Server, raw)
			ok = compareIP(t, c.File, rec, c.Expect)
			if q, err := whoislookup.ParseQuery(c.Query); err == nil && c.Server != "" && c.Expect.Range != nil {
				rec, _ := whoislookup.Assemble(q, []whoislookup.Hop{{Server: c.Server, Raw: raw}})
				ok = compareIP(t, c.File+" with its query", rec, c.Expect) && ok
			}
		}
		if ok {
			right++
		}
	}
	lab.Bar(t, "whois-ip-corpus", "%d of %d cases right", right, len(cases))
}

func compareIP(t *testing.T, file string, rec *whoislookup.Record, want ipExpect) bool {
	t.Helper()
	ok := true
	eq := func(what string, want, got any) {
		if !assert.Equal(t, want, got, "%s: %s", file, what) {
			ok = false
		}
	}
	if !assert.NotNil(t, rec, file) {
		return false
	}
	n := rec.Network
	if n == nil {
		n = &whoislookup.Network{}
	}
	if len(want.Range) == 2 {
		eq("range", want.Range[0]+" "+want.Range[1], fmt.Sprint(n.Range.From, " ", n.Range.To))
	}
	if want.CIDRs != nil {
		var got []string
		for _, p := range n.Prefixes {
			got = append(got, p.String())
		}
		eq("cidrs", want.CIDRs, got)
	}
	str := func(what, want, got string) {
		if want != "" {
			eq(what, want, got)
		}
	}
	str("name", want.Name, n.Name)
	str("handle", want.Handle, n.Handle)
	str("status", want.Status, n.Status)
	str("org", want.Org, rec.Holder.Name)
	str("org handle", want.OrgHandle, rec.Holder.Handle)
	if want.Org == "" {
		str("descr", want.Descr, rec.Holder.Name)
	}
	str("country", want.Country, rec.Country)
	str("created", want.Created, string(rec.Created))
	str("updated", want.Updated, string(rec.Updated))
	if want.Abuse != nil {
		var got []string
		for _, a := range rec.Abuse {
			got = append(got, a.Email)
		}
		eq("abuse", strings.Join(*want.Abuse, " "), strings.Join(got, " "))
	}
	if want.AbuseHandle != "" && assert.NotEmpty(t, rec.Abuse, file) {
		eq("abuse handle", want.AbuseHandle, rec.Abuse[0].Handle)
	}
	switch p := want.Parent.(type) {
	case string:
		eq("parent", p, n.Parent.String())
	case []any:
		eq("parent", fmt.Sprint(p[0], " ", p[1]), fmt.Sprint(n.Parent.From, " ", n.Parent.To))
	}
	if want.Nameservers != nil {
		eq("nameservers", want.Nameservers, n.Nameservers)
	}
	if want.Chain != nil {
		var got []string
		for _, h := range rec.Hops {
			got = append(got, h.Server)
		}
		eq("chain", want.Chain, got)
	}
	if len(want.ASN) == 2 && assert.NotNil(t, rec.AS, file) {
		eq("asn", want.ASN, []uint32{rec.AS.From, rec.AS.To})
	}
	for i, p := range want.Prefixes {
		eq("prefixes", netip.MustParsePrefix(p), rec.AS.Prefixes[i])
	}
	for i, r := range want.Routes {
		eq("routes", r.Prefix+" "+r.Origin, fmt.Sprintf("%s AS%d", n.Routes[i].Prefix, n.Routes[i].Origin))
	}
	for _, a := range want.OriginAS {
		eq("origin", true, slices.Contains(n.Origin, mustASN(t, a)))
	}
	if len(want.Less) > 0 {
		eq("parent", want.Less[len(want.Less)-1], n.Parent.String())
	}
	if len(want.Referral) > 0 && len(rec.Hops) == 1 {
		var f *struct {
			Scheme, Host string
			Port         int
		}
		require.NoError(t, json.Unmarshal(want.Referral, &f))
		got := rec.Hops[0].Referral
		if f == nil {
			eq("referral", "", got)
		} else {
			eq("referral", f.Scheme+"://"+f.Host, got)
			eq("port", map[string]int{"whois": 43, "rwhois": 4321}[f.Scheme], f.Port)
		}
	}
	return ok
}

func mustASN(t *testing.T, s string) uint32 {
	t.Helper()
	q, err := whoislookup.ParseQuery(s)
	require.NoError(t, err)
	return q.ASN
}
