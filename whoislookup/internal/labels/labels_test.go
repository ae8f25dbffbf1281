package labels

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

// lower is how a reader lowers a line: what is not ASCII keeps its length.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func TestEveryRowCanMatch(t *testing.T) {
	seen := map[string]bool{}
	for section, row := range words.Rows(text) {
		label, language, _ := strings.Cut(row, "\t")
		assert.Len(t, language, 2, row)
		where, what, _ := strings.Cut(section, ".")
		assert.False(t, seen[where+label], "%s %q stands there twice", where, label)
		seen[where+label] = true
		if where == "between" {
			assert.NotContains(t, label, " ")
			continue
		}
		written := label
		if where == "role" { // a number at the end counts the lines
			written += " address"
		}
		assert.Equal(t, written, string(Canon(nil, lower(written))), "no label is ever written so")
		key := []byte(label)
		ro, at := Of(key)
		switch where {
		case "domain":
			assert.Equal(t, attrs[what], at, label)
			assert.NotEqual(t, None, at, row)
		case "contact": // a label of the domain hides it where it stands alone
			assert.NotEqual(t, None, attrs[what], row)
			assert.Equal(t, attrs[what], OfContact(key), label)
			ro, at = Of([]byte("admin " + label))
			words := table()[label]
			assert.True(t, ro == Admin && (at == attrs[what] || at == Self) || words.contact == attrs[what] && words.domain == None, "%q is hidden", label)
		case "role":
			assert.NotEqual(t, NoRole, roles[what], row)
			assert.True(t, ro == roles[what] && at == Self || OfWord(key) == roles[what] && at != None, "%q is hidden", label)
			if first, rest := rolePrefix(table(), key); first == roles[what] {
				assert.Empty(t, rest, label)
			}
		default:
			assert.Fail(t, "no such section", section)
		}
	}
}

func TestLabels(t *testing.T) {
	for label, want := range map[string]struct {
		ro Role
		at Attr
	}{
		"Registrant-Email":                   {Registrant, Email},
		"registrantemail":                    {Registrant, Email},
		"Administrative Contact's telephone": {Admin, Phone},
		"1a. Domain Name":                    {NoRole, Domain},
		"Name Server 2":                      {NoRole, Host},
		"dns1 hostname":                      {NoRole, Host},
		"Sponsoring Registrar WHOIS Server":  {NoRole, Whois},
		"Name servers in the listed order":   {Nameservers, Self},
		"Téléphone contact administratif":    {Admin, Phone},
		"Nom du titulaire":                   {Registrant, Name},
		"Registration Service Provided By":   {Registrar, Self},
		"Domain Expiration Date (UTC)":       {NoRole, Expires},
		"Weather":                            {NoRole, None},
		"Registrars of the world and so on":  {NoRole, None},
		"Responsible person":                 {Admin, Self},
		"Admin person":                       {Admin, Name},
		"Serveur(s) de noms":                 {NoRole, Host},
		"Date d'expiration":                  {NoRole, Expires},
		"what is longer than any label that a registry would write": {NoRole, None},
	} {
		ro, at := Of(Canon(nil, lower(label)))
		assert.Equal(t, want.ro, ro, label)
		assert.Equal(t, want.at, at, label)
	}
}
