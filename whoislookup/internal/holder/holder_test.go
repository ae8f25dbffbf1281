package holder

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

func TestEveryRowCanMatch(t *testing.T) {
	seen := map[string]bool{}
	for section, row := range words.Rows(text) {
		assert.False(t, seen[section+row], "%s %q stands there twice", section, row)
		seen[section+row] = true
		bare := strings.TrimPrefix(row, "=")
		assert.Equal(t, " "+bare+" ", spaced(bare), "%s %q", section, row)
	}
}

func TestWhatStandsInTheNamesPlace(t *testing.T) {
	for _, value := range []string{
		"REDACTED FOR PRIVACY", "Private Person", "Personal data, can not be publicly disclosed according to applicable laws.", "Private Registration", "Hidden",
		"Data hidden", "Query the registrar", "Private Customer", "Data Protected - Not Disclosed", "GDPR Masked", "Ano Nymous", "Withheld for Privacy Reasons",
		"Not Disclosed", "Please query the RDDS service of the Registrar of Record", "Statutory Masking Enabled", "Частное лицо", "Eraisik",
	} {
		assert.True(t, Withheld(value), value)
	}
	for _, value := range []string{"Zed Fox AG", "Hidden Valley Farm Ltd", "The Private Bank Ltd", "Registrar of Companies", "Individual Software Inc", "Confidential Data Systems GmbH", ""} {
		assert.False(t, Withheld(value), value)
	}
	for value, want := range map[string]string{
		"Domains By Proxy, LLC": "privacy_service", "WhoisGuard, Inc.": "privacy_service", "Privacy service provided by Withheld for Privacy ehf": "privacy_service", "Contact Privacy Inc. Customer 0123": "privacy_service",
		"Hostmaster": "role", "Domain Administrator": "role", "Gigared S.A.": "organisation", "Zed Fox GmbH": "organisation", "ООО Ромашка": "organisation", "Ana Fox": "", "": "",
	} {
		assert.Equal(t, want, Kind(value), value)
	}
	for _, value := range []string{"", "N/A", "none", "-", "not applicable"} {
		assert.True(t, Nobody(value), value)
	}
}
