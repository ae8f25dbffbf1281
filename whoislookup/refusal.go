package whoislookup

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// refusal tells why an answer holds no object. It looks at each line for
// itself: what servers say about a query is a line of its own, while the terms
// of use, which speak of limits and availability too, are paragraphs.
func (r *reader) refusal(server string) (Verdict, error) {
	if strings.Contains(r.low, "<html") || strings.Contains(r.low, "<!doctype html") {
		for _, p := range [...]string{"429", "too many requests", "rate limit"} {
			if strings.Contains(r.low, p) {
				return VerdictThrottled, fmt.Errorf("a web page that says %q: %w", p, ErrThrottled)
			}
		}
		return VerdictUnknown, fmt.Errorf("a web page: %w", ErrGarbage)
	}
	best := VerdictUnknown
	prose, run := 0, 0 // entries up to here are a paragraph, or at least looked at
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.Blank {
			continue
		}
		if i >= run {
			if run = r.paragraph(i); run > i {
				prose = run
			} else {
				run = r.runEnd(i)
			}
		}
		if i < prose {
			continue
		}
		low := strings.Trim(r.low[e.name.from:max(e.value.to, e.name.to)], "%#*>-;!<=[]() \t")
		if e.kind != rpsl.Attribute {
			low = strings.Trim(r.lower(e.value), "%#*>-;!<=[]() \t")
		}
		if v := messageClass(low); rank(v) > rank(best) {
			best = v
		}
	}
	if best != VerdictUnknown {
		return best, sentinelOf(best)
	}
	if r.isARIN(server) && r.onlyComments() {
		// ARIN cuts off who asks too much: the terms of use, and nothing after.
		return VerdictThrottled, fmt.Errorf("only the terms of use: %w", ErrThrottled)
	}
	return VerdictUnknown, ErrGarbage
}

// paragraph returns the entry after the paragraph that starts at entry i, or i
// if none starts there: at least five lines in a row, half a screen wide on
// average.
func (r *reader) paragraph(i int) int {
	end, width := i, 0
	for end < len(r.ents) && r.ents[end].kind != rpsl.Blank {
		e := &r.ents[end]
		n := int(max(e.value.to, e.name.to) - e.value.from)
		if e.kind == rpsl.Attribute {
			n = int(max(e.value.to, e.name.to) - e.name.from)
		}
		if n < 3 || strings.Trim(r.in(e.value), "%#*-=> \t") == "" && e.kind != rpsl.Attribute { // a rule, or "%" alone
			break
		}
		width += n
		end++
	}
	if n := end - i; n >= 5 && width >= 48*n {
		return end
	}
	return i
}

// runEnd returns the entry behind those that follow one another without a
// blank line or a rule.
func (r *reader) runEnd(i int) int {
	for i++; i < len(r.ents) && r.ents[i].kind != rpsl.Blank && r.ents[i].value.to-r.ents[i].value.from >= 3; i++ {
		if r.ents[i].kind != rpsl.Attribute && strings.Trim(r.in(r.ents[i].value), "%#*-=> \t") == "" {
			break
		}
	}
	return i
}

// rank orders verdicts by what they take back: a server that throttles may say
// "no entries found" as well, and does not mean it.
func rank(v Verdict) int {
	switch v {
	case VerdictThrottled:
		return 4
	case VerdictDenied:
		return 3
	case VerdictReserved:
		return 2
	case VerdictNotFound:
		return 1
	}
	return 0
}

// maxMessage is about the longest line that a server uses for a message.
const maxMessage = 110

// messageClass tells what one line, in lower case, says about the query.
func messageClass(low string) Verdict {
	if low == "" || len(low) > maxMessage {
		return VerdictUnknown
	}
	switch {
	case anyPrefix(low, "error:201", "access denied", "permission denied", "query refused", "you are not authorised", "you are not authorized to access this") ||
		hasAny(low, "ip address is not authorised", "ip address is not authorized", "not allowed to query", "access is denied", "access restricted to"):
		return VerdictDenied
	case hasAny(low, "limit exceeded", "limits exceeded", "quota exceeded", "has been exceeded", "have exceeded", "limit reached", "too many requests",
		"too many queries", "too many connections", "try again later", "try again in ", "try again after", "request denied", "exceeded your",
		"query rate limit", "allowed queries exceeded", "maximum query rate", "has exceeded the", "blacklisted", "temporarily banned",
		"excessive querying", "please slow down", "connection refused", "requests per ", "too fast", "too often", "temporarily unavailable",
		"rate limited", "grace period", "been banned", "exceeded allowed", "rate exceeded", "query limit", "lookup refused", "connection rate", "number of queries", "maximum number of requests", "request per second") && !hasAny(low, "is rate limited", "use of"):
		return VerdictThrottled
	case anyPrefix(low, "reserved by", "domain reserved", "restricted -", "name is reserved", "domain is reserved", "registry reserved",
		"this name is reserved", "this domain is reserved", "the domain is reserved", "this name is not available", "forbidden name", "domain name is reserved") ||
		hasAny(low, "in the reserved list", "requested is prohibited", "is a reserved", "has been reserved", "reserved by the regist", "reserved by regist",
			"cannot be registered", "can not be registered", "not available for registration", "is not available for", "is blocked", "has been blocked",
			"reserved domain", "reserved name", "reserved for") && !strings.Contains(low, "rights"),
		low == "reserved", low == "restricted", low == "prohibited", low == "blocked", strings.HasSuffix(low, " is reserved"), strings.HasSuffix(low, " is restricted"):
		return VerdictReserved
	case anyPrefix(low, "no match", "not found", "no data found", "no entries found", "no entry found", "no object", "no found", "no such domain",
		"nothing found", "no information available", "no domain record", "no record", "domain not found", "object does not exist",
		"the queried object does not exist", "available", "status: free", "status: available", "we do not have an entry", "no results",
		"error:101", "invalid query or domain name not known", "domain unknown", "no domains match", "domain name not found", "nincs tal",
		"this query returned 0 objects", "no existe", "not registered", "dominio no registrado", "domain is available", "object not found",
		"nothing found for", "domain is not registered", "free", "domain available", "status: not registered", "no data was found", "no information was found") &&
		!anyPrefix(low, "available at", "available from", "available on", "available in", "available for download", "free of", "freely", "free to"):
		return VerdictNotFound
	case hasAny(low, " not found", "does not exist", " no existe", " not registered", " not registred", "is available for", "was not found",
		"no matching", "could not find", "no match for", "have no match", "has not been registered", "does not have any data", "isn't registered", "not been found",
		"no records matching", "no results were found", "no data found", "returned no ", "no entries", "not in our database", "not exist in", "no encontrad", "there is no information", "n'existe pas",
		"is not currently registered", "is unregistered", "no fue encontrado", "does not have an entry", "cannot be found", "unassigned", "not assigned", "nao encontrado", "non trovato"):
		return VerdictNotFound
	case strings.HasSuffix(strings.TrimRight(low, " ."), " is free"), strings.HasSuffix(strings.TrimRight(low, " ."), " is available"),
		strings.HasSuffix(low, " available") && len(low) < 60 && strings.Count(low, " ") <= 3:
		return VerdictNotFound
	}
	return VerdictUnknown
}

func anyPrefix(s string, list ...string) bool {
	for _, p := range list {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func hasAny(s string, list ...string) bool {
	for _, p := range list {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func (r *reader) onlyComments() bool {
	for i := range r.ents {
		if k := r.ents[i].kind; k != rpsl.Comment && k != rpsl.Blank {
			return false
		}
	}
	return true
}
