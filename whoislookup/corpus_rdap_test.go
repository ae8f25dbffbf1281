package whoislookup_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

type rdapCase struct {
	File   string
	Expect struct {
		ObjectClass, Handle, LdhName, Country, Name, Type string
		StartAddress, EndAddress, ParentHandle            string
		StartAutnum, EndAutnum                            uint32
		Created, Updated, Expires                         string
		Status, Nameservers, Abuse, Cidr0, Redacted       []string
		Registrar                                         string
		RegistrantFn                                      *string `json:"registrant_fn"`
		DelegationSigned                                  *bool
	}
}

// TestBarRDAPCorpus decodes every recorded RDAP answer into netip types.
func TestBarRDAPCorpus(t *testing.T) {
	data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "rdap", "expected.json"))
	require.NoError(t, err)
	var cases []rdapCase
	require.NoError(t, json.Unmarshal(data, &cases))
	right := 0
	for _, c := range cases {
		if t.Run(filepath.Base(c.File), func(t *testing.T) { compareRDAP(t, c) }) {
			right++
		}
	}
	lab.Bar(t, "whois-rdap-corpus", "%d of %d files", right, len(cases))
}

// addr reads an address as the files spell them, by arithmetic of its own.
func plainAddr(s string) string {
	s, _, _ = strings.Cut(s, "/")
	var r whoislookup.Range
	if r.UnmarshalText([]byte(s)) != nil {
		return s
	}
	return r.From.String()
}

func compareRDAP(t *testing.T, c rdapCase) {
	raw, err := os.ReadFile(lab.Corpus(t, "whoislookup", c.File))
	require.NoError(t, err)
	rec, err := whoislookup.Parse("", raw)
	if strings.Contains(c.File, "_help") {
		require.ErrorIs(t, err, whoislookup.ErrGarbage)
		return
	}
	require.NoError(t, err)
	e := c.Expect
	sort := func(s []string) string {
		s = slices.Clone(s)
		for i := range s {
			s[i] = strings.ReplaceAll(strings.ToLower(s[i]), " ", "")
		}
		slices.Sort(s)
		return strings.Join(slices.Compact(s), " ")
	}
	if e.StartAddress != "" {
		require.NotNil(t, rec.Network)
		assert.Equal(t, plainAddr(e.StartAddress), rec.Network.Range.From.String())
		assert.Equal(t, plainAddr(e.EndAddress), rec.Network.Range.To.String())
		assert.Equal(t, e.Name, rec.Network.Name)
		assert.Equal(t, e.Handle, rec.Network.Handle)
		assert.Equal(t, e.Type, rec.Network.Status)
		if e.Cidr0 != nil {
			var got []string
			for _, p := range rec.Network.Prefixes {
				got = append(got, p.String())
			}
			assert.Equal(t, sort(e.Cidr0), sort(got))
		}
		if e.Country != "" {
			assert.Equal(t, e.Country, rec.Country)
		}
	}
	if e.EndAutnum != 0 {
		require.NotNil(t, rec.AS)
		assert.Equal(t, e.StartAutnum, rec.AS.From)
		assert.Equal(t, e.EndAutnum, rec.AS.To)
		assert.Equal(t, e.Name, rec.AS.Name)
	}
	if e.LdhName != "" {
		require.NotNil(t, rec.Domain)
		d := rec.Domain
		assert.Equal(t, strings.ToLower(e.LdhName), d.Name)
		var status []string
		for _, s := range d.Status {
			status = append(status, string(s))
		}
		assert.Equal(t, sort(e.Status), sort(status))
		assert.Equal(t, sort(e.Nameservers), sort(d.Nameservers))
		assert.Equal(t, e.Registrar, d.Registrar.Name)
		if e.DelegationSigned != nil {
			assert.Equal(t, map[bool]string{true: "signedDelegation", false: "unsigned"}[*e.DelegationSigned], d.DNSSEC)
		}
	}
	if e.Abuse != nil {
		var got []string
		for _, a := range rec.Abuse {
			got = append(got, a.Email)
		}
		assert.Equal(t, sort(e.Abuse), sort(got))
	}
	if e.RegistrantFn != nil && *e.RegistrantFn != "" && !strings.Contains(*e.RegistrantFn, "REDACTED") {
		name := rec.Holder.Name
		if rec.Domain != nil {
			name = rec.Domain.Registrant.Name
		}
		assert.Equal(t, *e.RegistrantFn, name)
	}
	if len(e.Redacted) > 0 {
		assert.Len(t, rec.Redacted, len(slices.Compact(slices.Sorted(slices.Values(e.Redacted)))))
	}
	for what, pair := range map[string][2]string{
		"created": {e.Created, string(rec.Created)}, "updated": {e.Updated, string(rec.Updated)}, "expires": {e.Expires, string(rec.Expires)},
	} {
		if pair[0] == "" {
			continue
		}
		want, err := time.Parse(time.RFC3339, strings.Replace(pair[0], ":60Z", ":59Z", 1))
		require.NoError(t, err)
		got, err := time.Parse(time.RFC3339, strings.Replace(pair[1], ":60Z", ":59Z", 1))
		require.NoError(t, err, what)
		assert.True(t, want.Equal(got), "%s: %s and %s", what, pair[0], pair[1])
	}
}

func TestBrokenJCardsDoNotBreakTheAnswer(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(lab.Corpus(t, "whoislookup", "rdap", "jcard"), "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		card, err := os.ReadFile(f)
		require.NoError(t, err)
		raw := `{"objectClassName":"ip network","startAddress":"192.0.2.0","endAddress":"192.0.2.255","entities":[{"roles":["registrant"],"vcardArray":` + string(card) + `}]}`
		rec, err := whoislookup.Parse("rdap.example.net", []byte(raw))
		if !json.Valid([]byte(raw)) {
			require.ErrorIs(t, err, whoislookup.ErrGarbage, f)
			continue
		}
		require.NoError(t, err, f)
		assert.Equal(t, "192.0.2.0/24", rec.Network.Range.String())
	}
}
