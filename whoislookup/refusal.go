package whoislookup

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// refusal tells why an answer holds no object.
func (r *reader) refusal(server string) (Verdict, error) {
	low := r.low
	has := func(phrases ...string) string {
		for _, p := range phrases {
			if strings.Contains(low, p) {
				return p
			}
		}
		return ""
	}
	switch {
	case has("<!doctype html", "<html") != "":
		if p := has("429", "too many requests", "rate limit"); p != "" {
			return VerdictThrottled, fmt.Errorf("a web page that says %q: %w", p, ErrThrottled)
		}
		return VerdictUnknown, fmt.Errorf("a web page: %w", ErrGarbage)
	case has(throttlePhrases[:]...) != "":
		return VerdictThrottled, ErrThrottled
	case has("%error:201", "access denied", "not authorized to", "not authorised to", "permission denied", "query refused") != "":
		return VerdictDenied, ErrDenied
	case has(reservedPhrases[:]...) != "":
		return VerdictReserved, ErrReserved
	case has(notFoundPhrases[:]...) != "":
		return VerdictNotFound, ErrNotFound
	}
	if r.isARIN(server) && r.onlyComments() {
		// ARIN cuts off who asks too much: the terms of use, and nothing after.
		return VerdictThrottled, fmt.Errorf("only the terms of use: %w", ErrThrottled)
	}
	return VerdictUnknown, ErrGarbage
}

var throttlePhrases = [...]string{
	"limit exceeded", "quota exceeded", "exceeded your", "exceeded the ", "too many requests", "too many queries",
	"query rate", "try again after", "blacklisted", "connection limit", "request limit", "excessive querying",
	"you have been banned", "temporarily banned", "lookup quota",
}

var reservedPhrases = [...]string{
	"reserved name", "reserved by the registry", "is reserved", "name is reserved", "reserved domain",
}

var notFoundPhrases = [...]string{
	"no match", "not found", "no entries found", "no data found", "no object found", "no such domain",
	"nothing found", "no found", "no information", "not registered", "is available", "is free", "available for",
	"does not exist", "no existe", "domain unknown", "no records",
}

func (r *reader) onlyComments() bool {
	for i := range r.ents {
		if k := r.ents[i].kind; k != rpsl.Comment && k != rpsl.Blank {
			return false
		}
	}
	return true
}
