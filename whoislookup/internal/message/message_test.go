package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

// Two sets of sentences stand in testdata, each with what it says.
func TestSentences(t *testing.T) {
	for line, want := range map[string]Sense{
		// Availability: of the name, of something else, and its opposite.
		"Available": Absent, "AVAILABLE": Absent, "example.com is available": Absent, "Domain example.com is available for registration!": Absent,
		"Domain not available": Nothing, "example.tld is not available": Nothing, "Domain name not available": Nothing, "Not available": Nothing, "The domain is currently unavailable": Nothing,
		"Service not available": Nothing, "The database is not available": Nothing, "WHOIS server not available": Nothing, "WHOIS information not available": Nothing,
		"Registration data is available": Nothing, "RDAP is available": Nothing, "Whois service is available at whois.example.net": Nothing,
		"This name is not available for registration": Reserved,
		// Found: what was not.
		"404 Not Found": Nothing, "HTTP/1.1 404 Not Found": Nothing, "The requested URL was not found on this server.": Nothing, "This server does not exist any more": Nothing,
		"501 Domain Not Found": Absent, "Not found": Absent, "Not found: example.com": Absent, "Object not found": Absent, "Page not found": Nothing, "Host not found": Nothing, "User not found": Nothing,
		"No match for example.com": Absent, "No match": Absent, "NO MATCH FOUND": Absent, "No such domain": Absent, "no such command": Nothing, "No such host": Nothing, "No route to host": Nothing,
		"No name servers found": Nothing, "No domain specified": Nothing, "No further information is available": Nothing, "No connection to database": Nothing,
		"No information available about domain name a-long-name-of-a-holiday-home-in-tuscany-and-some-more-and-more-and-more.pl in the Registry NASK database.": Absent,
		"example.com is unregistered": Absent, "Could not find example.com": Absent, "Unable to find record": Absent, "Could not find the configuration file": Nothing,
		"Domain zedfox.example is registered, but no further information is available": Held, "example.com is already taken": Held, "The domain has not been registered": Absent,
		// Limits: told beforehand, and reached.
		"Welcome. At most 100 queries per day: the query limit counts per address.": Nothing, "You have used 3 of 100 queries": Nothing, "Queries are limited to 10 per minute": Nothing,
		"Please wait 30 seconds and retry": Throttled, "Come back in 60 seconds": Throttled, "Sorry, your quota is over for today": Throttled, "ERROR:00019: rate limit": Throttled,
		"Query rate limit exceeded. Reduced information.": Reduced, "429 Too Many Requests": Throttled,
		"Excessive querying will result in your address being blocked": Nothing, "You may be blocked if you exceed the limit": Nothing,
		"WHOIS service has been sunset; RDAP is available": Nothing,
	} {
		assert.Equal(t, want, Of(line), line)
	}
}

func TestEveryRowCanMatch(t *testing.T) {
	seen := map[string]string{}
	for section, phrase := range words.Rows(text) {
		assert.Empty(t, seen[section+phrase], "%s %q stands there twice", section, phrase)
		seen[section+phrase] = "twice"
		p := read(phrase)
		list := sentences(strings.TrimSpace(p.text))
		if assert.Len(t, list, 1, "%s %q is cut", section, phrase) {
			assert.GreaterOrEqual(t, p.in(list[0]), 0, "%s %q is written %q", section, phrase, list[0])
		}
	}
}
