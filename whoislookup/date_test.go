package whoislookup_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

func TestTimesThatNoClockShowsAreNoDates(t *testing.T) {
	for text, want := range map[string]whoislookup.Date{
		"2015-01-02T23:59:59Z": "2015-01-02T23:59:59Z",
		"2015-01-02T23:59:60Z": "2015-01-02T23:59:60Z", // a leap second
		"2016-02-29":           "2016-02-29",
		"2015-01-02T25:00:00Z": "",
		"2015-01-02T10:61:00Z": "",
		"2015-01-02T10:00:99Z": "",
		"2015-01-02 25:00":     "",
		"2015-02-29":           "",
		"29.02.2015":           "",
		"1969-12-31":           "",
	} {
		t.Run(text, func(t *testing.T) {
			rec, err := whoislookup.Parse("", []byte("Domain Name: example.com\nRegistrar: Example Ltd\nCreated: "+text+"\n"))
			require.NoError(t, err)
			assert.Equal(t, want, rec.Created)
			if want == "" {
				assert.Equal(t, whoislookup.PresenceUnparsed, rec.Presence("created"))
			}
		})
	}
}
